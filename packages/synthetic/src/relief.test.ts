import { expect, test } from "vitest";
import type { Solid } from "./flesh.ts";
import type { Ball } from "./geometry.ts";
import { type Relief, reliefOf } from "./relief.ts";

const looks = { joins: 0, blend: 0, palmar: [0, 0, 1], blush: [0, 0], crease: false, nail: false } as const;
const solid = (part: number, ...balls: Ball[]): Solid => ({ ...looks, part, balls: balls as [Ball, Ball] });
const ball = (x: number, y: number, z: number, radius: number): Ball => ({ at: [x, -y, z], radius });
const at = (relief: Relief, x: number, y: number): number => (y - relief.top) * relief.width + x - relief.left;

/** The nearest surface by brute force: the balls along the centre line, one after another. */
function depthBySpheres([a, b]: readonly [Ball, Ball], x: number, y: number): number {
  let nearest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i <= 4000; i++) {
    const t = i / 4000;
    const centre = [0, 1, 2].map((k) => (a.at[k] ?? 0) * (1 - t) + (b.at[k] ?? 0) * t) as [number, number, number];
    // The renderer adds half a pixel to measure the cover of edge pixels.
    const radius = a.radius * (1 - t) + b.radius * t + 0.5;
    const square = radius ** 2 - (x + 0.5 - centre[0]) ** 2 - (-y - 0.5 - centre[1]) ** 2;
    if (square >= 0) nearest = Math.max(nearest, centre[2] + Math.sqrt(square));
  }
  return nearest;
}

test.each([
  ["across the picture", ball(12, 30, 0, 6), ball(48, 24, 3, 4)],
  ["steeply towards the viewer", ball(25, 30, -20, 7), ball(33, 27, 25, 5)],
  ["straight towards the viewer", ball(30, 30, 0, 5), ball(30, 30, 20, 8)],
])("a bone %s has the depth of the balls along it", (_, a, b) => {
  const relief = reliefOf([solid(5, a, b)], 60, 60);
  for (let y = 4; y < 56; y += 3) {
    for (let x = 4; x < 56; x += 3) {
      const expected = depthBySpheres([a, b], x, y);
      const inside =
        x >= relief.left && y >= relief.top && x < relief.left + relief.width && y < relief.top + relief.height;
      const depth = inside ? (relief.depth[at(relief, x, y)] ?? -1e9) : -1e9;
      if (expected > Number.NEGATIVE_INFINITY) expect(depth).toBeCloseTo(expected, 1);
      else expect(depth).toBeLessThan(-1e8);
    }
  }
});

test("the nearer bone hides the farther one, whatever the order", () => {
  const near = solid(7, ball(10, 30, 20, 5), ball(50, 30, 20, 5));
  const far = solid(8, ball(30, 10, 0, 5), ball(30, 50, 0, 5));
  for (const order of [
    [near, far],
    [far, near],
  ]) {
    const relief = reliefOf(order, 60, 60);
    expect(relief.part[at(relief, 30, 30)]).toBe(7);
    expect(relief.part[at(relief, 30, 15)]).toBe(8);
  }
});

test("a facet fills the space between three balls", () => {
  const relief = reliefOf([solid(3, ball(10, 10, 0, 4), ball(50, 10, 0, 4), ball(30, 50, 0, 4))], 60, 60);
  expect(relief.depth[at(relief, 30, 25)]).toBeCloseTo(4.5, 3);
  expect(relief.cover[at(relief, 30, 25)]).toBe(1);
});

test("an edge pixel is covered in part", () => {
  const relief = reliefOf([solid(5, ball(20, 20, 0, 8.25), ball(40, 20, 0, 8.25))], 60, 60);
  const cover = relief.cover[at(relief, 30, 11)] ?? 0;
  expect(cover).toBeGreaterThan(0.05);
  expect(cover).toBeLessThan(0.95);
});
