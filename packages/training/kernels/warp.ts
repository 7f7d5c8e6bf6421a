// Moves a picture about. Numbers have 64 bits throughout, and sums the order that `augment/warp.ts` gives in its formula.

import { pair } from "./pair";

/** Bytes of a pixel as the warp reads it: four numbers of 64 bits, red, green, blue and 0. */
const SPREAD: i32 = 32;

/** Makes numbers of RGB bytes once, where the warp would for each of the four pixels that make one. Behind them come zeros. */
function spread(source: i32, count: i32, into: i32, behind: i32): void {
  // What lies there may be no number, and that times no weight would be none either.
  memory.fill(into + count * SPREAD, 0, behind * SPREAD);
  for (const end = into + count * SPREAD; into < end; into += SPREAD, source += 3) {
    v128.store(into, pair(<f64>load<u8>(source), <f64>load<u8>(source, 1)));
    v128.store(into, pair(<f64>load<u8>(source, 2), 0), 16);
  }
}

/** What lies beyond the edges. */
const MIRROR: i32 = 1;
const BLACK: i32 = 2;

/**
 * Resamples RGB bytes with bilinear interpolation.
 *
 * @param source address of the picture
 * @param spreadOut room for `SPREAD` bytes for each pixel, for a row more and for one pixel more: those are given no weight
 * @param into room for as many bytes as the picture has
 * @param a,b,c,d,e,f,g,h from a pixel of the result to a place in the source, see `Warp`
 * @param beyond 0 for the outermost pixels drawn out, 1 for the picture mirrored, 2 for black
 */
export function warp(
  source: i32,
  width: i32,
  height: i32,
  spreadOut: i32,
  into: i32,
  a: f64,
  b: f64,
  c: f64,
  d: f64,
  e: f64,
  f: f64,
  g: f64,
  h: f64,
  beyond: i32,
): void {
  const row = width * SPREAD;
  spread(source, width * height, spreadOut, width + 1);
  const zero = f64x2.splat(0);
  const limit = pair(<f64>(width - 1), <f64>(height - 1));
  const twice = f64x2.add(limit, limit);
  const centreX = <f64>(width - 1) / 2;
  const centreY = <f64>(height - 1) / 2;
  const centre = pair(centreX, centreY);
  const perX = pair(a, d);
  const perY = pair(b, e);
  const fixed = pair(c, f);
  for (let y = 0; y < height; y++) {
    const dy = <f64>y - centreY;
    const down = f64x2.mul(perY, f64x2.splat(dy));
    for (let x = 0; x < width; x++, into += 3) {
      const dx = <f64>x - centreX;
      const scale = f64x2.splat(1 / (1 + g * dx + h * dy));
      // Column and row in the source.
      let place = f64x2.add(f64x2.mul(perX, f64x2.splat(dx)), down);
      place = f64x2.add(f64x2.mul(f64x2.add(place, fixed), scale), centre);
      const over = f64x2.gt(place, limit);
      if (beyond === BLACK && v128.any_true(v128.or(over, f64x2.lt(place, zero)))) {
        store<u16>(into, 0);
        store<u8>(into, 0, 2);
        continue;
      }
      if (beyond === MIRROR) place = v128.bitselect(f64x2.sub(twice, place), f64x2.abs(place), over);
      place = f64x2.pmin(f64x2.pmax(zero, place), limit);
      const floors = f64x2.floor(place);
      const corner = toWhole(floors);
      const rest = f64x2.sub(place, floors);
      const fx = f64x2.extract_lane(rest, 0);
      const fy = f64x2.extract_lane(rest, 1);
      const w11 = fx * fy;
      const w10 = fy - w11;
      const w01 = fx - w11;
      const w00 = 1 - fx - w10;
      const at = spreadOut + i32x4.extract_lane(corner, 2) * row + i32x4.extract_lane(corner, 0) * SPREAD;
      blend(at, at + row, f64x2.splat(w00), f64x2.splat(w01), f64x2.splat(w10), f64x2.splat(w11), into);
    }
  }
}

/** Writes the mean of four pixels, two from each address on, rounded. */
function blend(upper: i32, lower: i32, w00: v128, w01: v128, w10: v128, w11: v128, into: i32): void {
  let redGreen = f64x2.add(f64x2.mul(v128.load(upper), w00), f64x2.mul(v128.load(upper, SPREAD), w01));
  redGreen = f64x2.add(redGreen, f64x2.mul(v128.load(lower), w10));
  redGreen = f64x2.add(redGreen, f64x2.mul(v128.load(lower, SPREAD), w11));
  let blue = f64x2.add(f64x2.mul(v128.load(upper, 16), w00), f64x2.mul(v128.load(upper, SPREAD + 16), w01));
  blue = f64x2.add(blue, f64x2.mul(v128.load(lower, 16), w10));
  blue = f64x2.add(blue, f64x2.mul(v128.load(lower, SPREAD + 16), w11));
  const half = f64x2.splat(0.5);
  const wholes = toWhole(f64x2.floor(f64x2.add(redGreen, half)));
  store<u8>(into, i32x4.extract_lane(wholes, 0));
  store<u8>(into, i32x4.extract_lane(wholes, 2), 1);
  store<u8>(into, i32x4.extract_lane(toWhole(f64x2.floor(f64x2.add(blue, half))), 0), 2);
}

/** Added to a whole number from 0 on, it leaves the number in the low bits: 2 to the power of 52. */
const SHIFTED: f64 = 4503599627370496;

/** Whole numbers of 64 bits, of the lanes' whole parts; for what is not below 0. */
function toWhole(floors: v128): v128 {
  return f64x2.add(floors, f64x2.splat(SHIFTED));
}
