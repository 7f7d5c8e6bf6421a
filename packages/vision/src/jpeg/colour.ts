import type { PlainJpeg } from "./header.ts";
import type { Plane, Region } from "./planes.ts";

/** A plane whose samples can be looked at. */
export interface OpenPlane extends Pick<Plane, "stride" | "left" | "top"> {
  readonly data: Uint8Array;
}

/** Writes the region as RGB without resizing it, with the very bytes that libjpeg gives. */
export function writeRgb(jpeg: PlainJpeg, region: Region, planes: readonly OpenPlane[], out: Uint8ClampedArray): void {
  const [bright, blue, red] = planes;
  if (bright !== undefined && blue !== undefined && red !== undefined) {
    writeColour(jpeg, region, bright, blue, red, out);
  } else if (bright !== undefined) writeGrey(region, bright, out);
}

function writeGrey(region: Region, plane: OpenPlane, out: Uint8ClampedArray): void {
  let to = 0;
  for (let y = 0; y < region.height; y++) {
    let from = (region.top + y - plane.top) * plane.stride + region.left - plane.left;
    for (let x = 0; x < region.width; x++) {
      const value = plane.data[from++] as number;
      out[to] = value;
      out[to + 1] = value;
      out[to + 2] = value;
      to += 3;
    }
  }
}

let blueRow = new Int32Array(0);
let redRow = new Int32Array(0);

function writeColour(
  jpeg: PlainJpeg,
  region: Region,
  bright: OpenPlane,
  blue: OpenPlane,
  red: OpenPlane,
  out: Uint8ClampedArray,
): void {
  if (blueRow.length < region.width) {
    blueRow = new Int32Array(region.width);
    redRow = new Int32Array(region.width);
  }
  for (let row = 0; row < region.height; row++) {
    const y = region.top + row;
    enlargeRow(jpeg, region, blue, y, blueRow);
    enlargeRow(jpeg, region, red, y, redRow);
    const from = (y - bright.top) * bright.stride + region.left - bright.left;
    convertRow(bright.data, from, region.width, out, row * region.width * 3);
  }
}

/** JFIF's YCbCr to RGB in 16 bits, as libjpeg rounds it. */
function convertRow(bright: Uint8Array, from: number, width: number, out: Uint8ClampedArray, start: number): void {
  const blues = blueRow;
  const reds = redRow;
  let to = start;
  for (let x = 0; x < width; x++) {
    const y = bright[from + x] as number;
    const b = blues[x] as number;
    const r = reds[x] as number;
    out[to] = y + ((91881 * r + 32768) >> 16);
    out[to + 1] = y + ((-22554 * b - 46802 * r + 32768) >> 16);
    out[to + 2] = y + ((116130 * b + 32768) >> 16);
    to += 3;
  }
}

let sums = new Int32Array(0);

/**
 * Writes one row of colour differences, less their 128, for the columns of the region: libjpeg's "fancy" upsampling, in
 * which a sample counts three times as much as its neighbour on the pixel's side.
 */
function enlargeRow(jpeg: PlainJpeg, region: Region, plane: OpenPlane, y: number, into: Int32Array): void {
  const { data, stride, left } = plane;
  const { width } = region;
  if (jpeg.across === 1) {
    const from = (y - plane.top) * stride + region.left - left;
    for (let x = 0; x < width; x++) into[x] = (data[from + x] as number) - 128;
    return;
  }
  const lastColumn = Math.ceil(jpeg.width / 2) - 1;
  const first = Math.max(0, (region.left >> 1) - 1);
  const last = Math.min(lastColumn, ((region.left + width - 1) >> 1) + 1);
  const length = last - first + 1;
  if (sums.length < length + 2) sums = new Int32Array(length + 2);
  const line = sums;
  // One more at each end: the outermost samples are their own neighbours.
  if (jpeg.down === 1) {
    const from = (y - plane.top) * stride + first - left;
    for (let x = 0; x < length; x++) line[x + 1] = data[from + x] as number;
  } else {
    const lastRow = Math.ceil(jpeg.height / 2) - 1;
    const nearRow = y >> 1;
    const farRow = Math.min(Math.max((y & 1) === 0 ? nearRow - 1 : nearRow + 1, 0), lastRow);
    const near = (nearRow - plane.top) * stride + first - left;
    const far = (farRow - plane.top) * stride + first - left;
    for (let x = 0; x < length; x++) line[x + 1] = 3 * (data[near + x] as number) + (data[far + x] as number);
  }
  line[0] = line[1] as number;
  line[length + 1] = line[length] as number;
  const shift = jpeg.down === 1 ? 2 : 4;
  const even = jpeg.down === 1 ? 1 : 8;
  const odd = jpeg.down === 1 ? 2 : 7;
  for (let x = 0; x < width; x++) {
    const column = region.left + x;
    const middle = (column >> 1) - first + 1;
    const here = 3 * (line[middle] as number);
    into[x] =
      (column & 1) === 0
        ? ((here + (line[middle - 1] as number) + even) >> shift) - 128
        : ((here + (line[middle + 1] as number) + odd) >> shift) - 128;
  }
}
