// Cosines in 13 bits, under the names of libjpeg's jidctred.c.
const F0_211 = 1730;
const F0_509 = 4176;
const F0_601 = 4926;
const F0_720 = 5906;
const F0_765 = 6270;
const F0_850 = 6967;
const F0_899 = 7373;
const F1_061 = 8697;
const F1_272 = 10426;
const F1_451 = 11893;
const F1_847 = 15137;
const F2_172 = 17799;
const F2_562 = 20995;
const F3_624 = 29692;

const work = new Int32Array(32);

/**
 * The inverse cosine transform of libjpeg that gives 4x4 samples in the place of 8x8 (jidctred.c, `jpeg_idct_4x4`): each
 * is the mean of the four that `inverseDct` gives there, up to rounding.
 *
 * @param block 64 dequantised coefficients, row by row
 * @param into plane of samples; the 4x4 samples begin at `at`, rows are `stride` apart
 */
export function inverseDctHalf(block: Int32Array, into: Uint8ClampedArray, at: number, stride: number): void {
  for (let x = 0; x < 8; x++) {
    // The rows do not look at the fifth column.
    if (x === 4) continue;
    const c0 = block[x] as number;
    const c1 = block[x + 8] as number;
    const c2 = block[x + 16] as number;
    const c3 = block[x + 24] as number;
    const c5 = block[x + 40] as number;
    const c6 = block[x + 48] as number;
    const c7 = block[x + 56] as number;
    if ((c1 | c2 | c3 | c5 | c6 | c7) === 0) {
      const flat = c0 << 2;
      work[x] = flat;
      work[x + 8] = flat;
      work[x + 16] = flat;
      work[x + 24] = flat;
      continue;
    }
    const e = (c0 << 14) + 2048;
    const e2 = Math.imul(c2, F1_847) - Math.imul(c6, F0_765);
    const o0 = Math.imul(c5, F1_451) - Math.imul(c7, F0_211) - Math.imul(c3, F2_172) + Math.imul(c1, F1_061);
    const o2 = Math.imul(c3, F0_899) - Math.imul(c7, F0_509) - Math.imul(c5, F0_601) + Math.imul(c1, F2_562);
    work[x] = (e + e2 + o2) >> 12;
    work[x + 24] = (e + e2 - o2) >> 12;
    work[x + 8] = (e - e2 + o0) >> 12;
    work[x + 16] = (e - e2 - o0) >> 12;
  }
  for (let row = 0, to = at; row < 32; row += 8, to += stride) {
    const c1 = work[row + 1] as number;
    const c2 = work[row + 2] as number;
    const c3 = work[row + 3] as number;
    const c5 = work[row + 5] as number;
    const c6 = work[row + 6] as number;
    const c7 = work[row + 7] as number;
    const e = ((work[row] as number) << 14) + HALF_ROUND;
    const e2 = Math.imul(c2, F1_847) - Math.imul(c6, F0_765);
    const o0 = Math.imul(c5, F1_451) - Math.imul(c7, F0_211) - Math.imul(c3, F2_172) + Math.imul(c1, F1_061);
    const o2 = Math.imul(c3, F0_899) - Math.imul(c7, F0_509) - Math.imul(c5, F0_601) + Math.imul(c1, F2_562);
    into[to] = (e + e2 + o2) >> 19;
    into[to + 3] = (e + e2 - o2) >> 19;
    into[to + 1] = (e - e2 + o0) >> 19;
    into[to + 2] = (e - e2 - o0) >> 19;
  }
}

/** Half of the last place, and the 128 that JPEG takes off. */
const HALF_ROUND = (1 << 18) + (128 << 19);

/** The same for 2x2 samples (`jpeg_idct_2x2`), each the mean of sixteen. */
export function inverseDctQuarter(block: Int32Array, into: Uint8ClampedArray, at: number, stride: number): void {
  for (let x = 0; x < 8; x++) {
    // The rows look at the first column and at the odd ones.
    if (x === 2 || x === 4 || x === 6) continue;
    const e = ((block[x] as number) << 15) + 4096;
    const o =
      Math.imul(block[x + 8] as number, F3_624) -
      Math.imul(block[x + 24] as number, F1_272) +
      Math.imul(block[x + 40] as number, F0_850) -
      Math.imul(block[x + 56] as number, F0_720);
    work[x] = (e + o) >> 13;
    work[x + 8] = (e - o) >> 13;
  }
  for (let row = 0, to = at; row < 16; row += 8, to += stride) {
    const e = ((work[row] as number) << 15) + QUARTER_ROUND;
    const o =
      Math.imul(work[row + 1] as number, F3_624) -
      Math.imul(work[row + 3] as number, F1_272) +
      Math.imul(work[row + 5] as number, F0_850) -
      Math.imul(work[row + 7] as number, F0_720);
    into[to] = (e + o) >> 20;
    into[to + 1] = (e - o) >> 20;
  }
}

const QUARTER_ROUND = (1 << 19) + (128 << 20);
