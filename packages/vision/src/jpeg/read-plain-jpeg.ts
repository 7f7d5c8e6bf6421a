import type { Pixels } from "../pixels.ts";
import { writeRgb } from "./colour.ts";
import { readPlainJpeg } from "./header.ts";
import { openKernels } from "./kernels.ts";
import { decodePlanes, type Reduction, type Region } from "./planes.ts";
import { resampledRgb, type Size } from "./resample.ts";

export type { Region } from "./planes.ts";
export type { Size } from "./resample.ts";

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
  const kernels = openKernels();
  const jpeg = readPlainJpeg(bytes);
  if (kernels === undefined || jpeg === undefined) return undefined;
  kernels.clear();
  const planes = decodePlanes(kernels, bytes, jpeg, region, reductionFor(size));
  if (planes === undefined) return undefined;
  if (factorX !== 1 || factorY !== 1) return { width, height, data: resampledRgb(kernels, jpeg, region, planes, size) };
  const out = new Uint8ClampedArray(width * height * 3);
  const open = planes.map((plane) => ({ ...plane, data: kernels.bytes(plane.address, plane.stride * plane.rows) }));
  writeRgb(jpeg, region, open, out);
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
