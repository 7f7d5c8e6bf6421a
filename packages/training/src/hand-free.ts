import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { encodeJpeg, FILE_LIMITS, PictureError, type Pixels, readPicture, readPictureFile } from "@beckon/vision";
import { scanDataset } from "./dataset.ts";

export interface HandFreeOptions {
  /** Whole camera frames, `<source>/<class>/<file>`. */
  readonly frames: string;
  /** Hands cut from frames, of the same names: `<source>/<class>/<file>`. */
  readonly crops: string;
  /** The squares go to `<out>/<source>/hand-free/*.jpg`. */
  readonly out: string;
  /** Only every n-th frame, for neighbours show the same. Default 1. */
  readonly every?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface HandFreeOutcome {
  /** Squares written. */
  readonly squares: number;
  /** Frames without a crop of their name, or in which it was not found again. */
  readonly skipped: number;
}

/** A square in pixels of the searched picture. */
interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** Frames are searched at this width: a hand is still 20 pixels wide, and the search takes milliseconds. */
const SEARCH_WIDTH = 96;
/** Sides of a hand's crop as shares of the frame's height. */
const SHARES = [0.25, 0.3, 0.36, 0.43, 0.5, 0.58, 0.67, 0.77, 0.85, 0.93, 1];
/** Least correlation of a crop with its own place: sizes between those above still pass. */
const FOUND = 0.8;
const SQUARES_PER_FRAME = 3;
/** Side of the squares, as a share of the frame's height. */
const SQUARE = 0.5;
/** A crop shows its hand in the middle: so much of its side on each edge is room that a square may show. */
const RIM = 0.1;

/**
 * Cuts squares without the hand from whole frames: finds each hand's crop again in its frame by normalised
 * cross-correlation (J. P. Lewis, "Fast Normalized Cross-Correlation", 1995) over a few sizes, and takes squares of
 * about its size beside it. Faces, walls and furniture of the very rooms that the hands were photographed in: what a
 * model sees when nobody signs.
 *
 * @throws DatasetError when there are no frames
 */
export async function cutHandFree(options: HandFreeOptions): Promise<HandFreeOutcome> {
  const { samples: all } = await scanDataset([{ folder: options.frames }]);
  const samples = all.filter((_, index) => index % (options.every ?? 1) === 0);
  let squares = 0;
  let skipped = 0;
  for (const [index, { path, source }] of samples.entries()) {
    options.signal?.throwIfAborted();
    const crop = join(options.crops, relative(resolve(options.frames), resolve(path)));
    const cut = await squaresOf(path, crop).catch(noneIfUnreadable);
    if (cut.length === 0) skipped++;
    const folder = join(options.out, source, "hand-free");
    await mkdir(folder, { recursive: true });
    for (const [number, jpeg] of cut.entries()) {
      await writeFile(join(folder, `${String(index).padStart(5, "0")}-${number + 1}.jpg`), jpeg);
      squares++;
    }
    options.onProgress?.(index + 1, samples.length);
  }
  return { squares, skipped };
}

/** A missing crop or a broken picture costs one frame; anything else, such as no memory, is the user's to know. */
function noneIfUnreadable(error: unknown): Uint8Array[] {
  if (error instanceof PictureError || (error as NodeJS.ErrnoException).code === "ENOENT") return [];
  throw error;
}

async function squaresOf(framePath: string, cropPath: string): Promise<Uint8Array[]> {
  const [frameBytes, cropBytes] = [
    await readPictureFile(framePath, FILE_LIMITS),
    await readPictureFile(cropPath, FILE_LIMITS),
  ];
  const frame = await wholeFrame(frameBytes);
  const hand = await findCrop(grey(frame), frame.width, frame.height, cropBytes);
  if (hand === undefined) return [];
  const shape = { width: 128, height: 128, fit: "stretch", kernel: "linear" } as const;
  const free = freeSquares(hand, frame.width, frame.height);
  return Promise.all(
    free.map(async ({ x, y, side }) => {
      const roi = [x / frame.width, y / frame.height, side / frame.width, side / frame.height] as const;
      return encodeJpeg(await readPicture(frameBytes, { ...shape, roi }, FILE_LIMITS));
    }),
  );
}

async function wholeFrame(bytes: Uint8Array): Promise<Pixels> {
  // The decoder gives a fixed size, so the frame's proportions are read off the black that pads it: wide frames in bright
  // rooms only. A frame that is misjudged is not found again, and skipped.
  const probe = await readPicture(bytes, { width: 64, height: 64, fit: "contain", kernel: "linear" }, FILE_LIMITS);
  const rows = Array.from({ length: 64 }, (_, row) =>
    probe.data.subarray(row * 192, row * 192 + 192).some((v) => v > 8),
  );
  const share = rows.filter(Boolean).length / 64;
  const height = Math.max(32, Math.round(SEARCH_WIDTH * share));
  return readPicture(bytes, { width: SEARCH_WIDTH, height, fit: "stretch", kernel: "linear" }, FILE_LIMITS);
}

function grey({ data, width, height }: Pixels): Float32Array {
  return Float32Array.from({ length: width * height }, (_, i) => {
    const [r, g, b] = [data[3 * i] as number, data[3 * i + 1] as number, data[3 * i + 2] as number];
    return 0.299 * r + 0.587 * g + 0.114 * b;
  });
}

async function findCrop(
  frame: Float32Array,
  width: number,
  height: number,
  crop: Uint8Array,
): Promise<Square | undefined> {
  let best: Square | undefined;
  let highest = FOUND;
  for (const share of SHARES) {
    const side = Math.round(share * height);
    const shape = { width: side, height: side, fit: "stretch", kernel: "linear" } as const;
    const template = normalised(grey(await readPicture(crop, shape, FILE_LIMITS)));
    for (let y = 0; y + side <= height; y++) {
      for (let x = 0; x + side <= width; x++) {
        const likeness = correlation(frame, width, { x, y, side }, template);
        if (likeness > highest) [highest, best] = [likeness, { x, y, side }];
      }
    }
  }
  return best;
}

/** Mean 0, length 1. */
function normalised(values: Float32Array): Float32Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const length = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0)) || 1;
  return centred.map((value) => value / length);
}

function correlation(frame: Float32Array, width: number, { x, y, side }: Square, template: Float32Array): number {
  let product = 0;
  let sum = 0;
  let squares = 0;
  for (let row = 0; row < side; row++) {
    const start = (y + row) * width + x;
    for (let column = 0; column < side; column++) {
      const value = frame[start + column] as number;
      product += value * (template[row * side + column] as number);
      sum += value;
      squares += value * value;
    }
  }
  // The template has mean 0, so the frame's own mean drops out of the product.
  return product / Math.sqrt(Math.max(squares - (sum * sum) / (side * side), 1));
}

/** Squares that do not touch the hand, far from one another. */
function freeSquares(hand: Square, width: number, height: number): Square[] {
  const rim = RIM * hand.side;
  const side = Math.round(SQUARE * height);
  const touches = ({ x, y }: Square) =>
    x < hand.x + hand.side - rim && x + side > hand.x + rim && y < hand.y + hand.side - rim && y + side > hand.y + rim;
  const candidates: Square[] = [];
  const step = Math.max(1, Math.round(side / 6));
  for (let y = 0; y + side <= height; y += step)
    for (let x = 0; x + side <= width; x += step) if (!touches({ x, y, side })) candidates.push({ x, y, side });
  const chosen: Square[] = [];
  while (chosen.length < SQUARES_PER_FRAME && candidates.length > 0) {
    const distance = (one: Square) =>
      Math.min(...chosen.map((other) => Math.hypot(one.x - other.x, one.y - other.y)), 1e9);
    const next = candidates.reduce((a, b) => (distance(b) > distance(a) ? b : a));
    if (chosen.length > 0 && distance(next) < side / 3) break;
    chosen.push(next);
  }
  return chosen;
}
