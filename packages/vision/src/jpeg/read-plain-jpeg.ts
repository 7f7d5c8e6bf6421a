import type { Pixels } from "../pixels.ts";
import { writeRgb } from "./colour.ts";
import { type PlainJpeg, readPlainJpeg } from "./header.ts";
import { decodePlanes, type Region } from "./planes.ts";
import { FRACTION_BITS, resamplePlane } from "./resample.ts";
import { type AxisWeights, axisWeights } from "./resample-weights.ts";
import type { Reduction } from "./scan.ts";

export type { Region } from "./planes.ts";

/** What a region becomes: pixels of the result, and how many of the region's go into each, across and down. */
export interface Size {
  readonly width: number;
  readonly height: number;
  readonly factorX: number;
  readonly factorY: number;
}

/**
 * Decodes and resizes the kind of JPEG that cameras send, several times as fast as a library that takes every kind: only
 * the blocks under the region are transformed, to fewer samples where a result a fourth of the size needs no more, and
 * brightness and colours are resized before they become RGB. Without a resize the bytes are those of libjpeg; with one
 * they differ by 1 of 255 here and there from libvips' linear kernel.
 *
 * @returns undefined when the file is of another kind, or is not flawless: a library is to judge it
 */
export function pixelsOfPlainJpeg(bytes: Uint8Array, region: Region, size: Size): Pixels | undefined {
  const { width, height, factorX, factorY } = size;
  // libvips enlarges one axis and reduces the other in a way of its own.
  if (width < 1 || height < 1 || factorX < 1 !== factorY < 1) return undefined;
  const jpeg = readPlainJpeg(bytes);
  const planes = jpeg && decodePlanes(bytes, jpeg, region, reductionFor(size));
  if (jpeg === undefined || planes === undefined) return undefined;
  const out = new Uint8ClampedArray(width * height * 3);
  if (factorX === 1 && factorY === 1) writeRgb(jpeg, region, planes, out);
  else {
    planes.forEach((plane, component) => {
      const { across, down } = weightsOf(jpeg, region, size, component, plane.reduction);
      resamplePlane(plane, across, down, valuesOf(component, width * height));
    });
    convert(planes.length === 1, out);
  }
  return { width, height, data: new Uint8Array(out.buffer) };
}

/**
 * No more than libvips averages before its kernel, so that models see the same: further, their answers begin to change.
 * Of a stretched picture the mean of both axes counts, as long as neither is left with less than one and a half samples
 * for one.
 */
function reductionFor({ factorX, factorY }: Size): Reduction {
  const mean = Math.sqrt(factorX * factorY);
  const least = Math.min(factorX, factorY);
  if (mean >= 8 && least >= 6) return 4;
  return mean >= 4 && least >= 3 ? 2 : 1;
}

const values: Int32Array[] = [];

function valuesOf(component: number, length: number): Int32Array {
  let found = values[component];
  if (found === undefined || found.length < length) {
    found = new Int32Array(length);
    values[component] = found;
  }
  return found;
}

function weightsOf(jpeg: PlainJpeg, region: Region, size: Size, component: number, reduction: Reduction) {
  const { left, top, width, height } = region;
  const across = component === 0 ? 1 : jpeg.across;
  const down = component === 0 ? 1 : jpeg.down;
  return {
    across: keptWeights(left, width, size.width, size.factorX, across, jpeg.width, reduction),
    down: keptWeights(top, height, size.height, size.factorY, down, jpeg.height, reduction),
  };
}

const kept = new Map<string, AxisWeights>();
/** A stream needs four; strangers who change the size of every frame may not fill the memory. */
const MOST_KEPT = 64;

function keptWeights(
  start: number,
  length: number,
  out: number,
  factor: number,
  perSample: 1 | 2,
  side: number,
  reduction: Reduction,
) {
  const key = `${start} ${length} ${out} ${factor} ${perSample} ${side} ${reduction}`;
  let found = kept.get(key);
  if (found === undefined) {
    if (kept.size >= MOST_KEPT) kept.clear();
    found = axisWeights({ start, length, out, factor, perSample, samples: Math.ceil(side / perSample), reduction });
    kept.set(key, found);
  }
  return found;
}

// JFIF's YCbCr to RGB in 12 bits: with the fraction of the samples it fits into 32.
const SHIFT = 12 + FRACTION_BITS;
const HALF = 1 << (SHIFT - 1);
const NEUTRAL = 128 << FRACTION_BITS;

/** Makes RGB of what `resamplePlane` gave for brightness, blue and red difference. */
function convert(grey: boolean, out: Uint8ClampedArray): void {
  const [bright, blue, red] = values as [Int32Array, Int32Array, Int32Array];
  for (let at = 0, to = 0; to < out.length; at++, to += 3) {
    const y = Math.imul(bright[at] as number, 4096) + HALF;
    const b = grey ? 0 : (blue[at] as number) - NEUTRAL;
    const r = grey ? 0 : (red[at] as number) - NEUTRAL;
    out[to] = (y + Math.imul(5743, r)) >> SHIFT;
    out[to + 1] = (y - Math.imul(1410, b) - Math.imul(2925, r)) >> SHIFT;
    out[to + 2] = (y + Math.imul(7258, b)) >> SHIFT;
  }
}
