import type { PixelStore } from "./pixel-store.ts";

/** Two pictures that show nearly the same. */
export interface Duplicate {
  /** Index in the first store. */
  readonly first: number;
  /** Index in the second store. */
  readonly second: number;
  /** True when one looks like the other turned left to right. */
  readonly mirrored: boolean;
}

/** Pictures grouped by likeness: what is near to one member of a group is in the group. */
export interface DuplicateGroups {
  /** For each picture the index of the first picture of its group; its own where it stands alone. */
  readonly groupOf: Int32Array;
  /** Groups of two pictures or more. */
  readonly groups: number;
  /** Pictures in such groups. */
  readonly pictures: number;
}

/**
 * Two pictures are near-duplicates when at most this many of the 64 bits of their hashes differ, and their thumbnails
 * differ by no more than `MAX_DIFFERENCE`. Set on SIGNS, of whose 120 test pictures 21 to 23 are known to be nearly
 * identical to a training picture.
 */
const MAX_BITS = 7;
/** Mean absolute difference of the grey values of the thumbnails, of 255. */
const MAX_DIFFERENCE = 5.3;
/** Side of a thumbnail in pixels. */
const SIDE = 16;
const AREA = SIDE * SIDE;
/** With 8 bands and at most 7 bits that differ, two hashes agree in one band at least (the pigeonhole principle). */
const BANDS = 8;

/**
 * Groups the near-duplicates of a store, mirrored copies among them. Seconds for tens of thousands of pictures.
 *
 * @param labels class of each picture; only pictures of one class are grouped then. Without it a fixed camera and a small
 *   hand may join all classes of a source.
 */
export function groupDuplicates(store: PixelStore, labels?: ArrayLike<number>): DuplicateGroups {
  const prints = fingerprint(store);
  const groupOf = Int32Array.from({ length: store.count }, (_, index) => index);
  for (const { first, second } of pairs(prints, prints))
    if (labels === undefined || labels[first] === labels[second]) union(groupOf, first, second);
  const sizes = new Map<number, number>();
  for (let index = 0; index < groupOf.length; index++) {
    const root = find(groupOf, index);
    groupOf[index] = root;
    sizes.set(root, (sizes.get(root) ?? 0) + 1);
  }
  const large = [...sizes.values()].filter((size) => size > 1);
  return { groupOf, groups: large.length, pictures: large.reduce((sum, size) => sum + size, 0) };
}

/** For each picture of `second` that has a near-duplicate in `first`: the one found first. Both stores have one size. */
export function findOverlap(first: PixelStore, second: PixelStore): Duplicate[] {
  const found = new Map<number, Duplicate>();
  for (const pair of pairs(fingerprint(first), fingerprint(second)))
    if (!found.has(pair.second)) found.set(pair.second, pair);
  return [...found.values()].sort((a, b) => a.second - b.second);
}

/** What is compared, for all pictures of a store: 64 bits and a grey thumbnail each. */
interface Fingerprints {
  readonly count: number;
  /** Bits 0 to 31 and 32 to 63. */
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** The same of the picture turned left to right. */
  readonly mirroredLow: Uint32Array;
  readonly mirroredHigh: Uint32Array;
  readonly thumbnails: Uint8Array;
}

function fingerprint(store: PixelStore): Fingerprints {
  const { count, width, height } = store;
  const prints = {
    count,
    low: new Uint32Array(count),
    high: new Uint32Array(count),
    mirroredLow: new Uint32Array(count),
    mirroredHigh: new Uint32Array(count),
    thumbnails: new Uint8Array(count * AREA),
  };
  const pixels = new Uint8Array(width * height * 3);
  const grid = new Uint8Array(9 * 8);
  for (let index = 0; index < count; index++) {
    store.read(index, pixels, 0);
    shrink(pixels, width, height, prints.thumbnails.subarray(index * AREA, (index + 1) * AREA), SIDE, SIDE);
    shrink(pixels, width, height, grid, 9, 8);
    prints.low[index] = gradientBits(grid, 0, 1);
    prints.high[index] = gradientBits(grid, 4, 1);
    prints.mirroredLow[index] = gradientBits(grid, 0, -1);
    prints.mirroredHigh[index] = gradientBits(grid, 4, -1);
  }
  return prints;
}

/**
 * Four rows of the difference hash of a 9x8 grey picture, a bit for each step to the right: set where it gets brighter
 * (N. Krawetz, "Kind of Like That", hackerfactor.com, 2013). `step` -1 reads the rows from the right.
 */
function gradientBits(grid: Uint8Array, fromRow: number, step: 1 | -1): number {
  let bits = 0;
  for (let row = fromRow; row < fromRow + 4; row++) {
    let at = row * 9 + (step === 1 ? 0 : 8);
    for (let i = 0; i < 8; i++, at += step)
      bits = (bits << 1) | ((grid[at + step] as number) > (grid[at] as number) ? 1 : 0);
  }
  return bits >>> 0;
}

/** Grey means over a grid of cells; a cell covers one pixel at least. */
function shrink(pixels: Uint8Array, width: number, height: number, into: Uint8Array, columns: number, rows: number) {
  for (let row = 0; row < rows; row++) {
    const top = Math.floor((row * height) / rows);
    const bottom = Math.max(Math.floor(((row + 1) * height) / rows), top + 1);
    for (let column = 0; column < columns; column++) {
      const left = Math.floor((column * width) / columns);
      const right = Math.max(Math.floor(((column + 1) * width) / columns), left + 1);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        const end = (y * width + right) * 3;
        for (let at = (y * width + left) * 3; at < end; at += 3)
          sum += (pixels[at] as number) + 2 * (pixels[at + 1] as number) + (pixels[at + 2] as number);
      }
      into[row * columns + column] = sum / (4 * (right - left) * (bottom - top)) + 0.5;
    }
  }
}

/** All near-duplicates between two sets; within one set, each pair once. */
function* pairs(first: Fingerprints, second: Fingerprints): Generator<Duplicate> {
  const within = first === second;
  for (let band = 0; band < BANDS; band++) {
    const buckets = bucketsOf(first, band);
    for (let index = 0; index < second.count; index++)
      for (const mirrored of [false, true]) {
        const low = (mirrored ? second.mirroredLow : second.low)[index] as number;
        const high = (mirrored ? second.mirroredHigh : second.high)[index] as number;
        for (const other of buckets[bandOf(low, high, band)] ?? []) {
          if (within && other >= index) break;
          const bits = bitCount((first.low[other] as number) ^ low) + bitCount((first.high[other] as number) ^ high);
          if (bits > MAX_BITS || !alike(first.thumbnails, other * AREA, second.thumbnails, index * AREA, mirrored))
            continue;
          yield { first: other, second: index, mirrored };
        }
      }
  }
}

/** The pictures of each value of one band of 8 bits, in ascending order. */
function bucketsOf(prints: Fingerprints, band: number): number[][] {
  const buckets = Array.from({ length: 256 }, (): number[] => []);
  for (let index = 0; index < prints.count; index++)
    buckets[bandOf(prints.low[index] as number, prints.high[index] as number, band)]?.push(index);
  return buckets;
}

function bandOf(low: number, high: number, band: number): number {
  return ((band < 4 ? low : high) >>> ((band & 3) * 8)) & 255;
}

function alike(a: Uint8Array, atA: number, b: Uint8Array, atB: number, mirrored: boolean): boolean {
  let difference = 0;
  for (let row = 0; row < AREA; row += SIDE) {
    for (let x = 0; x < SIDE; x++)
      difference += Math.abs((a[atA + row + x] as number) - (b[atB + row + (mirrored ? SIDE - 1 - x : x)] as number));
    if (difference > MAX_DIFFERENCE * AREA) return false;
  }
  return true;
}

/** Number of bits set (H. Warren, "Hacker's Delight", figure 5-2). */
function bitCount(value: number): number {
  let bits = value - ((value >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The first picture of a group; shortens the way there for the next time. */
function find(groupOf: Int32Array, index: number): number {
  let root = index;
  while (groupOf[root] !== root) root = groupOf[root] as number;
  for (let at = index; at !== root; ) {
    const next = groupOf[at] as number;
    groupOf[at] = root;
    at = next;
  }
  return root;
}

function union(groupOf: Int32Array, a: number, b: number): void {
  const [first, second] = [find(groupOf, a), find(groupOf, b)];
  groupOf[Math.max(first, second)] = Math.min(first, second);
}
