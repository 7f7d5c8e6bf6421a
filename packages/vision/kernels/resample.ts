// Resizes samples and makes RGB of them.

/** Bits of the weights of rows and of columns, and those kept behind the point: as in `resample-weights.ts`. */
const ROW_BITS: i32 = 8;
const COLUMN_BITS: i32 = 14;
const FRACTION_BITS: i32 = 6;

const SHIFT: i32 = COLUMN_BITS + ROW_BITS - FRACTION_BITS;
/** A sum of weighted rows has 16 bits without a sign, and the products of columns want one: it is made less by this. */
const MIDDLE: i32 = 1 << 15;
/** What that takes off the sum of a pixel, whose weights add up to `1 << COLUMN_BITS`; and half of the last place. */
const BACK: i32 = (MIDDLE << COLUMN_BITS) + (1 << (SHIFT - 1));

/**
 * Resizes a plane: rows first, then columns.
 *
 * @param plane address of the first sample that any weight is for; `stride` to the next row
 * @param columns samples of a row that are read; 15 more behind the last row may be read, and are given no weight
 * @param firstRow for each row of the result its first row in the plane, 32 bits; `rowWeights`: `rowTaps` of 16 bits each
 * @param firstColumn for each pixel its first sample, 32 bits; `columnWeights`: `columnTaps` (a multiple of 8) of 16 bits
 * @param line room for `columns` + 15 numbers of 16 bits
 * @param into for `width` times `height` numbers of 32 bits with `FRACTION_BITS`
 */
export function resample(
  plane: i32,
  stride: i32,
  columns: i32,
  firstRow: i32,
  rowWeights: i32,
  rowTaps: i32,
  height: i32,
  firstColumn: i32,
  columnWeights: i32,
  columnTaps: i32,
  width: i32,
  line: i32,
  into: i32,
): void {
  for (let y = 0; y < height; y++) {
    addRows(
      plane + load<i32>(firstRow + (y << 2)) * stride,
      stride,
      columns,
      rowWeights + y * (rowTaps << 1),
      rowTaps,
      line,
    );
    addColumns(line, firstColumn, columnWeights, columnTaps, width, into);
    into += width << 2;
  }
}

function addRows(from: i32, stride: i32, columns: i32, weights: i32, taps: i32, to: i32): void {
  const middle = i16x8.splat(<i16>MIDDLE);
  for (let x = 0; x < columns; x += 16) {
    let low = middle;
    let high = middle;
    let at = from + x;
    for (let weight = weights; weight < weights + (taps << 1); weight += 2) {
      const factor = v128.load16_splat(weight);
      const samples = v128.load(at);
      low = i16x8.add(low, i16x8.mul(i16x8.extend_low_i8x16_u(samples), factor));
      high = i16x8.add(high, i16x8.mul(i16x8.extend_high_i8x16_u(samples), factor));
      at += stride;
    }
    v128.store(to, low);
    v128.store(to, high, 16);
    to += 32;
  }
}

function addColumns(line: i32, first: i32, weights: i32, taps: i32, width: i32, into: i32): void {
  for (let x = 0; x < width; x++) {
    const from = line + (load<i32>(first) << 1);
    let sums = i32x4.splat(0);
    for (let tap = 0; tap < taps << 1; tap += 16) {
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load(from + tap), v128.load(weights)));
      weights += 16;
    }
    sums = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
    const sum = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
    store<i32>(into, (sum + BACK) >> SHIFT);
    first += 4;
    into += 4;
  }
}

// JFIF's YCbCr to RGB in 12 bits: with the fraction of the samples it fits into 32.
const COLOUR_SHIFT: i32 = 12 + FRACTION_BITS;
const NEUTRAL: i32 = 128 << FRACTION_BITS;

/**
 * RGB of what `resample` gave for brightness, blue and red difference.
 *
 * @param colours addresses of blue and red are used; 0 for grey
 * @param pixels how many; up to 13 bytes behind the last are written too
 */
export function toRgb(bright: i32, blue: i32, red: i32, colours: i32, pixels: i32, to: i32): void {
  const half = i32x4.splat(1 << (COLOUR_SHIFT - 1));
  const neutral = i32x4.splat(NEUTRAL);
  for (let at = 0; at < pixels << 2; at += 16) {
    const y = i32x4.add(i32x4.shl(v128.load(bright + at), 12), half);
    const b = colours ? i32x4.sub(v128.load(blue + at), neutral) : i32x4.splat(0);
    const r = colours ? i32x4.sub(v128.load(red + at), neutral) : i32x4.splat(0);
    const reds = i32x4.add(y, i32x4.mul(r, i32x4.splat(5743)));
    const greens = i32x4.sub(i32x4.sub(y, i32x4.mul(b, i32x4.splat(1410))), i32x4.mul(r, i32x4.splat(2925)));
    const blues = i32x4.add(y, i32x4.mul(b, i32x4.splat(7258)));
    const redsAndGreens = i16x8.narrow_i32x4_s(i32x4.shr_s(reds, COLOUR_SHIFT), i32x4.shr_s(greens, COLOUR_SHIFT));
    const alone = i16x8.narrow_i32x4_s(i32x4.shr_s(blues, COLOUR_SHIFT), half);
    const bytes = i8x16.narrow_i16x8_u(redsAndGreens, alone);
    // biome-ignore format: pixel by pixel
    v128.store(to, v128.shuffle<i8>(bytes, bytes, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 12, 12, 12));
    to += 12;
  }
}
