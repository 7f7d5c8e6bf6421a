import { type AxisWeights, COARSE_BITS, GROUP, WEIGHT_BITS } from "./resample-weights.ts";
import type { Plane } from "./scan.ts";

/** Bits behind the point of what `resamplePlane` gives. */
export const FRACTION_BITS = 6;

const COLUMN_SHIFT = WEIGHT_BITS + COARSE_BITS - FRACTION_BITS;
const COLUMN_HALF = 1 << (COLUMN_SHIFT - 1);

let line = new Int32Array(0);

/**
 * Resizes the samples of a plane: rows first, then columns.
 *
 * @param into for `across.first.length` times `down.first.length` values with `FRACTION_BITS`
 */
export function resamplePlane(plane: Plane, across: AxisWeights, down: AxisWeights, into: Int32Array): void {
  const width = across.first.length;
  const height = down.first.length;
  const least = across.first.reduce((lowest, first) => Math.min(lowest, first), Number.POSITIVE_INFINITY);
  const most = across.first.reduce((highest, first) => Math.max(highest, first), 0) + across.taps;
  // Four samples are read at once, so from a fourth one on; rows of planes are whole blocks.
  const from = (least - plane.left) >> 2;
  const words = ((most - plane.left + 3) >> 2) - from;
  // The columns look beyond the last value, and give it no weight.
  if (line.length < words * 4 + GROUP) line = new Int32Array(words * 4 + GROUP);
  const data = new Int32Array(plane.data.buffer, 0, plane.data.length >> 2);
  for (let y = 0; y < height; y++) {
    const start = (((down.first[y] as number) - plane.top) * plane.stride) / 4 + from;
    for (let tap = 0; tap < down.taps; tap += GROUP) addRows(data, plane.stride / 4, start, down, y, tap, words);
    addColumns(across, plane.left + from * 4, into, y * width);
  }
}

/** Writes a group of weighted rows to `line`, or adds it there if it is not the first; two sums in each product. */
function addRows(
  data: Int32Array,
  stride: number,
  start: number,
  { coarse, taps, stride: each }: AxisWeights,
  y: number,
  tap: number,
  words: number,
): void {
  const out = line;
  const base = y * each + tap;
  const w0 = coarse[base] as number;
  const w1 = coarse[base + 1] as number;
  const w2 = coarse[base + 2] as number;
  const w3 = coarse[base + 3] as number;
  const w4 = coarse[base + 4] as number;
  const w5 = coarse[base + 5] as number;
  // Beyond the last tap its row is read again, and counts nothing.
  const last = start + (taps - 1) * stride;
  const r0 = start + tap * stride;
  const r1 = Math.min(r0 + stride, last);
  const r2 = Math.min(r1 + stride, last);
  const r3 = Math.min(r2 + stride, last);
  const r4 = Math.min(r3 + stride, last);
  const r5 = Math.min(r4 + stride, last);
  for (let word = 0, to = 0; word < words; word++, to += 4) {
    const d0 = data[r0 + word] as number;
    const d1 = data[r1 + word] as number;
    const d2 = data[r2 + word] as number;
    const d3 = data[r3 + word] as number;
    const d4 = data[r4 + word] as number;
    const d5 = data[r5 + word] as number;
    const even =
      (Math.imul(w0, d0 & PAIR) +
        Math.imul(w1, d1 & PAIR) +
        Math.imul(w2, d2 & PAIR) +
        Math.imul(w3, d3 & PAIR) +
        Math.imul(w4, d4 & PAIR) +
        Math.imul(w5, d5 & PAIR)) |
      0;
    const odd =
      (Math.imul(w0, (d0 >>> 8) & PAIR) +
        Math.imul(w1, (d1 >>> 8) & PAIR) +
        Math.imul(w2, (d2 >>> 8) & PAIR) +
        Math.imul(w3, (d3 >>> 8) & PAIR) +
        Math.imul(w4, (d4 >>> 8) & PAIR) +
        Math.imul(w5, (d5 >>> 8) & PAIR)) |
      0;
    if (tap === 0) {
      out[to] = even & 0xffff;
      out[to + 1] = odd & 0xffff;
      out[to + 2] = even >>> 16;
      out[to + 3] = odd >>> 16;
    } else {
      out[to] = (out[to] as number) + (even & 0xffff);
      out[to + 1] = (out[to + 1] as number) + (odd & 0xffff);
      out[to + 2] = (out[to + 2] as number) + (even >>> 16);
      out[to + 3] = (out[to + 3] as number) + (odd >>> 16);
    }
  }
}

/** The first and the third of four bytes. */
const PAIR = 0x00ff00ff;

function addColumns({ weights, first, stride }: AxisWeights, begin: number, into: Int32Array, to: number): void {
  const row = line;
  const width = first.length;
  for (let x = 0, at = 0; x < width; x++) {
    let from = (first[x] as number) - begin;
    let sum = COLUMN_HALF;
    for (const end = at + stride; at < end; at += GROUP, from += GROUP) {
      sum =
        (sum +
          Math.imul(weights[at] as number, row[from] as number) +
          Math.imul(weights[at + 1] as number, row[from + 1] as number) +
          Math.imul(weights[at + 2] as number, row[from + 2] as number) +
          Math.imul(weights[at + 3] as number, row[from + 3] as number) +
          Math.imul(weights[at + 4] as number, row[from + 4] as number) +
          Math.imul(weights[at + 5] as number, row[from + 5] as number)) |
        0;
    }
    into[to + x] = sum >> COLUMN_SHIFT;
  }
}
