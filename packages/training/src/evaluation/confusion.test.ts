import { expect, test } from "vitest";
import { classScores, confusionCsv, confusionMatrix, worstConfusions } from "./confusion.ts";

const labels = ["A", "B", "C"];
const matrix = [
  [8, 2, 0],
  [3, 3, 0],
  [0, 0, 0],
];

test("answers are counted by truth and answer", () => {
  expect(confusionMatrix([0, 0, 1, 2], [0, 1, 1, 0], 3)).toEqual([
    [1, 1, 0],
    [0, 1, 0],
    [1, 0, 0],
  ]);
});

test("an unknown class is refused", () => {
  expect(() => confusionMatrix([3], [0], 3)).toThrow("no known class");
  expect(() => confusionMatrix([0], [3], 3)).toThrow("no known class");
});

test("precision, recall and F1 of each class", () => {
  expect(classScores(labels, matrix).slice(0, 2)).toEqual([
    { label: "A", precision: 8 / 11, recall: 0.8, f1: 16 / 21, count: 10 },
    { label: "B", precision: 0.6, recall: 0.5, f1: 6 / 11, count: 6 },
  ]);
});

test("a class that neither occurs nor is answered has no scores", () => {
  expect(classScores(labels, matrix)[2]).toEqual({ label: "C", precision: null, recall: null, f1: null, count: 0 });
});

test("a class that is answered and does not occur has a precision of 0", () => {
  const scores = classScores(
    ["A", "B"],
    [
      [1, 4],
      [0, 0],
    ],
  );
  expect(scores[1]).toEqual({ label: "B", precision: 0, recall: null, f1: 0, count: 0 });
});

test("the worst confusions come first, the right answers never", () => {
  expect(worstConfusions(labels, matrix)).toEqual([
    { truth: "B", predicted: "A", count: 3, share: 0.5 },
    { truth: "A", predicted: "B", count: 2, share: 0.2 },
  ]);
  expect(worstConfusions(labels, matrix, 1)).toHaveLength(1);
});

test("the CSV quotes what needs it", () => {
  const csv = confusionCsv(
    ['a,"b"', "c"],
    [
      [1, 2],
      [3, 4],
    ],
  );
  expect(csv).toBe('truth \\ predicted,"a,""b""",c\n"a,""b""",1,2\nc,3,4\n');
});
