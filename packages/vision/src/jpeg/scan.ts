import { type Component, type PlainJpeg, ZIGZAG } from "./header.ts";
import { type Huffman, LOOK, NO_VALUE } from "./huffman.ts";
import { inverseDct, inverseDctFlat } from "./inverse-dct.ts";
import { inverseDctHalf, inverseDctQuarter } from "./reduced-dct.ts";

/** How many samples become one, across and down, while they are decoded. */
export type Reduction = 1 | 2 | 4;

/** Samples of one component: those of whole blocks around a region. */
export interface Plane {
  data: Uint8ClampedArray;
  /** From one row to the next, a multiple of 4. */
  stride: number;
  reduction: Reduction;
  /** The first column and row of the plane, in samples of the component after the reduction. */
  left: number;
  top: number;
}

/** A range of blocks: from the first to before the last, in blocks of the component. */
export interface BlockWindow {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

// One thread decodes one picture at a time, from beginning to end: its memory can be used again.
let input = new Uint8Array(0);
let bits = 0;
let count = 0;
let at = 0;
const block = new Int32Array(64);

/** More bytes than one unit of six blocks can take; a reader that runs over the end is stopped after that. */
const SLACK = 4096;

/**
 * Decodes the entropy-coded data of the one scan, and of it the samples inside `windows`, one for each component.
 * Units below the windows are not read.
 *
 * @returns false when anything in the data is not as it must be
 */
export function decodeScan(
  bytes: Uint8Array,
  jpeg: PlainJpeg,
  windows: readonly BlockWindow[],
  planes: readonly Plane[],
): boolean {
  const { wide } = jpeg.components[0] as Component;
  const unitsAcross = Math.ceil(jpeg.width / (8 * wide));
  const unitsDown = windows.map(({ bottom }, index) => Math.ceil(bottom / (jpeg.components[index] as Component).high));
  const units = unitsAcross * Math.max(...unitsDown);
  const perInterval = jpeg.restart === 0 ? units : jpeg.restart;
  const predicted = new Int32Array(jpeg.components.length);
  // A picture that broke off inside a block has left a part of it.
  block.fill(0);
  let from = jpeg.scan;
  for (let unit = 0, interval = 0; unit < units; interval++) {
    const end = intervalEnd(bytes, from);
    if (end < 0) return false;
    const length = unstuff(bytes, from, end);
    predicted.fill(0);
    const last = Math.min(unit + perInterval, units);
    for (; unit < last; unit++) {
      const unitX = unit % unitsAcross;
      const unitY = (unit - unitX) / unitsAcross;
      if (!decodeUnit(jpeg, unitX, unitY, windows, planes, predicted)) return false;
      if (at - (count >> 3) > length) return false;
    }
    if (unit < units) {
      if (bytes[end + 1] !== 0xd0 + (interval & 7)) return false;
      from = end + 2;
    }
  }
  return true;
}

/** Where the next marker begins, or -1. Stuffed zeros are data. */
function intervalEnd(bytes: Uint8Array, from: number): number {
  for (let marker = bytes.indexOf(0xff, from); marker >= 0; marker = bytes.indexOf(0xff, marker + 2)) {
    if (marker + 1 >= bytes.length) return -1;
    if (bytes[marker + 1] !== 0) return marker;
  }
  return -1;
}

/** Copies an interval without its stuffed zeros to `input` and starts reading there. */
function unstuff(bytes: Uint8Array, from: number, end: number): number {
  if (input.length < end - from + SLACK) input = new Uint8Array((end - from) * 2 + SLACK);
  let to = 0;
  let start = from;
  for (let stuffed = bytes.indexOf(0xff, start); stuffed >= 0 && stuffed < end; stuffed = bytes.indexOf(0xff, start)) {
    input.set(bytes.subarray(start, stuffed + 1), to);
    to += stuffed + 1 - start;
    start = stuffed + 2;
  }
  if (start < end) {
    input.set(bytes.subarray(start, end), to);
    to += end - start;
  }
  input.fill(0, to, to + SLACK);
  bits = 0;
  count = 0;
  at = 0;
  return to;
}

function decodeUnit(
  jpeg: PlainJpeg,
  unitX: number,
  unitY: number,
  windows: readonly BlockWindow[],
  planes: readonly Plane[],
  predicted: Int32Array,
): boolean {
  const { components } = jpeg;
  for (let index = 0; index < components.length; index++) {
    const component = components[index] as Component;
    const window = windows[index] as BlockWindow;
    const plane = planes[index] as Plane;
    const { wide, high } = component;
    for (let v = 0; v < high; v++) {
      const y = unitY * high + v;
      for (let h = 0; h < wide; h++) {
        const x = unitX * wide + h;
        const difference = readDifference(component.dc);
        if (difference === BAD) return false;
        const dc = (predicted[index] as number) + difference;
        predicted[index] = dc;
        if (x < window.left || x >= window.right || y < window.top || y >= window.bottom) {
          if (!skipRest(component.ac)) return false;
          continue;
        }
        const any = readRest(component.ac, component.quantiser);
        if (any < 0) return false;
        block[0] = Math.imul(dc, component.quantiser[0] as number);
        writeBlock(plane, x, y, any > 0);
        if (any > 0) block.fill(0);
      }
    }
  }
  return true;
}

/** @param x,y of the block, in blocks of the component */
function writeBlock({ data, stride, reduction, left, top }: Plane, x: number, y: number, more: boolean): void {
  const side = reduction === 1 ? 8 : reduction === 2 ? 4 : 2;
  const to = (y * side - top) * stride + x * side - left;
  if (!more) inverseDctFlat(block[0] as number, data, to, stride, side);
  else if (reduction === 1) inverseDct(block, data, to, stride);
  else if (reduction === 2) inverseDctHalf(block, data, to, stride);
  else inverseDctQuarter(block, data, to, stride);
}

const BAD = 1 << 20;

/** A code longer than `LOOK` bits: its symbol, with its length above it in bits 8 to 12; or -1. */
function readLongCode(table: Huffman, next16: number): number {
  for (let length = LOOK + 1; length <= 16; length++) {
    if (next16 < (table.limit[length] as number)) {
      const symbol = table.symbols[(next16 >> (16 - length)) + (table.offset[length] as number)];
      return symbol === undefined ? -1 : (length << 8) | symbol;
    }
  }
  return -1;
}

function extended(value: number, size: number): number {
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/** Reads how much a block's first coefficient differs from that of the block before. */
function readDifference(table: Huffman): number {
  while (count <= 24) {
    bits = (bits << 8) | (input[at++] as number);
    count += 8;
  }
  const entry = table.look[(bits >>> (count - LOOK)) & ((1 << LOOK) - 1)] as number;
  let size = 0;
  if (entry !== 0) {
    count -= entry & 31;
    // A difference may have 11 bits and its symbol is its size alone: a run would be another table's symbol.
    if ((entry & 0x1e0) !== 0) return BAD;
    if ((entry & NO_VALUE) !== 0) return 0;
    size = (entry >> 9) & 15;
    if (size === 0) return entry >> 16;
  } else {
    const long = readLongCode(table, (bits >>> (count - 16)) & 0xffff);
    if (long < 0) return BAD;
    count -= long >> 8;
    size = long & 255;
    if (size === 0) return 0;
  }
  if (size > 11) return BAD;
  while (count <= 24) {
    bits = (bits << 8) | (input[at++] as number);
    count += 8;
  }
  count -= size;
  return extended((bits >>> count) & ((1 << size) - 1), size);
}

/** Reads the other 63 coefficients into `block`, dequantised. @returns how many there are, or -1 */
function readRest(table: Huffman, quantiser: Int32Array): number {
  const { look } = table;
  const data = input;
  let any = 0;
  let acc = bits;
  let n = count;
  let p = at;
  for (let k = 1; k < 64; k++) {
    while (n <= 24) {
      acc = (acc << 8) | (data[p++] as number);
      n += 8;
    }
    const entry = look[(acc >>> (n - LOOK)) & ((1 << LOOK) - 1)] as number;
    let value = entry >> 16;
    let size = (entry >> 9) & 15;
    let run = (entry >> 5) & 15;
    if (entry === 0) {
      const long = readLongCode(table, (acc >>> (n - 16)) & 0xffff);
      if (long < 0) return -1;
      n -= long >> 8;
      size = long & 15;
      run = (long >> 4) & 15;
    } else {
      n -= entry & 31;
    }
    if (size !== 0) {
      if (size > 10) return -1;
      while (n <= 24) {
        acc = (acc << 8) | (data[p++] as number);
        n += 8;
      }
      n -= size;
      value = extended((acc >>> n) & ((1 << size) - 1), size);
    } else if (value === 0) {
      if (run === 15) {
        k += 15;
        continue;
      }
      if (run !== 0) return -1;
      break;
    }
    k += run;
    if (k > 63) return -1;
    block[ZIGZAG[k] as number] = Math.imul(value, quantiser[k] as number);
    any += 1;
  }
  bits = acc;
  count = n;
  at = p;
  return any;
}

/** Reads over the other 63 coefficients. */
function skipRest(table: Huffman): boolean {
  const { look } = table;
  const data = input;
  let acc = bits;
  let n = count;
  let p = at;
  for (let k = 1; k < 64; k++) {
    while (n <= 24) {
      acc = (acc << 8) | (data[p++] as number);
      n += 8;
    }
    const entry = look[(acc >>> (n - LOOK)) & ((1 << LOOK) - 1)] as number;
    let size = (entry >> 9) & 15;
    let run = (entry >> 5) & 15;
    let none = (entry & NO_VALUE) !== 0;
    if (entry === 0) {
      const long = readLongCode(table, (acc >>> (n - 16)) & 0xffff);
      if (long < 0) return false;
      n -= long >> 8;
      size = long & 15;
      run = (long >> 4) & 15;
      none = size === 0;
    } else {
      n -= entry & 31;
    }
    if (none) {
      if (run === 0) break;
      if (run !== 15) return false;
      k += 15;
      continue;
    }
    if (size !== 0) {
      if (size > 10) return false;
      while (n <= 24) {
        acc = (acc << 8) | (data[p++] as number);
        n += 8;
      }
      n -= size;
    }
    k += run;
    if (k > 63) return false;
  }
  bits = acc;
  count = n;
  at = p;
  return true;
}
