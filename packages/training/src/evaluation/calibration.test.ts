import { expect, test } from "vitest";
import { calibrationOf } from "./calibration.ts";

test("always sure and half right is half wrong about itself", () => {
  const { ece, bins } = calibrationOf(Float32Array.of(1, 1, 1, 1), Uint8Array.of(1, 0, 1, 0));
  expect(ece).toBe(0.5);
  expect(bins).toEqual([{ low: 14 / 15, high: 1, confidence: 1, accuracy: 0.5, count: 4 }]);
});

test("as often right as sure is no error", () => {
  expect(calibrationOf(Float32Array.of(0.75, 0.75, 0.75, 0.75), Uint8Array.of(1, 1, 0, 1)).ece).toBe(0);
});

test("the error is the mean gap of the bins, weighted by their answers", () => {
  // 3 answers at 0.5 with 1 right: gap 1/6; 1 answer at 0.9, wrong: gap 0.9.
  const { ece } = calibrationOf(Float32Array.of(0.5, 0.5, 0.5, 0.9), Uint8Array.of(1, 0, 0, 0));
  expect(ece).toBeCloseTo((3 * (1 / 6) + 0.9) / 4, 6);
});

test("a confidence of 0 and one rounded above 1 have a bin", () => {
  const { bins } = calibrationOf(Float32Array.of(0, 1.0001), Uint8Array.of(0, 1));
  expect(bins.map((bin) => bin.count)).toEqual([1, 1]);
});
