import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { between, drawScene, poseOf, randomStyle, SIGNS, seededRandom } from "@beckon/synthetic";
import { encodeJpeg } from "@beckon/vision";

export interface SyntheticOptions {
  /** Where the source is made: `<folder>/synthetic/<sign>/0001.jpg`. */
  readonly folder: string;
  /** Signs to draw, of `SIGNS`. */
  readonly signs: readonly string[];
  readonly perSign: number;
  /** Side of the square pictures in pixels. */
  readonly side: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Draws a training source with the synthetic hand: every picture another hand, light, room and slightly another pose.
 * The same options give the same files.
 *
 * @returns the number of pictures
 * @throws RangeError for an unknown sign
 */
export async function drawSyntheticSource(options: SyntheticOptions): Promise<number> {
  const { folder, signs, perSign, side, seed, signal, onProgress } = options;
  for (const sign of signs) poseOf(sign);
  let done = 0;
  for (const sign of signs) {
    const into = join(folder, "synthetic", sign);
    await mkdir(into, { recursive: true });
    for (let index = 0; index < perSign; index++) {
      signal?.throwIfAborted();
      const random = seededRandom(seed, SIGNS.indexOf(sign), index);
      const variant = random() < 0.7 ? 0 : 1;
      const time = between(random, 0, 60_000);
      const picture = drawScene({ sign, variant, style: randomStyle(random), width: side, height: side, time });
      await writeFile(join(into, `${String(index + 1).padStart(4, "0")}.jpg`), await encodeJpeg(picture));
      done++;
      onProgress?.(done, signs.length * perSign);
    }
  }
  return done;
}
