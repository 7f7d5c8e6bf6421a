import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { drawScene, randomStyle, seededRandom } from "@beckon/synthetic";
import { defaultRoi, encodeJpeg, type Pixels } from "@beckon/vision";
import { LETTERS } from "../drawn-pictures.ts";

const WIDTH = 640;
const HEIGHT = 480;
/** About what a webcam sends. */
const BYTES = 35_000;
/** A camera's noise, in levels: it is what a JPEG spends its bytes on. */
const NOISE = 5;

/**
 * Draws a camera's frames, 640x480 with a hand that signs a letter in the region of interest, as JPEGs of about 35 kB.
 *
 * @returns their mean size in bytes
 */
export async function drawFrames(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const roi = defaultRoi(WIDTH, HEIGHT);
  let total = 0;
  for (const [index, sign] of LETTERS.entries()) {
    const style = { ...randomStyle(seededRandom(1, index)), noise: NOISE };
    const jpeg = await encodeToSize(drawScene({ sign, style, width: WIDTH, height: HEIGHT, roi }));
    total += jpeg.length;
    await writeFile(join(folder, `frame-${String(index).padStart(3, "0")}.jpg`), jpeg);
  }
  return total / LETTERS.length;
}

/** The best quality that is not larger than wanted. */
async function encodeToSize(pixels: Pixels): Promise<Uint8Array> {
  let [low, high] = [1, 100];
  let best = await encodeJpeg(pixels, low);
  while (low + 1 < high) {
    const quality = Math.floor((low + high) / 2);
    const jpeg = await encodeJpeg(pixels, quality);
    if (jpeg.length <= BYTES) {
      low = quality;
      best = jpeg;
    } else high = quality;
  }
  return best;
}
