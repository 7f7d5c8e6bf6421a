import type { Random } from "@beckon/synthetic";
import { between } from "@beckon/synthetic";
import { kernelsFor } from "./kernels.ts";

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

/** As `kernels/warp.ts` numbers them. */
const BEYOND: readonly Warp["beyond"][] = ["clamp", "mirror", "black"];

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
  const { a, b, c, d, e, f, g, h, beyond } = warp;
  const { run, picture, spreadOut, result, bytes } = kernelsFor(width, height);
  bytes(picture, source.length).set(source);
  run.warp(picture, width, height, spreadOut, result, a, b, c, d, e, f, g, h, BEYOND.indexOf(beyond));
  into.set(bytes(result, source.length));
}

/** A draw between two positive numbers, as often below their geometric mean as above it. */
export function logBetween(random: Random, low: number, high: number): number {
  return low * (high / low) ** random();
}
