// Reads the entropy-coded data of a JPEG's one scan (ITU-T T.81, annex F.2.2) and writes samples where they are wanted.

import { flatBlock, inverseDct, inverseDctHalf, inverseDctQuarter } from "./inverse-dct";
import { BLOCK, PREDICTED, UNWANTED, ZIGZAG } from "./places";

/** Bits that one look into a table takes, as `huffman.ts` makes them. */
const LOOK: i32 = 10;
/** Marks symbols of size 0. */
const NO_VALUE: i32 = 1 << 13;
/** Bytes of zeros behind an interval: more than one unit of ten blocks can take. */
const SLACK: i32 = 4096;

/** A table in memory: 1024 entries of `look`, then 18 of `limit`, 18 of `offset` (all of 32 bits), then 256 symbols. */
const LIMIT: i32 = 4096;
const OFFSET: i32 = LIMIT + 72;
const SYMBOLS: i32 = OFFSET + 72;

/** A component in memory, in numbers of 32 bits; `kernels.ts` writes the same. */
const COMPONENT_BYTES: i32 = 14 * 4;
function field(component: i32, index: i32): i32 {
  return load<i32>(component + (index << 2));
}
const WIDE: i32 = 0;
const HIGH: i32 = 1;
const DC: i32 = 2;
const AC: i32 = 3;
const QUANTISER: i32 = 4;
const WINDOW_LEFT: i32 = 5;
const WINDOW_TOP: i32 = 6;
const WINDOW_RIGHT: i32 = 7;
const WINDOW_BOTTOM: i32 = 8;
const PLANE: i32 = 9;
const STRIDE: i32 = 10;
const SIDE: i32 = 11;
const PLANE_LEFT: i32 = 12;
const PLANE_TOP: i32 = 13;

// The reader of bits: `acc` holds `count` of them in its low end, the next byte is at `at`.
let acc: u64 = 0;
let count: i32 = 0;
let at: i32 = 0;

/**
 * Decodes a scan, and of it the samples inside the components' windows.
 *
 * @param file the whole file, `length` bytes at this address; `from` is where its scan begins
 * @param components their descriptions, one after another
 * @param unitsAcross units (MCUs) in a row; `units` to read; `restart` of them between markers, 0 for none
 * @param clean place for the data without stuffed zeros, `length` bytes and the slack
 * @returns 1, or 0 when anything in the data is not as it must be
 */
export function decodeScan(
  file: i32,
  length: i32,
  from: i32,
  components: i32,
  componentCount: i32,
  unitsAcross: i32,
  units: i32,
  restart: i32,
  clean: i32,
): i32 {
  const fileEnd = file + length;
  // A picture that broke off inside a block has left a part of it.
  clearBlock();
  const perInterval = restart === 0 ? units : restart;
  let begin = file + from;
  let unit = 0;
  for (let interval = 0; unit < units; interval++) {
    const end = unstuff(begin, fileEnd, clean);
    if (end < 0) return 0;
    const cleanEnd = cleaned;
    memory.fill(PREDICTED, 0, 16);
    const last = min(unit + perInterval, units);
    let unitY = unit / unitsAcross;
    let unitX = unit - unitY * unitsAcross;
    for (; unit < last; unit++) {
      for (let index = 0; index < componentCount; index++)
        if (!decodeBlocks(components + index * COMPONENT_BYTES, PREDICTED + (index << 2), unitX, unitY)) return 0;
      if (at - (count >> 3) > cleanEnd) return 0;
      unitX++;
      if (unitX === unitsAcross) {
        unitX = 0;
        unitY++;
      }
    }
    if (unit < units) {
      if (<i32>load<u8>(end + 1) !== 0xd0 + (interval & 7)) return 0;
      begin = end + 2;
    }
  }
  return 1;
}

/** Where the last `unstuff` ended. */
let cleaned: i32 = 0;

/**
 * Copies an interval without its stuffed zeros, and starts reading there.
 *
 * @returns the address of the marker behind it, or -1 when there is none
 */
function unstuff(from: i32, fileEnd: i32, to: i32): i32 {
  acc = 0;
  count = 0;
  at = to;
  const marker = i8x16.splat(-1);
  while (from < fileEnd) {
    if (from + 16 <= fileEnd) {
      const bytes = v128.load(from);
      const found = i8x16.bitmask(i8x16.eq(bytes, marker));
      v128.store(to, bytes);
      const plain = found === 0 ? 16 : ctz(found);
      from += plain;
      to += plain;
      if (found === 0) continue;
    }
    const byte = load<u8>(from);
    if (byte !== 0xff) {
      store<u8>(to++, byte);
      from++;
      continue;
    }
    if (from + 1 >= fileEnd) return -1;
    if (load<u8>(from + 1) !== 0) {
      memory.fill(to, 0, SLACK);
      cleaned = to;
      return from;
    }
    store<u8>(to++, 0xff);
    from += 2;
  }
  return -1;
}

/** The blocks that one unit has of a component. */
function decodeBlocks(component: i32, predicted: i32, unitX: i32, unitY: i32): bool {
  const wide = field(component, WIDE);
  const high = field(component, HIGH);
  const left = field(component, WINDOW_LEFT);
  const top = field(component, WINDOW_TOP);
  const right = field(component, WINDOW_RIGHT);
  const bottom = field(component, WINDOW_BOTTOM);
  const ac = field(component, AC);
  const quantiser = field(component, QUANTISER);
  for (let v = 0; v < high; v++) {
    const y = unitY * high + v;
    for (let h = 0; h < wide; h++) {
      const x = unitX * wide + h;
      const difference = readDifference(field(component, DC));
      if (difference === BAD) return false;
      const dc = load<i32>(predicted) + difference;
      store<i32>(predicted, dc);
      const wanted = x >= left && x < right && y >= top && y < bottom;
      const last = readRest(ac, quantiser, wanted ? BLOCK : UNWANTED);
      if (last < 0) return false;
      if (!wanted) continue;
      store<i32>(BLOCK, dc * load<i32>(quantiser));
      writeBlock(component, x, y, last);
    }
  }
  return true;
}

function writeBlock(component: i32, x: i32, y: i32, last: i32): void {
  const side = field(component, SIDE);
  const stride = field(component, STRIDE);
  const row = y * side - field(component, PLANE_TOP);
  const to = field(component, PLANE) + row * stride + x * side - field(component, PLANE_LEFT);
  if (last === 0) {
    flatBlock(load<i32>(BLOCK), to, stride, side);
    return;
  }
  if (side === 8) inverseDct(BLOCK, to, stride);
  else if (side === 4) inverseDctHalf(BLOCK, to, stride);
  else inverseDctQuarter(BLOCK, to, stride);
  clearBlock();
}

function clearBlock(): void {
  const zero = i32x4.splat(0);
  for (let to = BLOCK; to < BLOCK + 256; to += 16) v128.store(to, zero);
}

const BAD: i32 = 1 << 20;

/** A code longer than `LOOK` bits: its symbol, with its length above it in bits 8 to 12; or -1. */
function readLongCode(table: i32, next16: i32): i32 {
  for (let length = LOOK + 1; length <= 16; length++) {
    if (next16 < load<i32>(table + LIMIT + (length << 2))) {
      const index = (next16 >> (16 - length)) + load<i32>(table + OFFSET + (length << 2));
      return index < 0 || index > 255 ? -1 : (length << 8) | <i32>load<u8>(table + SYMBOLS + index);
    }
  }
  return -1;
}

function extended(value: i32, size: i32): i32 {
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/** Reads how much a block's first coefficient differs from that of the block before. */
function readDifference(table: i32): i32 {
  let bits = acc;
  let n = count;
  // At least 33 bits: a code and its value take 27 at most.
  if (n <= 32) {
    bits = (bits << 32) | <u64>bswap(load<u32>(at));
    at += 4;
    n += 32;
  }
  const entry = load<i32>(table + ((<i32>(bits >> (n - LOOK)) & ((1 << LOOK) - 1)) << 2));
  let size = 0;
  let value = 0;
  if (entry !== 0) {
    n -= entry & 31;
    // A difference may have 11 bits and its symbol is its size alone: a run would be another table's symbol.
    if ((entry & 0x1e0) !== 0) return BAD;
    if ((entry & NO_VALUE) === 0) {
      size = (entry >> 9) & 15;
      value = entry >> 16;
    }
  } else {
    const long = readLongCode(table, <i32>(bits >> (n - 16)) & 0xffff);
    if (long < 0) return BAD;
    n -= long >> 8;
    size = long & 255;
  }
  if (size > 11) return BAD;
  if (size > 0) {
    n -= size;
    value = extended(<i32>(bits >> n) & ((1 << size) - 1), size);
  }
  acc = bits;
  count = n;
  return value;
}

/** Reads the other 63 coefficients into `block`, dequantised. @returns the place of the last one, 0 for none, or -1 */
function readRest(table: i32, quantiser: i32, block: i32): i32 {
  let last = 0;
  let bits = acc;
  let n = count;
  let p = at;
  for (let k = 1; k < 64; k++) {
    if (n <= 32) {
      bits = (bits << 32) | <u64>bswap(load<u32>(p));
      p += 4;
      n += 32;
    }
    const entry = load<i32>(table + ((<i32>(bits >> (n - LOOK)) & ((1 << LOOK) - 1)) << 2));
    let value = entry >> 16;
    let size = (entry >> 9) & 15;
    let run = (entry >> 5) & 15;
    if (entry === 0) {
      const long = readLongCode(table, <i32>(bits >> (n - 16)) & 0xffff);
      if (long < 0) return -1;
      n -= long >> 8;
      size = long & 15;
      run = (long >> 4) & 15;
    } else {
      n -= entry & 31;
    }
    if (size !== 0) {
      if (size > 10) return -1;
      n -= size;
      value = extended(<i32>(bits >> n) & ((1 << size) - 1), size);
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
    store<i32>(block + ((<i32>load<u8>(ZIGZAG + k)) << 2), value * load<i32>(quantiser + (k << 2)));
    last = k;
  }
  acc = bits;
  count = n;
  at = p;
  return last;
}
