import type { Bundle } from "./bundle.ts";
import { BundleError } from "./bundle-error.ts";
import type { ModelCard } from "./card.ts";
import { type EngineChoice, openEngine, type TriedEngine } from "./engines/auto.ts";
import type { Engine } from "./engines/engine.ts";
import { type PictureLimits, type PictureShape, readPicture } from "./picture.ts";
import type { Pixels } from "./pixels.ts";
import { tensorLength, writeTensor } from "./tensor.ts";

/** The answer when the best class is below its threshold. */
export const UNKNOWN = "unknown";

/** One class and how sure the model is of it. */
export interface Score {
  readonly label: string;
  /** Probability, 0..1. */
  readonly confidence: number;
}

/** What a model says about one picture. */
export interface Verdict extends Score {
  /** The best class, or `unknown` below its threshold; the confidence is the best class's in both cases. */
  readonly label: string;
  /** The best classes, best first, whatever the thresholds. */
  readonly top: readonly Score[];
}

/** What a model says about one picture, and how long it took. */
export interface Classification extends Verdict {
  /** Where the time went, in ms. `decode` is all between the file and the tensor. */
  readonly ms: { readonly decode: number; readonly infer: number; readonly total: number };
}

/** How one picture is looked at. */
export interface ClassifyOptions {
  readonly limits: PictureLimits;
  /** The part of the picture to look at; without it, all of it. */
  readonly roi?: PictureShape["roi"];
  /** How many of the best classes are named. Default 3. */
  readonly top?: number | undefined;
}

/** A model that is ready to name what it sees. */
export interface Classifier {
  readonly bundle: Bundle;
  /** What really computes, such as `onnx-cpu`. */
  readonly engineName: string;
  /** What was considered, with times, when the engine was chosen by itself. */
  readonly tried: readonly TriedEngine[];
  /** @throws PictureError for a picture that is refused */
  classify(bytes: Uint8Array, options: ClassifyOptions): Promise<Classification>;
  /**
   * @param pictures of the model's input size, as `readPicture` makes them with the card's `input`
   * @returns probabilities, one row of one value per label for each picture
   */
  classifyBatch(pictures: readonly Pixels[]): Promise<Float32Array>;
  /** Frees the engine. Calling it twice is allowed. */
  close(): Promise<void>;
}

/** What a bundle is opened with. */
export interface ClassifierOptions {
  /** Default `auto`. */
  readonly engine?: EngineChoice | undefined;
  /** Threads of one run on the CPU. Default 1. */
  readonly threads?: number | undefined;
}

/**
 * Opens a bundle for classifying. A run blocks its thread: a service does this in a worker thread.
 *
 * @throws EngineUnavailable when the engine asked for cannot be had here
 * @throws BundleError when the model cannot be used, or does not fit its labels
 */
export async function openClassifier(bundle: Bundle, options: ClassifierOptions = {}): Promise<Classifier> {
  const { engine, tried } = await openEngine(bundle, options.engine, options.threads);
  return {
    bundle,
    engineName: engine.name,
    tried,
    classify: (bytes, how) => classify(bundle, engine, bytes, how),
    classifyBatch: (pictures) => classifyBatch(bundle, engine, pictures),
    close: () => engine.close(),
  };
}

async function classify(
  { card, labels }: Bundle,
  engine: Engine,
  bytes: Uint8Array,
  { limits, roi, top }: ClassifyOptions,
): Promise<Classification> {
  const start = performance.now();
  const { width, height, fit, kernel } = card.input;
  const pixels = await readPicture(bytes, { width, height, fit, kernel, roi }, limits);
  const tensor = new Float32Array(tensorLength(card.input));
  writeTensor(pixels, card.input, tensor);
  const decoded = performance.now();
  const probabilities = await engine.run(tensor, 1);
  const end = performance.now();
  const ms = { decode: decoded - start, infer: end - decoded, total: end - start };
  return { ...judge(probabilities, labels, card.thresholds, top), ms };
}

/** So many pictures go into the engine at once: more gain nothing on a CPU and cost memory. */
const BATCH = 32;

async function classifyBatch(
  { card, labels }: Bundle,
  engine: Engine,
  pictures: readonly Pixels[],
): Promise<Float32Array> {
  const length = tensorLength(card.input);
  const out = new Float32Array(pictures.length * labels.length);
  for (let first = 0; first < pictures.length; first += BATCH) {
    const some = pictures.slice(first, first + BATCH);
    const batch = new Float32Array(some.length * length);
    some.forEach((pixels, index) => {
      writeTensor(pixels, card.input, batch, index * length);
    });
    out.set(await engine.run(batch, some.length), first * labels.length);
  }
  return out;
}

/**
 * Names the best class of one row of probabilities, or `unknown` below that class's threshold.
 *
 * @param row one probability per label
 * @param count how many of the best classes are named
 * @throws BundleError when a value is no number
 */
export function judge(
  row: Float32Array,
  labels: readonly string[],
  thresholds: ModelCard["thresholds"],
  count = 3,
): Verdict {
  if (!row.every(Number.isFinite))
    throw new BundleError("the model gives no number for this picture; its file or its card is damaged, copy it again");
  const scores = labels.map((label, index) => ({ label, confidence: row[index] ?? 0 }));
  const top = scores.sort((a, b) => b.confidence - a.confidence).slice(0, count);
  const best = top[0] ?? { label: UNKNOWN, confidence: 0 };
  const sure = best.confidence >= thresholdOf(best.label, thresholds);
  return { label: sure ? best.label : UNKNOWN, confidence: best.confidence, top };
}

function thresholdOf(label: string, { default: otherwise, classes }: ModelCard["thresholds"]): number {
  return Object.hasOwn(classes, label) ? (classes[label] ?? otherwise) : otherwise;
}
