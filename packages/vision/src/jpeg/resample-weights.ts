/** How the samples of one axis make the pixels of a result, in fixed point. */
export interface AxisWeights {
  /** `taps` for each pixel of the result, which add up to `1 << bits`. */
  readonly weights: Int16Array;
  readonly taps: number;
  /** The first sample of each pixel of the result. */
  readonly first: Int32Array;
}

/** Bits of weights, as in `kernels/resample.ts`: rows are added first, and two bytes must hold their sum. */
export const ROW_BITS = 8;
export const COLUMN_BITS = 14;

/** One axis of what is to be resized. */
export interface Axis {
  /** The first pixel of the region, and how many it has. */
  readonly start: number;
  readonly length: number;
  /** Pixels of the result. */
  readonly out: number;
  /** Pixels of the region for each pixel of the result; not quite `length / out` where the fit rounds. */
  readonly factor: number;
  /** Pixels for each sample, and the number of samples of the whole picture. */
  readonly perSample: 1 | 2;
  readonly samples: number;
  /** Samples that became one while they were decoded: each stands for the mean of so many. */
  readonly reduction: 1 | 2 | 4;
}

/**
 * Weights of libvips' resize with its linear kernel (`vips_resize`: whole shares of the factor by averaging as long as
 * twice the size of the result is left, then a triangle as wide as the remaining factor; bilinear when it enlarges),
 * applied to JPEG samples: where a sample stands for two pixels, libjpeg's smooth enlargement is part of the weights. A
 * reduced sample has the weights of all that it is the mean of.
 *
 * @param multiple `taps` is a multiple of it: those that are not needed are 0, and may be for samples behind the last one
 */
export function axisWeights(axis: Axis, bits: number, multiple: number): AxisWeights {
  const rows = Array.from({ length: axis.out }, (_, index) => sampleWeights(axis, index));
  const needed = Math.max(...rows.map((row) => row.values.length));
  const taps = Math.ceil(needed / multiple) * multiple;
  const weights = new Int16Array(axis.out * taps);
  const first = new Int32Array(axis.out);
  rows.forEach((row, index) => {
    // A row with fewer weights begins earlier rather than reading past the last sample.
    first[index] = Math.max(0, Math.min(row.first, lastSample(axis) + 1 - needed));
    quantise(row.values, bits, weights, index * taps + row.first - (first[index] as number));
  });
  return { weights, taps, first };
}

function lastSample({ start, length, perSample, samples, reduction }: Axis): number {
  const last = Math.min(samples - 1, Math.floor((start + length - 1) / perSample) + (perSample - 1));
  return Math.floor(last / reduction);
}

interface Row {
  first: number;
  values: number[];
}

/** The weights of one pixel of the result in terms of samples. */
function sampleWeights(axis: Axis, index: number): Row {
  const found = new Map<number, number>();
  const add = (sample: number, weight: number) => {
    const kept = Math.floor(Math.min(Math.max(sample, 0), axis.samples - 1) / axis.reduction);
    found.set(kept, (found.get(kept) ?? 0) + weight);
  };
  pixelWeights(axis, index, (pixel, weight) => {
    const at = axis.start + pixel;
    if (axis.perSample === 1) return add(at, weight);
    add(at >> 1, weight * 0.75);
    add((at & 1) === 0 ? (at >> 1) - 1 : (at >> 1) + 1, weight * 0.25);
  });
  const first = Math.min(...found.keys());
  const values = Array.from({ length: Math.max(...found.keys()) - first + 1 }, (_, at) => found.get(first + at) ?? 0);
  return { first, values };
}

function pixelWeights(axis: Axis, index: number, add: (pixel: number, weight: number) => void): void {
  const { length, out, factor } = axis;
  const whole = Math.max(1, Math.floor(factor / 2));
  const left = Math.ceil(length / whole);
  const rest = factor / whole;
  const width = Math.max(1, rest);
  const centre = factor < 1 ? index * factor - 0.5 : (index + 0.5) * rest - 0.5 - (out * factor - length) / whole / 2;
  const from = Math.ceil(centre - width);
  const heights = Array.from({ length: Math.floor(centre + width) - from + 1 }, (_, at) =>
    Math.max(0, 1 - Math.abs(from + at - centre) / width),
  );
  const sum = heights.reduce((total, height) => total + height, 0);
  heights.forEach((height, at) => {
    const group = Math.min(Math.max(from + at, 0), left - 1);
    for (let part = 0; part < whole; part++) {
      if (height > 0) add(Math.min(group * whole + part, length - 1), height / sum / whole);
    }
  });
}

/** Rounds weights so that they still add up: what rounding leaves goes to the largest. */
function quantise(values: readonly number[], bits: number, into: Int16Array, at: number): void {
  let left = 1 << bits;
  let largest = 0;
  values.forEach((value, index) => {
    const weight = Math.round(value * (1 << bits));
    into[at + index] = weight;
    left -= weight;
    if (value > (values[largest] as number)) largest = index;
  });
  into[at + largest] = (into[at + largest] as number) + left;
}
