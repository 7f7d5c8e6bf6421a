// Cosines in 13 bits, under the names of libjpeg's jidctint.c.
const F0_298 = 2446;
const F0_390 = 3196;
const F0_541 = 4433;
const F0_765 = 6270;
const F0_899 = 7373;
const F1_175 = 9633;
const F1_501 = 12299;
const F1_847 = 15137;
const F1_961 = 16069;
const F2_053 = 16819;
const F2_562 = 20995;
const F3_072 = 25172;

const work = new Int32Array(64);

/**
 * The accurate integer inverse cosine transform of libjpeg ("islow": Loeffler, Ligtenberg and Moschytz 1989, 13 bits), to
 * the bit.
 *
 * @param block 64 dequantised coefficients, row by row
 * @param into plane of samples; the 8x8 samples begin at `at`, rows are `stride` apart
 */
export function inverseDct(block: Int32Array, into: Uint8ClampedArray, at: number, stride: number): void {
  for (let x = 0; x < 8; x++) {
    const c0 = block[x] as number;
    const c1 = block[x + 8] as number;
    const c2 = block[x + 16] as number;
    const c3 = block[x + 24] as number;
    const c4 = block[x + 32] as number;
    const c5 = block[x + 40] as number;
    const c6 = block[x + 48] as number;
    const c7 = block[x + 56] as number;
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      const flat = c0 << 2;
      work[x] = flat;
      work[x + 8] = flat;
      work[x + 16] = flat;
      work[x + 24] = flat;
      work[x + 32] = flat;
      work[x + 40] = flat;
      work[x + 48] = flat;
      work[x + 56] = flat;
      continue;
    }
    const z1 = Math.imul(c2 + c6, F0_541);
    const e2 = z1 - Math.imul(c6, F1_847);
    const e3 = z1 + Math.imul(c2, F0_765);
    const e0 = (c0 + c4) << 13;
    const e1 = (c0 - c4) << 13;
    const a0 = e0 + e3 + 1024;
    const a3 = e0 - e3 + 1024;
    const a1 = e1 + e2 + 1024;
    const a2 = e1 - e2 + 1024;
    const z5 = Math.imul(c7 + c3 + c5 + c1, F1_175);
    const y1 = -Math.imul(c7 + c1, F0_899);
    const y2 = -Math.imul(c5 + c3, F2_562);
    const y3 = z5 - Math.imul(c7 + c3, F1_961);
    const y4 = z5 - Math.imul(c5 + c1, F0_390);
    const o0 = Math.imul(c7, F0_298) + y1 + y3;
    const o1 = Math.imul(c5, F2_053) + y2 + y4;
    const o2 = Math.imul(c3, F3_072) + y2 + y3;
    const o3 = Math.imul(c1, F1_501) + y1 + y4;
    work[x] = (a0 + o3) >> 11;
    work[x + 56] = (a0 - o3) >> 11;
    work[x + 8] = (a1 + o2) >> 11;
    work[x + 48] = (a1 - o2) >> 11;
    work[x + 16] = (a2 + o1) >> 11;
    work[x + 40] = (a2 - o1) >> 11;
    work[x + 24] = (a3 + o0) >> 11;
    work[x + 32] = (a3 - o0) >> 11;
  }
  let to = at;
  for (let row = 0; row < 64; row += 8) {
    const c0 = work[row] as number;
    const c1 = work[row + 1] as number;
    const c2 = work[row + 2] as number;
    const c3 = work[row + 3] as number;
    const c4 = work[row + 4] as number;
    const c5 = work[row + 5] as number;
    const c6 = work[row + 6] as number;
    const c7 = work[row + 7] as number;
    const z1 = Math.imul(c2 + c6, F0_541);
    const e2 = z1 - Math.imul(c6, F1_847);
    const e3 = z1 + Math.imul(c2, F0_765);
    // Half of the last place, and the 128 that JPEG takes off.
    const e0 = ((c0 + c4) << 13) + ROUND;
    const e1 = ((c0 - c4) << 13) + ROUND;
    const a0 = e0 + e3;
    const a3 = e0 - e3;
    const a1 = e1 + e2;
    const a2 = e1 - e2;
    const z5 = Math.imul(c7 + c3 + c5 + c1, F1_175);
    const y1 = -Math.imul(c7 + c1, F0_899);
    const y2 = -Math.imul(c5 + c3, F2_562);
    const y3 = z5 - Math.imul(c7 + c3, F1_961);
    const y4 = z5 - Math.imul(c5 + c1, F0_390);
    const o0 = Math.imul(c7, F0_298) + y1 + y3;
    const o1 = Math.imul(c5, F2_053) + y2 + y4;
    const o2 = Math.imul(c3, F3_072) + y2 + y3;
    const o3 = Math.imul(c1, F1_501) + y1 + y4;
    into[to] = (a0 + o3) >> 18;
    into[to + 7] = (a0 - o3) >> 18;
    into[to + 1] = (a1 + o2) >> 18;
    into[to + 6] = (a1 - o2) >> 18;
    into[to + 2] = (a2 + o1) >> 18;
    into[to + 5] = (a2 - o1) >> 18;
    into[to + 3] = (a3 + o0) >> 18;
    into[to + 4] = (a3 - o0) >> 18;
    to += stride;
  }
}

const ROUND = (1 << 17) + (128 << 18);

/** The same for a block whose first coefficient is its only one; it becomes `side` times `side` samples. */
export function inverseDctFlat(dc: number, into: Uint8ClampedArray, at: number, stride: number, side: 2 | 4 | 8): void {
  const value = (((dc << 2) + 16) >> 5) + 128;
  for (let row = 0, to = at; row < side; row++, to += stride) {
    into[to] = value;
    into[to + 1] = value;
    if (side === 2) continue;
    into[to + 2] = value;
    into[to + 3] = value;
    if (side === 4) continue;
    into[to + 4] = value;
    into[to + 5] = value;
    into[to + 6] = value;
    into[to + 7] = value;
  }
}
