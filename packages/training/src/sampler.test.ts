import { describe, expect, test } from "vitest";
import { balancedSampler, shuffledSampler } from "./sampler.ts";

const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

describe("shuffledSampler", () => {
  test("shows each picture once an epoch, in another order each epoch", () => {
    const sampler = shuffledSampler(50, 3);
    const all = Array.from({ length: 50 }, (_, index) => index);
    expect(sorted(sampler.order(1, 50))).toEqual(all);
    expect(sorted(sampler.order(2, 50))).toEqual(all);
    expect(sampler.order(1, 50)).not.toEqual(sampler.order(2, 50));
  });

  test("gives an epoch the same order whenever it is asked for, so that a resumed training sees the same", () => {
    const first = shuffledSampler(50, 3);
    first.order(1, 50);
    expect(first.order(7, 50)).toEqual(shuffledSampler(50, 3).order(7, 50));
    expect(first.order(7, 50)).not.toEqual(shuffledSampler(50, 4).order(7, 50));
  });

  test("leaves other pictures out each time when an epoch is shorter than the list", () => {
    const sampler = shuffledSampler(50, 3);
    const seen = new Set([1, 2, 3, 4, 5, 6].flatMap((epoch) => [...sampler.order(epoch, 25)]));
    expect(new Set(sampler.order(1, 25)).size).toBe(25);
    expect(seen.size).toBeGreaterThan(45);
  });

  test("starts over, in another order, when an epoch is longer than the list", () => {
    const order = shuffledSampler(4, 1).order(1, 14);
    expect(sorted(order.slice(0, 4))).toEqual([0, 1, 2, 3]);
    expect(sorted(order.slice(4, 8))).toEqual([0, 1, 2, 3]);
    expect(sorted(order.slice(8, 12))).toEqual([0, 1, 2, 3]);
    expect(order).toHaveLength(14);
    expect(new Set([order.slice(0, 4), order.slice(4, 8), order.slice(8, 12)].map(String)).size).toBeGreaterThan(1);
  });
});

describe("balancedSampler", () => {
  // Class 0: 400 pictures of one source, 100 of another. Class 1: 5 pictures of a third.
  const pictures = [
    ...Array.from({ length: 400 }, () => ({ label: 0, source: "large" })),
    ...Array.from({ length: 100 }, () => ({ label: 0, source: "small" })),
    ...Array.from({ length: 5 }, () => ({ label: 1, source: "third" })),
  ];
  const share = (order: Int32Array, from: number, to: number) =>
    order.filter((index) => index >= from && index < to).length / order.length;

  test("draws each class equally often, and its sources by the root of their size", () => {
    const order = balancedSampler(pictures, 5).order(1, 20_000);
    expect(share(order, 500, 505)).toBeCloseTo(1 / 2, 1);
    expect(share(order, 0, 400)).toBeCloseTo(1 / 3, 1);
    expect(share(order, 400, 500)).toBeCloseTo(1 / 6, 1);
    // Three sigma of 20,000 draws are .011.
    expect(Math.abs(share(order, 500, 505) - 1 / 2)).toBeLessThan(0.015);
    expect(Math.abs(share(order, 0, 400) - 1 / 3)).toBeLessThan(0.015);
  });

  test("draws every picture of a source", () => {
    const order = balancedSampler(pictures, 5).order(1, 20_000);
    expect(new Set(order).size).toBe(505);
  });

  test("gives an epoch the same order whenever it is asked for", () => {
    const first = balancedSampler(pictures, 5);
    first.order(1, 10);
    expect(first.order(3, 100)).toEqual(balancedSampler(pictures, 5).order(3, 100));
    expect(first.order(3, 100)).not.toEqual(first.order(4, 100));
    expect(first.order(3, 100)).not.toEqual(balancedSampler(pictures, 6).order(3, 100));
  });
});

test("a class that is emphasised is drawn that many times as often", () => {
  const pictures = [0, 1, 2].flatMap((label) => Array.from({ length: 5 }, () => ({ label, source: "one" })));
  const order = balancedSampler(pictures, 3, (label) => (label === 2 ? 4 : 1)).order(1, 6000);
  const share = order.filter((index) => pictures[index]?.label === 2).length / order.length;
  expect(share).toBeCloseTo(4 / 6, 1);
});
