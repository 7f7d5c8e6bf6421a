import { seededRandom } from "@beckon/synthetic";
import { expect, test } from "vitest";
import { bootstrapMacroInterval, type SourceCount, wilsonInterval } from "./interval.ts";

test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])("Wilson's interval of %i in %i is the one of Newcombe's table", (correct, count, low, high) => {
  const interval = wilsonInterval(correct, count);
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

test("the interval of all right ends at 1 and does not begin there", () => {
  expect(wilsonInterval(20, 20)).toEqual({ low: expect.closeTo(1 - 0.1611, 4), high: 1 });
});

test("the interval holds the share itself, of all and of none, whatever is rounded", () => {
  for (let count = 1; count <= 200; count++) {
    expect(wilsonInterval(count, count).high).toBe(1);
    expect(wilsonInterval(0, count).low).toBe(0);
  }
});

test("the bootstrap agrees with one that draws every picture", () => {
  const sources = [
    { correct: 9, count: 10 },
    { correct: 30, count: 60 },
    { correct: 33, count: 40 },
    { correct: 5, count: 25 },
    { correct: 20, count: 21 },
  ];
  const quick = bootstrapMacroInterval(sources, { resamples: 20_000 });
  const slow = pictureByPicture(sources, 20_000);
  expect(quick.low).toBeCloseTo(slow.low, 1.7);
  expect(quick.high).toBeCloseTo(slow.high, 1.7);
});

test("with one source it is the percentiles of the binomial", () => {
  // The 2.5th and 97.5th percentile of Binomial(100, 0.5) are 40 and 60.
  expect(bootstrapMacroInterval([{ correct: 50, count: 100 }], { resamples: 50_000 })).toEqual({ low: 0.4, high: 0.6 });
});

test("sources that differ make it wide, however many pictures they have", () => {
  const alike = Array.from({ length: 6 }, () => ({ correct: 7_000, count: 10_000 }));
  const unlike = [0.5, 0.5, 0.6, 0.8, 0.9, 0.9].map((rate) => ({ correct: rate * 10_000, count: 10_000 }));
  const width = (sources: readonly SourceCount[]) => {
    const { low, high } = bootstrapMacroInterval(sources);
    return high - low;
  };
  expect(width(alike)).toBeLessThan(0.02);
  // The standard deviation of these rates is 0.173; 2 * 1.96 * 0.173 / sqrt(6) = 0.277.
  expect(width(unlike)).toBeGreaterThan(0.24);
  expect(width(unlike)).toBeLessThan(0.31);
});

test("the same seed gives the same interval, another one nearly the same", () => {
  const sources = [
    { correct: 40, count: 50 },
    { correct: 20, count: 50 },
    { correct: 45, count: 50 },
  ];
  const first = bootstrapMacroInterval(sources, { seed: 5 });
  expect(bootstrapMacroInterval(sources, { seed: 5 })).toEqual(first);
  const other = bootstrapMacroInterval(sources, { seed: 6 });
  expect(other).not.toEqual(first);
  expect(other.low).toBeCloseTo(first.low, 1);
});

test("large sources with rates near the ends do not underflow", () => {
  const { low, high } = bootstrapMacroInterval([
    { correct: 199_990, count: 200_000 },
    { correct: 199_990, count: 200_000 },
  ]);
  expect(low).toBeGreaterThan(0.9998);
  expect(high).toBeLessThanOrEqual(1);
  expect(low).toBeLessThan(high);
});

function pictureByPicture(sources: readonly SourceCount[], resamples: number) {
  const random = seededRandom(99);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < sources.length; i++) {
      const { correct, count } = sources[Math.floor(random() * sources.length)]!;
      let right = 0;
      for (let j = 0; j < count; j++) right += Math.floor(random() * count) < correct ? 1 : 0;
      sum += right / count;
    }
    return sum / sources.length;
  }).sort((a, b) => a - b);
  return { low: means[Math.round(0.025 * resamples)]!, high: means[Math.round(0.975 * resamples)]! };
}
