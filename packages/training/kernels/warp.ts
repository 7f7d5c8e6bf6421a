// Moves a picture about, in numbers of 32 bits.

import { colour, SHIFTED, toBytes } from "./colour";

/** Bytes of a pixel as the warp reads it: four numbers of 32 bits, red, green, blue and one of no meaning. */
const SPREAD: i32 = 16;

/** Makes numbers of RGB bytes once, where the warp would for each of the four pixels that make one. Behind them come zeros. */
function spread(source: i32, count: i32, into: i32, behind: i32): void {
  // What lies there may be no number, and that times no weight would be none either.
  memory.fill(into + count * SPREAD, 0, behind * SPREAD);
  for (const end = into + count * SPREAD; into < end; into += SPREAD, source += 3) v128.store(into, colour(source));
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
  a: f32,
  b: f32,
  c: f32,
  d: f32,
  e: f32,
  f: f32,
  g: f32,
  h: f32,
  beyond: i32,
): void {
  const row = width * SPREAD;
  spread(source, width * height, spreadOut, width + 1);
  const zero = f32x4.splat(0);
  const centreX = <f32>(width - 1) / 2;
  const centreY = <f32>(height - 1) / 2;
  const centre = twice(centreX, centreY);
  const limit = f32x4.add(centre, centre);
  const mirror = f32x4.add(limit, limit);
  const perX = twice(a, d);
  // Two pixels at a time: column and row of the first, column and row of the second.
  const first = f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(-centreX), 2, 1 - centreX), 3, 1 - centreX);
  for (let y = 0; y < height; y++) {
    const dy = <f32>y - centreY;
    const fixed = twice(b * dy + c, e * dy + f);
    const tilt = f32x4.splat(<f32>1 + h * dy);
    for (let x = 0; x < width; x += 2) {
      const dx = f32x4.add(first, f32x4.splat(<f32>x));
      let place = f32x4.add(f32x4.mul(perX, dx), fixed);
      place = f32x4.div(place, f32x4.add(tilt, f32x4.mul(f32x4.splat(g), dx)));
      place = f32x4.add(place, centre);
      const over = f32x4.gt(place, limit);
      const outside = beyond === BLACK ? i32x4.bitmask(v128.or(over, f32x4.lt(place, zero))) : 0;
      if (beyond === MIRROR) place = v128.bitselect(f32x4.sub(mirror, place), f32x4.abs(place), over);
      place = f32x4.pmin(f32x4.pmax(zero, place), limit);
      const floors = f32x4.floor(place);
      const corners = f32x4.add(floors, f32x4.splat(SHIFTED));
      const rest = f32x4.sub(place, floors);
      pixel(corners, rest, outside & 3, spreadOut, row, into);
      into += 3;
      if (x + 1 === width) break;
      pixel(second(corners), second(rest), outside & 12, spreadOut, row, into);
      into += 3;
    }
  }
}

/** The upper two lanes, as the lower ones. */
function second(both: v128): v128 {
  return v128.shuffle<f32>(both, both, 2, 3, 2, 3);
}

/** Writes the pixel whose column and row in the source are the first two lanes: their whole parts and what is left. */
function pixel(corners: v128, rest: v128, outside: i32, picture: i32, row: i32, into: i32): void {
  if (outside) {
    store<u16>(into, 0);
    store<u8>(into, 0, 2);
    return;
  }
  const at = picture + whole(i32x4.extract_lane(corners, 1)) * row + whole(i32x4.extract_lane(corners, 0)) * SPREAD;
  const fx = v128.shuffle<f32>(rest, rest, 0, 0, 0, 0);
  const fy = v128.shuffle<f32>(rest, rest, 1, 1, 1, 1);
  blend(at, at + row, fx, fy, into);
}

/** Writes the mean of two pixels from each of these addresses on, weighted by how far right and down the place lies. */
function blend(upper: i32, lower: i32, fx: v128, fy: v128, into: i32): void {
  const w11 = f32x4.mul(fx, fy);
  const w10 = f32x4.sub(fy, w11);
  const w01 = f32x4.sub(fx, w11);
  const w00 = f32x4.sub(f32x4.sub(f32x4.splat(1), fx), w10);
  let mean = f32x4.add(f32x4.mul(v128.load(upper), w00), f32x4.mul(v128.load(upper, SPREAD), w01));
  mean = f32x4.add(mean, f32x4.add(f32x4.mul(v128.load(lower), w10), f32x4.mul(v128.load(lower, SPREAD), w11)));
  const bytes = toBytes(mean);
  v128.store8_lane(into, bytes, 0);
  v128.store8_lane(into, bytes, 4, 1);
  v128.store8_lane(into, bytes, 8, 2);
}

/** The whole number to which `SHIFTED` was added. */
function whole(bits: i32): i32 {
  return bits & 0x7fffff;
}

/** Two numbers as the even and the odd lanes. */
function twice(even: f32, odd: f32): v128 {
  return f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(even), 1, odd), 3, odd);
}
