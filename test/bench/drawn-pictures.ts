import { writeFile } from "node:fs/promises";
import { drawScene, drawSilhouette, randomStyle, SIGNS, seededRandom } from "@beckon/synthetic";

/** Drawn pictures in one flat file, as a pixel store keeps them. */
export interface DrawnPictures {
  readonly path: string;
  readonly classes: number;
  /** Class of every picture. */
  readonly labels: readonly number[];
  /** Pictures without a hand. */
  readonly backgrounds: readonly number[];
  /** For each picture 1 where its hand is cut out on black. */
  readonly cutOut: readonly number[];
}

/** The 24 static letters. */
export const LETTERS: readonly string[] = SIGNS.filter((sign) => /^[A-Z]$/.test(sign));
const CLASSES = [...LETTERS, "none"];
/** One picture in so many is cut out on black: of 28 training sources of letters one is. */
const CUT_OUT_EVERY = 28;

/**
 * Draws square pictures of every letter and of no hand, with the share of cut-out hands that real data has, so that
 * augmentation has as much to do as in earnest.
 */
export async function drawPictures(path: string, count: number, side: number): Promise<DrawnPictures> {
  const size = side * side * 3;
  const pixels = new Uint8Array(count * size);
  const pictures = Array.from({ length: count }, (_, index) => {
    const label = index % CLASSES.length;
    const scene = {
      sign: CLASSES[label] as string,
      style: randomStyle(seededRandom(1, index)),
      width: side,
      height: side,
    };
    const picture = drawScene(scene).data;
    const cutOut = label < LETTERS.length && index % CUT_OUT_EVERY === 0;
    if (cutOut) blackenAround(picture, drawSilhouette(scene));
    pixels.set(picture, index * size);
    return { label, cutOut };
  });
  await writeFile(path, pixels);
  return {
    path,
    classes: CLASSES.length,
    labels: pictures.map(({ label }) => label),
    backgrounds: [...pictures.keys()].filter((index) => pictures[index]?.label === LETTERS.length),
    cutOut: pictures.map(({ cutOut }) => Number(cutOut)),
  };
}

function blackenAround(picture: Uint8Array, silhouette: Uint8Array): void {
  for (const [at, cover] of silhouette.entries()) {
    if (cover < 128) picture.fill(0, at * 3, at * 3 + 3);
  }
}
