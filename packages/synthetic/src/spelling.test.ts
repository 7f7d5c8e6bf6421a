import { expect, test } from "vitest";
import { poseOf } from "./poses.ts";
import { frameAt, scriptOf, spell } from "./spelling.ts";

const signs = (text: string, pace = {}): string[] => scriptOf(text, pace).steps.map((step) => step.sign);

test("a text is signed letter by letter, with rests around and between", () => {
  expect(signs("Hi")).toEqual(["rest", "H", "rest", "I", "rest"]);
});

test("without rests only double letters get one", () => {
  expect(signs("hello", { restMs: 0 })).toEqual(["rest", "H", "E", "L", "rest", "L", "O", "rest"]);
});

test("a space is a longer rest", () => {
  const { steps } = scriptOf("A B", { restMs: 300, spaceMs: 1500 });
  expect(steps.map((step) => step.to - step.from)).toEqual([400, 1200, 1500, 1200, 400]);
});

test.each(["JAZZ", "A-B", "É", "6", "\u{1f44b}"])(
  "%s cannot be spelled, and the message says where and why",
  (text) => {
    expect(() => scriptOf(text)).toThrow(/cannot spell .*character \d.*use A to Y/);
    expect(() => spell(text)).toThrow(RangeError);
  },
);

test("a letter is held still for its time, and the hand moves in between", () => {
  const script = scriptOf("AB", { letterMs: 1000, restMs: 500, moveMs: 200 });
  const [, letter] = script.steps;
  const middle = frameAt(script, ((letter?.from ?? 0) + (letter?.to ?? 0)) / 2);
  expect(middle).toMatchObject({ sign: "A", steady: true, pose: poseOf("A") });
  const leaving = frameAt(script, (letter?.to ?? 0) + 50);
  expect(leaving).toMatchObject({ sign: "A", steady: false });
  expect(leaving.pose).not.toEqual(poseOf("A"));
  expect(frameAt(script, (letter?.to ?? 0) + 150)).toMatchObject({ sign: "rest", steady: false });
});

test("before and after the text the hand rests", () => {
  const script = scriptOf("V");
  expect(frameAt(script, -10).sign).toBe("rest");
  expect(frameAt(script, script.duration + 1e6)).toMatchObject({ sign: "rest", steady: true });
});

test("spelling yields the frames of the script at the frame rate, as often as asked", () => {
  const script = scriptOf("ABC");
  const frames = spell("ABC", { fps: 10 });
  const first = [...frames];
  expect(first).toHaveLength(Math.ceil(script.duration / 100));
  expect(first[7]).toEqual(frameAt(script, 700));
  expect([...frames]).toEqual(first);
});
