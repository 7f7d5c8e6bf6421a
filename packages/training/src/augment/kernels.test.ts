import { seededRandom } from "@beckon/synthetic";
import { describe, expect, test } from "vitest";
import { kernelsFor } from "./kernels.ts";
import { applyWarp, type Warp } from "./warp.ts";

const SIZES = [
  [96, 64],
  [7, 5],
  [1, 9],
  [9, 1],
  [1, 1],
] as const;

function grain(width: number, height: number): Uint8Array {
  const random = seededRandom(width, height);
  return Uint8Array.from({ length: width * height * 3 }, () => random() * 256);
}

/** What is farthest from being the nearest byte of an exact value; 0.5 is none. */
function farthest(found: Uint8Array, exact: readonly number[]): number {
  expect(exact).toHaveLength(found.length);
  return Math.max(...exact.map((value, index) => Math.abs(value - (found[index] as number))));
}

/** The formula of `Warp`, one value after the other. */
function warped(picture: Uint8Array, width: number, height: number, warp: Warp): number[] {
  const { a, b, c, d, e, f, g, h, beyond } = warp;
  const [lastX, lastY] = [width - 1, height - 1];
  const inside = (place: number, last: number) => {
    const mirrored = place > last ? 2 * last - place : Math.abs(place);
    return Math.min(Math.max(beyond === "mirror" ? mirrored : place, 0), last);
  };
  const values: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - lastX / 2, y - lastY / 2];
      const scale = 1 + g * dx + h * dy;
      const u = (a * dx + b * dy + c) / scale + lastX / 2;
      const v = (d * dx + e * dy + f) / scale + lastY / 2;
      const black = beyond === "black" && (u < 0 || u > lastX || v < 0 || v > lastY);
      const [column, row] = [inside(u, lastX), inside(v, lastY)];
      const [left, top] = [Math.floor(column), Math.floor(row)];
      const [right, bottom] = [Math.min(left + 1, lastX), Math.min(top + 1, lastY)];
      for (let k = 0; k < 3; k++) {
        const at = (px: number, py: number) => picture[(py * width + px) * 3 + k] as number;
        const upper = at(left, top) * (left + 1 - column) + at(right, top) * (column - left);
        const lower = at(left, bottom) * (left + 1 - column) + at(right, bottom) * (column - left);
        values.push(black ? 0 : upper * (top + 1 - row) + lower * (row - top));
      }
    }
  return values;
}

describe("the warp", () => {
  test.each(["clamp", "mirror", "black"] as const)("is what its formula says; beyond the edges: %s", (beyond) => {
    // Larger pictures come first: what they leave behind must not be seen.
    for (const [width, height] of SIZES) {
      const warp = { a: 0.9, b: 0.35, c: 1.3, d: -0.27, e: 1.1, f: -0.6, g: 0.7 / width, h: -0.4 / height, beyond };
      const picture = grain(width, height);
      const into = new Uint8Array(picture.length);
      applyWarp(picture, width, height, into, warp);
      expect(farthest(into, warped(picture, width, height, warp)), `${width}x${height}`).toBeLessThan(0.501);
    }
  });

  test("that moves nothing changes nothing", () => {
    const still = { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0, g: 0, h: 0, beyond: "clamp" } as const;
    for (const [width, height] of SIZES) {
      const picture = grain(width, height);
      const into = new Uint8Array(picture.length);
      applyWarp(picture, width, height, into, still);
      expect(into).toEqual(picture);
    }
  });
});

describe("the change of colours", () => {
  test("is light, matrix and curves, one after the other", () => {
    const matrix = [0.9, 0.25, -0.1, 0.05, 0.8, 0.2, -0.15, 0.1, 1.2] as const;
    // Curves that tell the channels apart.
    const curves = Uint8Array.from({ length: 768 }, (_, index) =>
      index < 256 ? index : index < 512 ? 255 - index : index >> 1,
    );
    for (const [width, height] of SIZES) {
      const picture = grain(width, height);
      const [across, down] = [0.6, -0.3];
      const kernels = kernelsFor(width, height);
      kernels.bytes(kernels.curves, 768).set(curves);
      kernels.bytes(kernels.picture, picture.length).set(picture);
      kernels.run.recolour(kernels.picture, width, height, kernels.curves, across, down, ...matrix);
      const found = kernels.bytes(kernels.picture, picture.length);
      for (let at = 0; at < picture.length; at += 3) {
        const [x, y] = [(at / 3) % width, Math.floor(at / 3 / width)];
        const light = 1 + across * (x / width - 0.5) + down * (y / height - 0.5);
        for (let k = 0; k < 3; k++) {
          const sum = matrix
            .slice(3 * k, 3 * k + 3)
            .reduce((total, share, from) => total + share * light * (picture[at + from] as number), 0);
          // At a half either neighbour is right.
          const near = [sum - 1e-3, sum + 1e-3].map((value) => Math.min(255, Math.max(0, Math.floor(value + 0.5))));
          expect(near.map((value) => curves[256 * k + value])).toContain(found[at + k]);
        }
      }
    }
  });
});
