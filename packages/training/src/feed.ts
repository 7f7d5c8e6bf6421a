import { closeSync, openSync, readSync } from "node:fs";
import { seededRandom } from "@beckon/synthetic";
import { type InputSpec, writeTensor } from "@beckon/vision";
import { AUGMENTATIONS, type AugmentationName, augment } from "./augmentation.ts";
import { openPixelFile } from "./pixel-store.ts";

/** Where samples come from, as plain data that can be sent to a worker thread. */
export type FeedSource = PixelSource | FeatureSource;

/** Pictures from a pixel store. */
export interface PixelSource {
  readonly kind: "pixels";
  readonly path: string;
  readonly input: InputSpec;
  readonly augmentation: AugmentationName;
  /** For each sample 1 where its hand is cut out on black. */
  readonly cutOut: Uint8Array;
  /** Samples that may stand behind a cut-out hand. */
  readonly backgrounds: Int32Array;
}

/** Feature vectors in one flat file of 32-bit floats, sample after sample. */
export interface FeatureSource {
  readonly kind: "features";
  readonly path: string;
  readonly size: number;
}

/** Turns samples into the input values of a network. */
export interface Feed {
  /** Values of one sample. */
  readonly size: number;
  /**
   * Writes one sample as it is.
   *
   * @param offset where its first value goes
   */
  plain(sample: number, into: Float32Array, offset: number): void;
  /** Writes one sample as it is trained on: augmented by a draw that depends on `seed` alone. */
  varied(sample: number, seed: readonly number[], into: Float32Array, offset: number): void;
  close(): void;
}

export function openFeed(source: FeedSource): Feed {
  return source.kind === "pixels" ? pixelFeed(source) : featureFeed(source);
}

function pixelFeed({ path, input, augmentation, cutOut, backgrounds }: PixelSource): Feed {
  const { width, height } = input;
  const store = openPixelFile(path, width, height);
  const size = width * height * 3;
  const picture = new Uint8Array(size);
  const backdrop = new Uint8Array(size);
  const varied = new Uint8Array(size);
  const how = AUGMENTATIONS[augmentation];
  const plain = (sample: number, into: Float32Array, offset: number) => {
    store.read(sample, picture, 0);
    writeTensor({ width, height, data: picture }, input, into, offset);
  };
  return {
    size,
    plain,
    varied(sample, seed, into, offset) {
      if (augmentation === "none") return plain(sample, into, offset);
      const random = seededRandom(...seed);
      store.read(sample, picture, 0);
      const behind = cutOut[sample] === 1 && backgrounds.length > 0;
      if (behind) store.read(backgrounds[Math.floor(random() * backgrounds.length)] as number, backdrop, 0);
      augment(picture, width, height, varied, random, how, behind ? backdrop : undefined);
      writeTensor({ width, height, data: varied }, input, into, offset);
    },
    close: () => store.close(),
  };
}

function featureFeed({ path, size }: FeatureSource): Feed {
  const file = openSync(path, "r");
  const plain = (sample: number, into: Float32Array, offset: number) => {
    const bytes = new Uint8Array(into.buffer, into.byteOffset + offset * 4, size * 4);
    const read = readSync(file, bytes, 0, size * 4, sample * size * 4);
    if (read !== size * 4) throw new Error(`${path} ends before sample ${sample}`);
  };
  return {
    size,
    plain,
    varied: (sample, _seed, into, offset) => plain(sample, into, offset),
    close: () => closeSync(file),
  };
}
