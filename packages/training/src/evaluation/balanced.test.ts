import { expect, test } from "vitest";
import { balancedAccuracy } from "./balanced.ts";

function answers(source: string, truth: number, right: number, wrong: number) {
  return Array.from({ length: right + wrong }, (_, index) => {
    const answer = index < right ? truth : 1 - truth;
    return { path: "", source, truth, probabilities: Float32Array.of(1 - answer, answer) };
  });
}

test("a model that always gives the commoner class is half right, however many sources show it", () => {
  const hands = Array.from({ length: 9 }, (_, index) => answers(`signer ${index}`, 1, 10, 0)).flat();
  expect(balancedAccuracy([...hands, ...answers("rooms", 0, 0, 5)])).toBe(0.5);
});

test("within a class a small source counts as much as a large one", () => {
  const predictions = [...answers("large", 1, 90, 10), ...answers("small", 1, 1, 1), ...answers("rooms", 0, 4, 0)];
  expect(balancedAccuracy(predictions)).toBeCloseTo(((0.9 + 0.5) / 2 + 1) / 2, 12);
});
