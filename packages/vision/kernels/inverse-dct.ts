// Inverse cosine transforms, four columns at a time. Each gives libjpeg's samples to the bit; names and numbers (cosines in
// 13 bits) are those of its jidctint.c ("islow": Loeffler, Ligtenberg and Moschytz 1989) and jidctred.c.

import { TURNED, WORK } from "./places";

/** The 128 that JPEG takes off, before a shift by so many bits, with half of the last place. */
function level(bits: i32): v128 {
  return i32x4.splat((1 << (bits - 1)) + (128 << bits));
}

/** Half of the last place. */
function half(bits: i32): v128 {
  return i32x4.splat(1 << (bits - 1));
}

function row(at: i32, index: i32): v128 {
  return v128.load(at + (index << 5));
}

function setRow(at: i32, index: i32, value: v128): void {
  v128.store(at + (index << 5), value);
}

function times(value: v128, cosine: i32): v128 {
  return i32x4.mul(value, i32x4.splat(cosine));
}

/** 8x8 samples of a block at `to`, rows `stride` apart. */
export function inverseDct(block: i32, to: i32, stride: i32): void {
  eightPoints(block, WORK, half(11), 11);
  eightPoints(block + 16, WORK + 16, half(11), 11);
  turnAll();
  eightPoints(TURNED, WORK, level(18), 18);
  eightPoints(TURNED + 16, WORK + 16, level(18), 18);
  turnAll();
  for (let y = 0; y < 8; y += 2) {
    const from = TURNED + (y << 5);
    const upper = i16x8.narrow_i32x4_s(v128.load(from), v128.load(from, 16));
    const lower = i16x8.narrow_i32x4_s(v128.load(from, 32), v128.load(from, 48));
    const both = i8x16.narrow_i16x8_u(upper, lower);
    v128.store64_lane(to, both, 0);
    v128.store64_lane(to + stride, both, 1);
    to += stride << 1;
  }
}

/** One pass over four columns. */
function eightPoints(from: i32, to: i32, rounding: v128, shift: i32): void {
  const c1 = row(from, 1);
  const c2 = row(from, 2);
  const c3 = row(from, 3);
  const c5 = row(from, 5);
  const c6 = row(from, 6);
  const c7 = row(from, 7);
  const z1 = times(i32x4.add(c2, c6), 4433);
  const e2 = i32x4.sub(z1, times(c6, 15137));
  const e3 = i32x4.add(z1, times(c2, 6270));
  const c0 = row(from, 0);
  const c4 = row(from, 4);
  const e0 = i32x4.add(i32x4.shl(i32x4.add(c0, c4), 13), rounding);
  const e1 = i32x4.add(i32x4.shl(i32x4.sub(c0, c4), 13), rounding);
  const a0 = i32x4.add(e0, e3);
  const a3 = i32x4.sub(e0, e3);
  const a1 = i32x4.add(e1, e2);
  const a2 = i32x4.sub(e1, e2);
  const s73 = i32x4.add(c7, c3);
  const s51 = i32x4.add(c5, c1);
  const z5 = times(i32x4.add(s73, s51), 9633);
  const y1 = times(i32x4.add(c7, c1), -7373);
  const y2 = times(i32x4.add(c5, c3), -20995);
  const y3 = i32x4.sub(z5, times(s73, 16069));
  const y4 = i32x4.sub(z5, times(s51, 3196));
  const o0 = i32x4.add(times(c7, 2446), i32x4.add(y1, y3));
  const o1 = i32x4.add(times(c5, 16819), i32x4.add(y2, y4));
  const o2 = i32x4.add(times(c3, 25172), i32x4.add(y2, y3));
  const o3 = i32x4.add(times(c1, 12299), i32x4.add(y1, y4));
  setRow(to, 0, i32x4.shr_s(i32x4.add(a0, o3), shift));
  setRow(to, 7, i32x4.shr_s(i32x4.sub(a0, o3), shift));
  setRow(to, 1, i32x4.shr_s(i32x4.add(a1, o2), shift));
  setRow(to, 6, i32x4.shr_s(i32x4.sub(a1, o2), shift));
  setRow(to, 2, i32x4.shr_s(i32x4.add(a2, o1), shift));
  setRow(to, 5, i32x4.shr_s(i32x4.sub(a2, o1), shift));
  setRow(to, 3, i32x4.shr_s(i32x4.add(a3, o0), shift));
  setRow(to, 4, i32x4.shr_s(i32x4.sub(a3, o0), shift));
}

/** Makes rows of columns: eight by eight numbers, from `WORK` to `TURNED`. */
function turnAll(): void {
  turn(WORK, TURNED);
  turn(WORK + 16, TURNED + 128);
  turn(WORK + 128, TURNED + 16);
  turn(WORK + 144, TURNED + 144);
}

/** Makes rows of columns: four by four numbers, in rows of eight. */
function turn(from: i32, to: i32): void {
  const r0 = row(from, 0);
  const r1 = row(from, 1);
  const r2 = row(from, 2);
  const r3 = row(from, 3);
  const p0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const p1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const p2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const p3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  setRow(to, 0, v128.shuffle<i32>(p0, p2, 0, 1, 4, 5));
  setRow(to, 1, v128.shuffle<i32>(p0, p2, 2, 3, 6, 7));
  setRow(to, 2, v128.shuffle<i32>(p1, p3, 0, 1, 4, 5));
  setRow(to, 3, v128.shuffle<i32>(p1, p3, 2, 3, 6, 7));
}

/** 4x4 samples in the place of 8x8 (`jpeg_idct_4x4`): each is the mean of the four that `inverseDct` gives there. */
export function inverseDctHalf(block: i32, to: i32, stride: i32): void {
  fourPoints(block, WORK, half(12), 12);
  fourPoints(block + 16, WORK + 16, half(12), 12);
  turn(WORK, TURNED);
  turn(WORK + 16, TURNED + 128);
  fourPoints(TURNED, WORK, level(19), 19);
  turn(WORK, TURNED);
  const upper = i16x8.narrow_i32x4_s(row(TURNED, 0), row(TURNED, 1));
  const lower = i16x8.narrow_i32x4_s(row(TURNED, 2), row(TURNED, 3));
  const all = i8x16.narrow_i16x8_u(upper, lower);
  v128.store32_lane(to, all, 0);
  v128.store32_lane(to + stride, all, 1);
  v128.store32_lane(to + 2 * stride, all, 2);
  v128.store32_lane(to + 3 * stride, all, 3);
}

/** One pass over four columns; it does not look at the fifth number of any. */
function fourPoints(from: i32, to: i32, rounding: v128, shift: i32): void {
  const c1 = row(from, 1);
  const c2 = row(from, 2);
  const c3 = row(from, 3);
  const c5 = row(from, 5);
  const c6 = row(from, 6);
  const c7 = row(from, 7);
  const e = i32x4.add(i32x4.shl(row(from, 0), 14), rounding);
  const e2 = i32x4.sub(times(c2, 15137), times(c6, 6270));
  const o0 = i32x4.add(i32x4.sub(i32x4.sub(times(c5, 11893), times(c7, 1730)), times(c3, 17799)), times(c1, 8697));
  const o2 = i32x4.add(i32x4.sub(i32x4.sub(times(c3, 7373), times(c7, 4176)), times(c5, 4926)), times(c1, 20995));
  const sum = i32x4.add(e, e2);
  const rest = i32x4.sub(e, e2);
  setRow(to, 0, i32x4.shr_s(i32x4.add(sum, o2), shift));
  setRow(to, 3, i32x4.shr_s(i32x4.sub(sum, o2), shift));
  setRow(to, 1, i32x4.shr_s(i32x4.add(rest, o0), shift));
  setRow(to, 2, i32x4.shr_s(i32x4.sub(rest, o0), shift));
}

/** The same for 2x2 samples (`jpeg_idct_2x2`), each the mean of sixteen. */
export function inverseDctQuarter(block: i32, to: i32, stride: i32): void {
  twoPoints(block, WORK, half(13), 13);
  twoPoints(block + 16, WORK + 16, half(13), 13);
  turn(WORK, TURNED);
  turn(WORK + 16, TURNED + 128);
  twoPoints(TURNED, WORK, level(20), 20);
  const narrow = i16x8.narrow_i32x4_s(row(WORK, 0), row(WORK, 1));
  const all = i8x16.narrow_i16x8_u(narrow, narrow);
  // Turned: the first column, then the second.
  store<u8>(to, i8x16.extract_lane_u(all, 0));
  store<u8>(to + 1, i8x16.extract_lane_u(all, 4));
  store<u8>(to + stride, i8x16.extract_lane_u(all, 1));
  store<u8>(to + stride + 1, i8x16.extract_lane_u(all, 5));
}

/** One pass over four columns; it looks at the first number and at the second, fourth, sixth and eighth. */
function twoPoints(from: i32, to: i32, rounding: v128, shift: i32): void {
  const e = i32x4.add(i32x4.shl(row(from, 0), 15), rounding);
  const o = i32x4.sub(
    i32x4.add(i32x4.sub(times(row(from, 1), 29692), times(row(from, 3), 10426)), times(row(from, 5), 6967)),
    times(row(from, 7), 5906),
  );
  setRow(to, 0, i32x4.shr_s(i32x4.add(e, o), shift));
  setRow(to, 1, i32x4.shr_s(i32x4.sub(e, o), shift));
}

/** A block whose first coefficient is its only one: `side` times `side` samples. */
export function flatBlock(dc: i32, to: i32, stride: i32, side: i32): void {
  const value = min(max((((dc << 2) + 16) >> 5) + 128, 0), 255);
  const all = i8x16.splat(<i8>value);
  const end = to + side * stride;
  if (side === 8) for (; to < end; to += stride) v128.store64_lane(to, all, 0);
  else if (side === 4) for (; to < end; to += stride) v128.store32_lane(to, all, 0);
  else for (; to < end; to += stride) v128.store16_lane(to, all, 0);
}
