import type { Random } from "@beckon/synthetic";
import { between, normal, seededRandom } from "@beckon/synthetic";

/** What poor cameras and things in the way do. Each is a probability. */
export interface Defects {
  /** Out of focus, or moved. */
  readonly blur: number;
  /** Taken with half to a third of the pixels and scaled up. */
  readonly lowResolution: number;
  /** Grain, up to `noiseDepth` (standard deviation in steps of 1/255). */
  readonly noise: number;
  readonly noiseDepth: number;
  /** One or two rectangles covered; sides up to `eraseSide` of the picture's. */
  readonly erase: number;
  readonly eraseSide: number;
}

/** Damages RGB bytes in place, as one draw of `how` says. */
export function applyDefects(pixels: Uint8Array, width: number, height: number, random: Random, how: Defects): void {
  if (random() < how.erase) {
    const count = random() < 0.3 ? 2 : 1;
    for (let i = 0; i < count; i++) erase(pixels, width, height, random, how.eraseSide);
  }
  if (random() < how.lowResolution) coarsen(pixels, width, height, random() < 0.6 ? 2 : 3);
  if (random() < how.blur) blur(pixels, width, height, random);
  if (random() < how.noise) addNoise(pixels, random, how.noiseDepth);
}

/** Box blur over 3 or 5 pixels: in both directions, or in one, as by a movement. */
function blur(pixels: Uint8Array, width: number, height: number, random: Random): void {
  const reach = random() < 0.7 ? 1 : 2;
  const direction = random();
  if (direction < 0.75) for (let y = 0; y < height; y++) blurLine(pixels, y * width * 3, 3, width, reach);
  if (direction < 0.5 || direction >= 0.75)
    for (let x = 0; x < width; x++) blurLine(pixels, x * 3, width * 3, height, reach);
}

let line = new Uint8Array(0);

/** Running mean along one line of pixels, `step` bytes apart; the line's ends are repeated beyond it. */
function blurLine(pixels: Uint8Array, start: number, step: number, length: number, reach: number): void {
  if (line.length < length) line = new Uint8Array(length);
  const share = 1 / (2 * reach + 1);
  const last = length - 1;
  for (let k = start; k < start + 3; k++) {
    for (let i = 0; i < length; i++) line[i] = pixels[k + i * step] as number;
    let sum = 0;
    for (let i = -reach; i <= reach; i++) sum += line[i < 0 ? 0 : i > last ? last : i] as number;
    for (let i = 0; i < length; i++) {
      pixels[k + i * step] = sum * share + 0.5;
      const enters = i + reach + 1;
      const leaves = i - reach;
      sum += (line[enters > last ? last : enters] as number) - (line[leaves < 0 ? 0 : leaves] as number);
    }
  }
}

let cells = new Float32Array(0);
let stretched = new Float64Array(0);

/** Averages blocks of `factor` by `factor` pixels and scales the result up again, bilinearly: first across, then down. */
function coarsen(pixels: Uint8Array, width: number, height: number, factor: number): void {
  const columns = Math.ceil(width / factor);
  const rows = Math.ceil(height / factor);
  if (cells.length < columns * rows * 3) cells = new Float32Array(columns * rows * 3);
  if (stretched.length < width * rows * 3) stretched = new Float64Array(width * rows * 3);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) averageCell(pixels, width, height, factor, row, column, columns);
  for (let x = 0; x < width; x++) stretchColumn(x, width, columns, rows, factor);
  const line = width * 3;
  for (let y = 0; y < height; y++) {
    const v = Math.min(Math.max((y + 0.5) / factor - 0.5, 0), rows - 1);
    const top = v | 0;
    const fy = v - top;
    const upper = top * line;
    const lower = top < rows - 1 ? upper + line : upper;
    const out = y * line;
    for (let i = 0; i < line; i++)
      pixels[out + i] = (stretched[upper + i] as number) * (1 - fy) + (stretched[lower + i] as number) * fy + 0.5;
  }
}

/** Writes column `x` of the cells scaled up across. */
function stretchColumn(x: number, width: number, columns: number, rows: number, factor: number): void {
  const u = Math.min(Math.max((x + 0.5) / factor - 0.5, 0), columns - 1);
  const left = u | 0;
  const fx = u - left;
  const next = left < columns - 1 ? 3 : 0;
  for (let row = 0; row < rows; row++) {
    const p = (row * columns + left) * 3;
    const out = (row * width + x) * 3;
    for (let k = 0; k < 3; k++)
      stretched[out + k] = (cells[p + k] as number) * (1 - fx) + (cells[p + next + k] as number) * fx;
  }
}

function averageCell(
  pixels: Uint8Array,
  width: number,
  height: number,
  factor: number,
  row: number,
  column: number,
  columns: number,
): void {
  const right = Math.min((column + 1) * factor, width);
  const bottom = Math.min((row + 1) * factor, height);
  let r = 0;
  let g = 0;
  let b = 0;
  for (let y = row * factor; y < bottom; y++)
    for (let x = column * factor; x < right; x++) {
      const at = (y * width + x) * 3;
      r += pixels[at] as number;
      g += pixels[at + 1] as number;
      b += pixels[at + 2] as number;
    }
  const count = (right - column * factor) * (bottom - row * factor);
  const cell = (row * columns + column) * 3;
  cells[cell] = r / count;
  cells[cell + 1] = g / count;
  cells[cell + 2] = b / count;
}

/** Standard deviation of the values of `grain`. */
const GRAIN_DEPTH = 32;
const GRAIN_MASK = 0xffff;
/** Normal draws are dear: each picture takes a stretch of these, from a place of its own. */
const grain = drawGrain();

function drawGrain(): Int8Array {
  const random = seededRandom(20_240_117);
  return Int8Array.from({ length: GRAIN_MASK + 1 }, () => Math.max(-127, Math.min(127, normal(random) * GRAIN_DEPTH)));
}

/** Adds normal noise, of its own for each channel or the same for all three. */
function addNoise(pixels: Uint8Array, random: Random, deepest: number): void {
  const depth = between(random, 0.2, 1) * deepest;
  const inColour = random() < 0.5;
  const scale = depth / GRAIN_DEPTH;
  const step = inColour ? 1 : 3;
  let place = Math.floor(random() * GRAIN_MASK);
  for (let i = 0; i < pixels.length; i += step) {
    place = (place + 1) & GRAIN_MASK;
    const change = (grain[place] as number) * scale;
    for (let k = i; k < i + step; k++) {
      const value = (pixels[k] as number) + change;
      pixels[k] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
    }
  }
}

/** Covers a rectangle with one colour or with noise (Zhong et al., "Random Erasing Data Augmentation", 2017). */
function erase(pixels: Uint8Array, width: number, height: number, random: Random, side: number): void {
  const w = Math.round(between(random, side / 3, side) * width);
  const h = Math.round(between(random, side / 3, side) * height);
  const left = Math.floor(random() * (width - w + 1));
  const top = Math.floor(random() * (height - h + 1));
  const colour = [random() * 256, random() * 256, random() * 256] as const;
  const roughness = random() < 0.5 ? 0 : 1.5;
  let place = Math.floor(random() * GRAIN_MASK);
  for (let y = top; y < top + h; y++)
    for (let x = left; x < left + w; x++)
      for (let k = 0; k < 3; k++) {
        place = (place + 1) & GRAIN_MASK;
        const value = (colour[k] as number) + (grain[place] as number) * roughness;
        pixels[(y * width + x) * 3 + k] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
}
