import { expect, test } from "vitest";
import { interpolate, poseOf, SIGNS } from "./poses.ts";

test("there are the 24 still letters, six counts, rest and none", () => {
  expect(SIGNS).toHaveLength(24 + 6 + 2);
  expect(SIGNS).not.toContain("J");
  expect(SIGNS).not.toContain("Z");
});

test("an unknown sign is refused with the list of those that exist", () => {
  expect(() => poseOf("J")).toThrow(/cannot sign "J".*A B C.*none/);
  expect(() => poseOf("toString")).toThrow(RangeError);
});

test("variants come round again", () => {
  expect(poseOf("G", 2)).toEqual(poseOf("G", 0));
  expect(poseOf("G", 1)).not.toEqual(poseOf("G", 0));
});

test("interpolation begins at the first pose, ends at the second, and is half-way between", () => {
  const [a, b] = [poseOf("A"), poseOf("Q")];
  expect(interpolate(a, b, 0)).toEqual(a);
  expect(interpolate(a, b, 1)).toEqual(b);
  expect(interpolate(a, b, 0.5).turn.roll).toBe((a.turn.roll + b.turn.roll) / 2);
  expect(interpolate(a, b, 0.5).index.pip).toBe((a.index.pip + b.index.pip) / 2);
});
