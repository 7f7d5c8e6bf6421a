import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type InputSpec, loadBundle, type NewBundle, saveBundle } from "@beckon/vision";
import type { Recipe } from "./architecture.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { sourcesOf } from "./dataset.ts";
import { balancedAccuracy } from "./evaluation/balanced.ts";
import { toCardEvaluation } from "./evaluation/card-evaluation.ts";
import { type Evaluation, evaluatePredictions } from "./evaluation/evaluation.ts";
import { type Epoch, readHistory } from "./history.ts";
import type { NetworkState } from "./initial-weights.ts";
import { inputOf, type Network, networkOf } from "./network.ts";
import { type PreparedData, prepareData } from "./prepare-data.ts";
import { addEpoch, cutHistory, keepEpoch, openRunFolder, type RunFolder, writeReport } from "./run-folder.ts";
import { balancedSampler, type Sampler, shuffledSampler } from "./sampler.ts";
import { type EpochOutcome, newTrainingState, Trainer, TrainingError } from "./trainer.ts";
import type { TrainingEvent, TrainingOptions, TrainingResult } from "./training-run.ts";

/**
 * Trains a model as the options say and leaves a folder with the best epoch as a bundle, a checkpoint to go on from, the
 * history and a report. An abort by the signal is no error once there is an epoch to go on from: the result says
 * `interrupted`, and at most the epoch that was under way is lost.
 *
 * @throws DatasetError, BundleError, CheckpointError, TrainingError with one line for the user
 * @throws the signal's reason when it is aborted before the first epoch is done, and nothing is kept
 */
export async function train(options: TrainingOptions): Promise<TrainingResult> {
  const folder = await openRunFolder(options.out, options.resume);
  const source = options.startFrom === undefined ? undefined : await loadBundle(options.startFrom);
  const input = inputOf(options, source);
  const data = await prepareData(options, input);
  try {
    const network = networkOf(options, source, input, data.classes.length);
    const recipe = recipeFor(options, data);
    const state = newTrainingState(network.plan, recipe, network.start);
    const fingerprint = fingerprintOf(options, network, data);
    const best = options.resume ? await readCheckpoint(folder.last, fingerprint, state) : undefined;
    await using trainer = await Trainer.open({
      plan: network.plan,
      recipe,
      feed: await network.feed(data),
      labels: Int32Array.from(data.samples, ({ label }) => label),
      train: data.train,
      sampler: samplerOf(options, data),
      state,
      seed: options.seed,
      workers: options.workers,
      threads: 1,
    });
    return await runEpochs(
      { options: { ...options, recipe }, folder, input, data, network, trainer, fingerprint },
      best,
    );
  } finally {
    data.store.close();
  }
}

/** One training under way. */
interface Run {
  readonly options: TrainingOptions;
  readonly folder: RunFolder;
  readonly input: InputSpec;
  readonly data: PreparedData;
  readonly network: Network;
  readonly trainer: Trainer;
  readonly fingerprint: string;
}

async function runEpochs(run: Run, resumedBest: Epoch | undefined): Promise<TrainingResult> {
  const { options, trainer, folder } = run;
  const emit = emitterOf(options);
  const { epochs } = options.recipe;
  let best = resumedBest;
  if (best) await restoreOutputs(run, best);
  emit({ type: "start", epochs, stepsPerEpoch: trainer.steps, resumedAt: trainer.state.epoch });
  let interrupted = false;
  while (trainer.state.epoch < epochs && !interrupted) {
    const began = performance.now();
    const outcome = await epochUnlessAborted(run);
    if (outcome === undefined) {
      interrupted = true;
      break;
    }
    const judged = await judge(run, await trainer.score(run.data.validation));
    const row = rowOf(trainer.state.epoch, outcome, judged, (performance.now() - began) / 1000);
    if (isBetter(row, best)) {
      best = row;
      trainer.keepBest();
      await saveBundle(folder.best, bundleOf(run, judged, row.epoch, trainer.state.best));
      emit({ type: "saved", what: "best", path: folder.best });
    }
    await addEpoch(folder, row);
    await keepEvery(run, row, judged);
    await writeCheckpoint(folder.last, { fingerprint: run.fingerprint, state: trainer.state, best });
    emit({ type: "epoch", row, best: best === row });
  }
  if (best === undefined)
    throw options.signal?.reason ?? new TrainingError("no epoch was trained: ask for one or more");
  const evaluation = await reportOn(run);
  return {
    out: folder.folder,
    bundle: folder.best,
    report: folder.report,
    best,
    history: await readHistory(folder.history),
    ...(evaluation && { evaluation }),
    interrupted,
  };
}

/**
 * Brings the folder to where the checkpoint is. A process that was killed after an epoch, but before its checkpoint was
 * written, leaves a best bundle and a line of the history that the checkpoint does not know of.
 */
async function restoreOutputs(run: Run, best: Epoch): Promise<void> {
  const { folder, network, trainer, data } = run;
  await cutHistory(folder, trainer.state.epoch);
  const found = await readFile(join(folder.best, "model.onnx")).catch(() => undefined);
  if (found?.equals(network.toOnnx(trainer.state.best))) return;
  const judged = await judge(run, await trainer.scoreBest(data.validation));
  await saveBundle(folder.best, bundleOf(run, judged, best.epoch, trainer.state.best));
}

/** An epoch, or undefined when the signal ended it. */
async function epochUnlessAborted({ options, trainer }: Run): Promise<EpochOutcome | undefined> {
  const { signal } = options;
  if (signal?.aborted) return undefined;
  const emit = emitterOf(options);
  const epoch = trainer.state.epoch + 1;
  try {
    return await trainer.epoch(signal, (report) => emit({ type: "step", epoch, ...report }));
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}

/** How good the network is on the validation pictures; undefined when there are none. */
interface Judged {
  readonly evaluation: Evaluation;
  /** What the best epoch is chosen by. */
  readonly accuracy: number;
  readonly loss: number;
}

async function judge({ data, options }: Run, probabilities: Float32Array): Promise<Judged | undefined> {
  if (data.validation.length === 0) return undefined;
  const classes = data.classes.length;
  let loss = 0;
  const predictions = [...data.validation].map((index, row) => {
    const { path, source, label } = data.samples[index] as PreparedData["samples"][number];
    const scores = probabilities.subarray(row * classes, (row + 1) * classes);
    // The smallest number of 32 bits: a probability of exactly 0 would make the loss infinite.
    loss -= Math.log(Math.max(scores[label] as number, 1e-38));
    return { path, source, truth: label, probabilities: scores };
  });
  const evaluation = evaluatePredictions({
    labels: data.classes,
    predictions,
    thresholds: { default: options.recipe.threshold, classes: {} },
    trainedSources: trainedSources(data),
  });
  return { evaluation, accuracy: balancedAccuracy(predictions), loss: loss / predictions.length };
}

function rowOf(epoch: number, outcome: EpochOutcome, judged: Judged | undefined, seconds: number): Epoch {
  return {
    epoch,
    trainAccuracy: outcome.accuracy,
    trainLoss: outcome.loss,
    validationAccuracy: judged?.accuracy ?? null,
    validationLoss: judged?.loss ?? null,
    learningRate: outcome.learningRate,
    seconds,
  };
}

/** By accuracy, of equals by loss; without validation the newest is the best. */
function isBetter(row: Epoch, best: Epoch | undefined): boolean {
  if (best === undefined || row.validationAccuracy === null || best.validationAccuracy === null) return true;
  if (row.validationAccuracy !== best.validationAccuracy) return row.validationAccuracy > best.validationAccuracy;
  return (row.validationLoss ?? 0) < (best.validationLoss ?? 0);
}

async function keepEvery(run: Run, row: Epoch, judged: Judged | undefined): Promise<void> {
  const every = run.options.recipe.checkpointEvery;
  if (every === 0 || row.epoch % every !== 0) return;
  const path = await keepEpoch(run.folder, row, bundleOf(run, judged, row.epoch, run.trainer.state.average));
  emitterOf(run.options)({ type: "saved", what: "every", path });
}

/** The network as it was after an epoch, as a bundle. */
function bundleOf(run: Run, judged: Judged | undefined, epoch: number, state: NetworkState): NewBundle {
  const { options, data, network, trainer, input } = run;
  const { recipe } = options;
  return {
    card: {
      format: "beckon-model/1",
      name: options.name,
      version: "1.0.0",
      architecture: network.architecture,
      input,
      thresholds: { default: recipe.threshold },
      training: {
        command: options.command,
        summary: {
          epoch,
          epochs: recipe.epochs,
          pictures: data.train.length,
          "pictures an epoch": trainer.steps * recipe.batch,
          batch: recipe.batch,
          optimiser: recipe.optimiser.type,
          "learning rate": recipe.optimiser.rate,
          augmentation: options.freeze ? "none" : recipe.augmentation,
          seed: options.seed,
          ...(options.width !== undefined && { width: options.width }),
          split: data.split.description,
        },
      },
      evaluations: judged ? [toCardEvaluation(judged.evaluation, "validation", "chosen on these pictures")] : [],
      sources: countedSources(data, options),
    },
    labels: data.classes,
    onnx: network.toOnnx(state),
  };
}

function countedSources(data: PreparedData, { licences = {} }: TrainingOptions): NewBundle["card"]["sources"] {
  const counts = new Map<string, number>();
  for (const index of data.train) {
    const source = data.samples[index]?.source ?? "";
    counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  return [...counts].map(([name, pictures]) => ({ name, pictures, ...licences[name] }));
}

/** Judges the best epoch once more and writes the page about it. */
async function reportOn(run: Run): Promise<Evaluation | undefined> {
  const { options, data, network, trainer, folder } = run;
  const judged = await judge(run, await trainer.scoreBest(data.validation));
  await writeReport(folder, {
    title: `${options.name}: ${network.architecture}`,
    facts: [
      ["Architecture", network.architecture],
      ["Classes", data.classes.join(" ")],
      ["Pictures", `${data.train.length} to train on, ${data.validation.length} to choose by`],
    ],
    split: data.split,
    chosenByThese: true,
    command: options.command,
    problems: data.problems,
    architecture: network.summary,
    history: await readHistory(folder.history),
    labels: data.classes,
    evaluation: judged?.evaluation,
  });
  return judged?.evaluation;
}

/** A batch is no larger than the training set, and each thread's share of it is whole. */
function recipeFor(options: TrainingOptions, data: PreparedData): Recipe {
  const workers = Math.max(1, options.workers);
  const batch = Math.min(options.recipe.batch, data.train.length);
  return { ...options.recipe, batch: Math.max(workers, batch - (batch % workers)) };
}

function samplerOf({ balance, emphasis = {}, seed }: TrainingOptions, data: PreparedData): Sampler {
  if (!balance) return shuffledSampler(data.train.length, seed);
  return balancedSampler(
    [...data.train].map((index) => data.samples[index] as PreparedData["samples"][number]),
    seed,
    (label) => weightOf(emphasis, data.classes[label] ?? ""),
  );
}

/** A class may well be called `constructor`. */
function weightOf(emphasis: Readonly<Record<string, number>>, name: string): number {
  return Object.hasOwn(emphasis, name) ? (emphasis[name] ?? 1) : 1;
}

function trainedSources(data: PreparedData): string[] {
  return sourcesOf([...data.train].map((index) => data.samples[index] as PreparedData["samples"][number]));
}

/** Everything that decides the weights: a checkpoint goes on only with the same. */
function fingerprintOf(options: TrainingOptions, network: Network, data: PreparedData): string {
  const { recipe, seed, workers, balance, emphasis, cutouts, backgroundClasses } = options;
  const hash = createHash("sha256");
  const drawn = { balance, emphasis, cutouts, backgroundClasses };
  hash.update(JSON.stringify({ recipe, seed, workers, ...drawn, classes: data.classes }));
  hash.update(network.summary);
  for (const { path, label } of data.samples) hash.update(`${path}\n${label}\n`);
  hash.update(data.train).update(data.validation);
  return hash.digest("hex");
}

function emitterOf(options: TrainingOptions): (event: TrainingEvent) => void {
  return options.onEvent ?? (() => undefined);
}
