import type { PictureShape } from "@beckon/vision";
import { type Sample, scanDataset } from "./dataset.ts";
import type { DataInput } from "./dataset-folder.ts";
import { findOverlap } from "./near-duplicates.ts";
import { storePixels } from "./pixel-store.ts";

/** Stretched, so that a copy of another width still meets its original, and no larger than what is compared needs. */
const COMPARED: PictureShape = { width: 64, height: 64, fit: "stretch", kernel: "linear" };

/**
 * Leaves out the pictures that are also, or nearly, in other folders: copies, near-duplicates and mirrored ones. What
 * cannot be read is kept: it is told of where it is used.
 *
 * @throws DatasetError when one of the folders is missing or nothing in them can be read
 */
export async function withoutAlike(
  samples: readonly Sample[],
  folders: readonly DataInput[],
  signal?: AbortSignal,
): Promise<Sample[]> {
  const options = signal === undefined ? {} : { signal };
  const others = await storePixels((await scanDataset(folders)).samples, COMPARED, options);
  try {
    const own = await storePixels(samples, COMPARED, options);
    try {
      const alike = new Set(findOverlap(others.store, own.store).map(({ second }) => own.samples[second]));
      return samples.filter((sample) => !alike.has(sample));
    } finally {
      own.store.close();
    }
  } finally {
    others.store.close();
  }
}
