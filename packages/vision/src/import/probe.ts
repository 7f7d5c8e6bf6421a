import type { InputSpec } from "../card.ts";
import type { Pixels } from "../pixels.ts";

/** Pictures that are the same every time: noise, a light and a dark one. */
export function probePictures({ width, height }: Pick<InputSpec, "width" | "height">): Pixels[] {
  let state = 1;
  const random = () => {
    // Numerical Recipes' linear congruential generator; only variety is asked of it.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const picture = (value: () => number): Pixels => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, value),
  });
  return [picture(random), picture(random), picture(() => 128 + (random() >> 1)), picture(() => random() >> 2)];
}

/** True when every row holds values of 0 or more that add up to 1. */
export function areProbabilities(rows: readonly Float32Array[]): boolean {
  return rows.every((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return Math.abs(sum - 1) < 1e-3 && row.every((value) => value >= -1e-6);
  });
}

/** Probabilities of one row of logits. */
export function softmax(row: Float32Array): Float32Array {
  const highest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = row.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Largest difference between two rows; infinite when they cannot be compared. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((largest, value, i) => {
    const difference = Math.abs(value - (b[i] ?? Number.NaN));
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
  }, 0);
}
