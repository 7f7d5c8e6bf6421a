import type { Random } from "@beckon/synthetic";
import { between } from "@beckon/synthetic";

/** How far a picture may be moved about. Ranges are drawn from evenly; `zoom` and `stretch` evenly in their logarithm. */
export interface Geometry {
  /** Probability of turning left to right. */
  readonly flip: number;
  /** Largest turn either way, in degrees. */
  readonly rotation: number;
  /** Range of the size of the content; above 1 it grows and its rim leaves the picture. */
  readonly zoom: readonly [low: number, high: number];
  /** Width to height may change by up to this factor either way; 1 keeps it. */
  readonly stretch: number;
  /** Largest shift either way, as a share of the picture's side. */
  readonly shift: number;
  /** Largest sideways shift of a row per row of distance from the centre. */
  readonly shear: number;
  /** Largest change of size from the centre to an edge, as when the camera is tilted. */
  readonly perspective: number;
}

/**
 * From a pixel of the result to a place in the source, both measured from the centre in pixels:
 * `u = (a x + b y + c) / (1 + g x + h y)`, `v = (d x + e y + f) / (1 + g x + h y)`.
 */
export interface Warp {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
  readonly g: number;
  readonly h: number;
  /** What lies beyond the edges: the picture mirrored, its outermost pixels drawn out, or black. */
  readonly beyond: "mirror" | "clamp" | "black";
}

/** Draws a warp for a picture of `width` times `height` pixels. */
export function drawWarp(random: Random, how: Geometry, width: number, height: number): Warp {
  const angle = (between(random, -how.rotation, how.rotation) * Math.PI) / 180;
  const size = logBetween(random, how.zoom[0], how.zoom[1]);
  const stretch = Math.sqrt(logBetween(random, 1 / how.stretch, how.stretch));
  const shear = between(random, -how.shear, how.shear);
  const mirror = random() < how.flip ? -1 : 1;
  // Shifting is done on the result: the content moves by the same share of the frame at every zoom.
  const shiftX = between(random, -how.shift, how.shift) * width;
  const shiftY = between(random, -how.shift, how.shift) * height;
  const acrossX = mirror / (size * stretch);
  const acrossY = stretch / size;
  const a = acrossX * Math.cos(angle);
  const b = acrossX * (shear * Math.cos(angle) - Math.sin(angle));
  const d = acrossY * Math.sin(angle);
  const e = acrossY * (shear * Math.sin(angle) + Math.cos(angle));
  return {
    a,
    b,
    c: -a * shiftX - b * shiftY,
    d,
    e,
    f: -d * shiftX - e * shiftY,
    g: between(random, -how.perspective, how.perspective) / (width / 2),
    h: between(random, -how.perspective, how.perspective) / (height / 2),
    beyond: random() < 0.4 ? "mirror" : "clamp",
  };
}

/** Resamples `source` into `into` (RGB bytes, same size, not the same array) with bilinear interpolation. */
export function applyWarp(source: Uint8Array, width: number, height: number, into: Uint8Array, warp: Warp): void {
  const { a, b, c, d, e, f, g, h } = warp;
  const mirror = warp.beyond === "mirror";
  const black = warp.beyond === "black";
  const right = width - 1;
  const bottom = height - 1;
  const centreX = right / 2;
  const centreY = bottom / 2;
  const row = width * 3;
  let out = 0;
  for (let y = 0; y < height; y++) {
    const dy = y - centreY;
    for (let x = 0; x < width; x++, out += 3) {
      const dx = x - centreX;
      const scale = 1 / (1 + g * dx + h * dy);
      let u = (a * dx + b * dy + c) * scale + centreX;
      let v = (d * dx + e * dy + f) * scale + centreY;
      if (black && (u < 0 || u > right || v < 0 || v > bottom)) {
        into[out] = into[out + 1] = into[out + 2] = 0;
        continue;
      }
      if (mirror) {
        if (u < 0) u = -u;
        else if (u > right) u = 2 * right - u;
        if (v < 0) v = -v;
        else if (v > bottom) v = 2 * bottom - v;
      }
      if (u < 0) u = 0;
      else if (u > right) u = right;
      if (v < 0) v = 0;
      else if (v > bottom) v = bottom;
      const left = u | 0;
      const top = v | 0;
      const fx = u - left;
      const fy = v - top;
      const p = top * row + left * 3;
      const q = left < right ? p + 3 : p;
      const below = top < bottom ? row : 0;
      const w11 = fx * fy;
      const w10 = fy - w11;
      const w01 = fx - w11;
      const w00 = 1 - fx - w10;
      for (let k = 0; k < 3; k++)
        into[out + k] =
          (source[p + k] as number) * w00 +
          (source[q + k] as number) * w01 +
          (source[p + below + k] as number) * w10 +
          (source[q + below + k] as number) * w11 +
          0.5;
    }
  }
}

/** A draw between two positive numbers, as often below their geometric mean as above it. */
export function logBetween(random: Random, low: number, high: number): number {
  return low * (high / low) ** random();
}
