import { describe, expect, it } from "vitest";
import { findingsOf } from "./judgement.ts";

const judged = (confusion: number[][], low = 0.9, labels = ["fist", "palm", "others"]) =>
  findingsOf({ pictures: 90, accuracy: 0.95, low, high: 0.99, labels, confusion });

describe("what a person should know of a model", () => {
  it("is nothing where all is well", () => {
    const found = judged([
      [30, 0, 0, 0],
      [0, 29, 0, 1],
      [0, 0, 30, 0],
    ]);
    expect(found).toMatchObject({ weak: false, weakest: undefined, mixed: undefined });
    expect(found.recalls[1]).toBeCloseTo(29 / 30);
  });

  it("is that its figure is uncertain, where too few pictures were held back", () => {
    expect(
      judged(
        [
          [3, 0, 0, 0],
          [0, 3, 0, 0],
          [0, 0, 3, 0],
        ],
        0.7,
      ).weak,
    ).toBe(true);
  });

  it("is the class that it does not recognise, however good the others are", () => {
    const found = judged([
      [30, 0, 0, 0],
      [0, 15, 0, 15],
      [0, 0, 30, 0],
    ]);
    expect([found.weak, found.weakest, found.mixed]).toEqual([true, { label: "palm", recall: 0.5 }, undefined]);
  });

  it("is which two are mixed up, by share and not by count", () => {
    const { mixed } = judged([
      [190, 10, 0, 0],
      [0, 20, 10, 0],
      [0, 0, 30, 0],
    ]);
    expect(mixed).toEqual({ shown: "palm", taken: "others", share: 1 / 3 });
  });

  it("survives a class of which nothing was held back, and a table that is too small", () => {
    expect(
      judged([
        [0, 0, 0, 0],
        [0, 5, 0, 0],
      ]).recalls,
    ).toEqual([undefined, 1, undefined]);
    expect(judged([], 0).weak).toBe(true);
  });
});
