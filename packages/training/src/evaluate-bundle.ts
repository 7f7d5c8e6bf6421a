import { type Bundle, type EngineChoice, openClassifier, type PictureShape, type Pixels } from "@beckon/vision";
import { type Dataset, matchLabels, type Sample, scanDataset } from "./dataset.ts";
import { type DataInput, DatasetError, type Problem } from "./dataset-folder.ts";
import { type Evaluation, evaluatePredictions, type Prediction } from "./evaluation/evaluation.ts";
import { readSample } from "./read-sample.ts";
import { withoutAlike } from "./unlike.ts";

export interface BundleEvaluationOptions {
  readonly bundle: Bundle;
  readonly data: readonly DataInput[];
  /** See `ScanOptions.drop`. */
  readonly drop?: readonly string[];
  /** Pictures that are also or nearly in these folders, such as those trained on, are left out and counted. */
  readonly unlike?: readonly DataInput[];
  /** The part of each picture that is looked at. Default: the whole picture. */
  readonly roi?: PictureShape["roi"];
  /** Default `onnx-cpu`. */
  readonly engine?: EngineChoice;
  /** Threads of the engine on the CPU. Default 1. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of pictures done and of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface BundleEvaluation {
  readonly evaluation: Evaluation;
  /** Pictures left out because they are also or nearly in `unlike`. */
  readonly alike: number;
  /** What was wrong with the data, files that could not be read among it. */
  readonly problems: readonly Problem[];
  /** What computed, such as `onnx-cpu`. */
  readonly engineName: string;
  /** Pictures judged a second, decoding included. */
  readonly picturesPerSecond: number;
}

/** So many pictures go through the engine at once. */
const BATCH = 32;
/**
 * So many files are read and decoded ahead of the engine. A run blocks this thread; what has been handed to the
 * decoder's threads by then goes on meanwhile, so that there must be more than one batch of it.
 */
const AHEAD = 2 * BATCH;

/**
 * Judges a bundle on folders of labelled pictures. Classes that the model lacks are left out and counted; files that
 * cannot be read are named.
 *
 * @throws DatasetError when there is no picture of a class that the model knows, or none that is unlike `unlike`
 * @throws BundleError, EngineUnavailable when the model cannot be run
 * @throws the signal's reason when it is aborted
 */
export async function evaluateBundle(options: BundleEvaluationOptions): Promise<BundleEvaluation> {
  const { bundle, roi, signal } = options;
  const dataset = await scanDataset(options.data, options.drop === undefined ? {} : { drop: options.drop });
  const { samples: known, missing } = matchLabels(dataset, bundle.labels);
  if (known.length === 0) throw noCommonClass(dataset, bundle);
  const samples = options.unlike === undefined ? known : await withoutAlike(known, options.unlike, signal);
  if (samples.length === 0) throw nothingUnlike(known.length);
  const problems: Problem[] = [...dataset.problems];
  const classifier = await openClassifier(bundle, { engine: options.engine ?? "onnx-cpu", threads: options.threads });
  try {
    const start = performance.now();
    const predictions: Prediction[] = [];
    const { width, height, fit, kernel } = bundle.card.input;
    let done = 0;
    for await (const read of readInBatches(samples, { width, height, fit, kernel, roi })) {
      signal?.throwIfAborted();
      problems.push(...read.problems);
      const rows = await classifier.classifyBatch(read.pictures.map(({ pixels }) => pixels));
      predictions.push(
        ...read.pictures.map(({ sample }, row) => toPrediction(sample, rows, row, bundle.labels.length)),
      );
      done += read.pictures.length + read.problems.length;
      options.onProgress?.(done, samples.length);
    }
    const seconds = (performance.now() - start) / 1000;
    if (predictions.length === 0)
      throw new DatasetError(`no picture could be read; the first: ${problems.at(0)?.message}`);
    return {
      evaluation: evaluatePredictions({
        labels: bundle.labels,
        predictions,
        thresholds: bundle.card.thresholds,
        leftOut: Object.fromEntries(missing.map(({ name, count }) => [name, count])),
        ...trainedSources(bundle),
      }),
      alike: known.length - samples.length,
      problems,
      engineName: classifier.engineName,
      picturesPerSecond: predictions.length / seconds,
    };
  } finally {
    await classifier.close();
  }
}

interface ReadBatch {
  readonly pictures: readonly { readonly sample: Sample; readonly pixels: Pixels }[];
  readonly problems: readonly Problem[];
}

/** Batches in the order of the samples; the next ones are being decoded while one is used. */
async function* readInBatches(samples: readonly Sample[], shape: PictureShape): AsyncGenerator<ReadBatch> {
  const running: Promise<Pixels | Problem>[] = [];
  let started = 0;
  const startMore = () => {
    while (running.length < AHEAD && started < samples.length)
      running.push(readSample((samples[started++] as Sample).path, shape));
  };
  try {
    for (let first = 0; first < samples.length; first += BATCH) {
      startMore();
      const some = samples.slice(first, first + BATCH);
      const read = await Promise.all(running.splice(0, some.length));
      startMore();
      yield {
        pictures: some.flatMap((sample, i) => {
          const pixels = read[i];
          return pixels !== undefined && "data" in pixels ? [{ sample, pixels }] : [];
        }),
        problems: read.filter((one) => "kind" in one),
      };
    }
  } finally {
    // A consumer that stops early must not leave reads behind that nobody waits for.
    await Promise.allSettled(running);
  }
}

function toPrediction(sample: Sample, rows: Float32Array, row: number, classes: number): Prediction {
  const { path, source, label } = sample;
  return { path, source, truth: label, probabilities: rows.slice(row * classes, (row + 1) * classes) };
}

/** A card without sources says that nobody recorded them, not that there were none. */
function trainedSources({ card }: Bundle): { trainedSources?: string[] } {
  return card.sources.length === 0 ? {} : { trainedSources: card.sources.map(({ name }) => name) };
}

function nothingUnlike(count: number): DatasetError {
  return new DatasetError(
    `every one of the ${count} pictures is also, or nearly, in the folders it must be unlike: test on others`,
  );
}

function noCommonClass({ classes }: Dataset, { labels, card }: Bundle): DatasetError {
  const some = (names: readonly string[]) => `${names.slice(0, 8).join(", ")}${names.length > 8 ? ", ..." : ""}`;
  return new DatasetError(
    `no picture of a class that "${card.name}" knows: the data has ${some(classes)}, the model ${some(labels)}; ` +
      "give a folder its class with <folder>=<class>",
  );
}
