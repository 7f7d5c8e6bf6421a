import { describe, expect, it } from "vitest";
import { BackOff } from "./back-off.ts";

describe("the back-off", () => {
  it("doubles from 1 s to 30 s, and begins anew after a success", () => {
    const backOff = new BackOff(() => 0.5);
    expect(Array.from({ length: 7 }, () => backOff.next())).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    backOff.reset();
    expect(backOff.next()).toBe(1000);
  });

  it("spreads each wait by a fifth both ways", () => {
    expect(new BackOff(() => 0).next()).toBeCloseTo(800);
    expect(new BackOff(() => 1).next()).toBeCloseTo(1200);
  });
});
