import { Roi } from "@beckon/protocol";
import { defaultRoi as defaultOfClassifier } from "@beckon/vision";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultRoi, draggedRoi, type Handle, handleAt, MIN_SIDE, mirroredRoi } from "./roi-geometry.ts";

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const by = fc.double({ min: -2, max: 2, noNaN: true });
const aHandle = fc.constantFrom<Handle>("", "n", "s", "e", "w", "ne", "nw", "se", "sw");
const side = fc.double({ min: MIN_SIDE, max: 1, noNaN: true });
const aRoi = fc
  .tuple(side, side, fraction, fraction)
  .map(([width, height, x, y]): Roi => [x * (1 - width), y * (1 - height), width, height]);
const edges = ([x, y, width, height]: Roi) => ({ w: x, n: y, e: x + width, s: y + height });

describe("a region that is dragged", () => {
  it("stays inside of the frame and above its smallest side, whatever it was and wherever the pointer goes", () => {
    const anything = fc.tuple(fraction, fraction, fraction, fraction) as fc.Arbitrary<Roi>;
    fc.assert(
      fc.property(anything, aHandle, by, by, (roi, handle, dx, dy) => {
        const next = draggedRoi(roi, handle, dx, dy);
        expect(Roi.safeParse(next).success).toBe(true);
        expect(Math.min(next[2], next[3])).toBeGreaterThanOrEqual(MIN_SIDE - 1e-9);
      }),
    );
  });

  it("keeps its size when it is moved as a whole", () => {
    fc.assert(
      fc.property(aRoi, by, by, (roi, dx, dy) => {
        const [, , width, height] = draggedRoi(roi, "", dx, dy);
        expect(width).toBeCloseTo(roi[2], 3);
        expect(height).toBeCloseTo(roi[3], 3);
      }),
    );
  });

  it("keeps every edge that the handle does not hold", () => {
    fc.assert(
      fc.property(aRoi, aHandle, by, by, (roi, handle, dx, dy) => {
        fc.pre(handle !== "");
        const [before, after] = [edges(roi), edges(draggedRoi(roi, handle, dx, dy))];
        for (const edge of ["n", "s", "e", "w"] as const)
          if (!handle.includes(edge)) expect(after[edge]).toBeCloseTo(before[edge], 3);
      }),
    );
  });

  it("follows the pointer exactly where there is room", () => {
    expect(draggedRoi([0.2, 0.2, 0.5, 0.5], "", 0.1, -0.1)).toEqual([0.3, 0.1, 0.5, 0.5]);
    expect(draggedRoi([0.2, 0.2, 0.5, 0.5], "nw", 0.1, -0.1)).toEqual([0.3, 0.1, 0.4, 0.6]);
    expect(draggedRoi([0.2, 0.2, 0.5, 0.5], "e", 0.1, 0.3)).toEqual([0.2, 0.2, 0.6, 0.5]);
  });
});

describe("a mirrored region", () => {
  it("is the region itself when it is mirrored again", () => {
    fc.assert(
      fc.property(aRoi, (roi) => {
        for (const [index, value] of mirroredRoi(mirroredRoi(roi)).entries())
          expect(value).toBeCloseTo(roi[index] ?? 0, 3);
      }),
    );
  });
});

describe("the handle under a pointer", () => {
  const size = { width: 200, height: 100 };

  it.each<[x: number, y: number, handle: Handle]>([
    [100, 50, ""],
    [2, 50, "w"],
    [198, 98, "se"],
    [100, -5, "n"],
    [-5, 105, "sw"],
  ])("at %i, %i is %j", (x, y, handle) => {
    expect(handleAt(x, y, size, 16)).toBe(handle);
  });

  it("leaves a region an inside to move it by, however small it is", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 4, max: 500, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        (length, reach) => {
          expect(handleAt(length / 2, length / 2, { width: length, height: length }, reach)).toBe("");
        },
      ),
    );
  });
});

describe("the region of who did not choose", () => {
  it("is the square that the classifier takes", () => {
    expect(defaultRoi(640, 480)).toEqual([0.275, 0.2, 0.45, 0.6]);
    expect(defaultRoi(100, 400)).toEqual([0, 0.375, 1, 0.25]);
    const pixels = fc.integer({ min: 1, max: 4000 });
    fc.assert(
      fc.property(pixels, pixels, (width, height) => {
        for (const [index, value] of defaultOfClassifier(width, height).entries())
          expect(defaultRoi(width, height)[index]).toBeCloseTo(value, 3);
      }),
    );
  });
});
