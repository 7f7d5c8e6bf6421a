import type { Recipe } from "./architecture.ts";
import { canAugment } from "./augment/kernels.ts";
import { type Batch, type BatchOutcome, BatchPool } from "./batch-pool.ts";
import type { FeedSource } from "./feed.ts";
import { buildInferenceModel } from "./graph/inference.ts";
import type { NetworkState } from "./initial-weights.ts";
import { blend, type Moments, newMoments, rateAt } from "./optimiser.ts";
import type { Plan } from "./plan.ts";
import type { Sampler } from "./sampler.ts";
import { type SharedFloats, sharedCopy } from "./shared-floats.ts";

/** A training that cannot go on; the message is one line for the user. */
export class TrainingError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TrainingError";
  }
}

/** A network of which the threads change the weights. */
interface SharedState extends NetworkState {
  readonly weights: SharedFloats;
}

/** Everything that changes while a network trains; what a checkpoint holds. The threads change what lies in shared memory. */
export interface TrainingState extends SharedState {
  readonly moments: Moments;
  /** Moving average of weights and statistics: what is judged and shipped. The same arrays where averaging is off. */
  readonly average: SharedState;
  /** What was judged best so far. */
  readonly best: NetworkState;
  /** Steps and epochs done. */
  step: number;
  epoch: number;
}

export interface TrainerSetup {
  readonly plan: Plan;
  readonly recipe: Recipe;
  readonly feed: FeedSource;
  /** Class of every sample of the feed. */
  readonly labels: Int32Array;
  /** The samples to train on; the sampler speaks of positions in this list. */
  readonly train: Int32Array;
  readonly sampler: Sampler;
  readonly state: TrainingState;
  readonly seed: number;
  readonly workers: number;
  /** Threads inside one operator, for each worker. */
  readonly threads: number;
}

/** Training figures of one epoch. */
export interface EpochOutcome {
  readonly loss: number;
  readonly accuracy: number;
  /** Learning rate of the last step. */
  readonly learningRate: number;
}

export interface StepReport {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
}

/** State of a training that has not begun. */
export function newTrainingState(plan: Plan, recipe: Recipe, start: NetworkState): TrainingState {
  const current = sharedCopyOf(start);
  const average = recipe.averaging > 0 ? sharedCopyOf(start) : current;
  return { ...current, average, best: copyOf(start), moments: newMoments(recipe.optimiser, plan), step: 0, epoch: 0 };
}

/** Batches an epoch has by this recipe. */
function stepsPerEpoch(recipe: Recipe, trainingPictures: number): number {
  return recipe.stepsPerEpoch ?? Math.max(1, Math.floor(trainingPictures / recipe.batch));
}

/** Trains one network epoch by epoch. Every draw depends on the seed and the epoch alone, so any epoch can be repeated. */
export class Trainer implements AsyncDisposable {
  readonly state: TrainingState;
  readonly steps: number;
  private readonly setup: TrainerSetup;
  private readonly pool: BatchPool;
  private readonly measured: Float32Array;

  private constructor(setup: TrainerSetup, pool: BatchPool) {
    this.setup = setup;
    this.pool = pool;
    this.state = setup.state;
    this.steps = stepsPerEpoch(setup.recipe, setup.train.length);
    this.measured = new Float32Array(setup.plan.statisticCount);
  }

  /** @throws TrainingError when pictures are to be augmented and cannot be */
  static async open(setup: TrainerSetup): Promise<Trainer> {
    const { plan, recipe, feed, labels, seed, workers, threads, state } = setup;
    const { batch, labelSmoothing, optimiser } = recipe;
    if (feed.kind === "pixels" && feed.augmentation !== "none" && !canAugment())
      throw new TrainingError("there is no WebAssembly here, which augmenting takes: train with --augmentation none");
    const vectors = {
      weights: state.weights,
      moments: state.moments,
      average: isAveraged(state) ? state.average.weights : undefined,
    };
    const shared = { plan, batch, labelSmoothing, optimiser, vectors, feed, labels, seed, threads };
    const pool = await BatchPool.open({ ...shared, workers });
    return new Trainer(setup, pool);
  }

  /**
   * Trains the next epoch.
   *
   * @throws the signal's reason when it is aborted, or why a thread failed; the state then is not that of an epoch's end, and
   * not to be kept
   * @throws TrainingError when the weights run away
   */
  async epoch(signal?: AbortSignal, onStep?: (report: StepReport) => void): Promise<EpochOutcome> {
    const { recipe, sampler } = this.setup;
    const epoch = this.state.epoch + 1;
    const order = sampler.order(epoch, this.steps * recipe.batch);
    const batchAt = (index: number) => this.batchAt(order, index, epoch);
    const began = performance.now();
    let loss = 0;
    let correct = 0;
    for (let index = 0; index < this.steps; index++) {
      signal?.throwIfAborted();
      const next = index + 1 < this.steps ? batchAt(index + 1) : undefined;
      const outcome = await this.step(batchAt(index), next);
      loss += outcome.loss;
      correct += outcome.correct;
      const imagesPerSecond = ((index + 1) * recipe.batch * 1000) / (performance.now() - began);
      onStep?.({ step: index + 1, steps: this.steps, loss: loss / (index + 1), imagesPerSecond });
    }
    // Of the last step no loss tells any more.
    if (!this.state.weights.every(Number.isFinite)) throw this.ranAway();
    this.state.epoch = epoch;
    const accuracy = correct / (this.steps * recipe.batch);
    return { loss: loss / this.steps, accuracy, learningRate: this.rate(this.state.step - 1) };
  }

  /** The network as it would ship now: input `images`, output `probabilities`. */
  model(): Uint8Array {
    return buildInferenceModel(this.setup.plan, this.state.average.weights, this.state.average.statistics);
  }

  /** Remembers the network as it would ship now as the best so far. */
  keepBest(): void {
    this.state.best.weights.set(this.state.average.weights);
    this.state.best.statistics.set(this.state.average.statistics);
  }

  /** As `score`, by the best network so far. */
  scoreBest(samples: Int32Array): Promise<Float32Array> {
    const { weights, statistics } = this.state.best;
    return this.pool.score(buildInferenceModel(this.setup.plan, weights, statistics), samples);
  }

  /** Class probabilities of samples, not augmented, by the network as it would ship now; one row for each. */
  score(samples: Int32Array): Promise<Float32Array> {
    return this.pool.score(this.model(), samples);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]();
  }

  private ranAway(): TrainingError {
    const { optimiser } = this.setup.recipe;
    const epoch = this.state.epoch + 1;
    return new TrainingError(
      `the loss is no longer a number in epoch ${epoch}: train again with a learning rate below ${optimiser.rate}`,
    );
  }

  private async step(batch: Batch, next: Batch | undefined): Promise<BatchOutcome> {
    const { state, measured } = this;
    const { plan } = this.setup;
    const outcome = await this.pool.step(batch, next, measured);
    if (!Number.isFinite(outcome.loss)) throw this.ranAway();
    const rate = this.rate(state.step);
    state.step++;
    // Early on the average forgets faster, or it would hold on to the random start (as in TensorFlow's ExponentialMovingAverage).
    const kept = Math.min(this.setup.recipe.averaging, (1 + state.step) / (10 + state.step));
    await this.pool.update({ rate, step: state.step, kept });
    for (const { offset, channels, momentum } of plan.statistics) {
      blend(state.statistics, measured, momentum, offset, offset + 2 * channels);
    }
    if (isAveraged(state)) blend(state.average.statistics, state.statistics, kept, 0, state.statistics.length);
    return outcome;
  }

  private rate(step: number): number {
    const { optimiser, schedule, epochs } = this.setup.recipe;
    return rateAt(optimiser.rate, schedule, step, epochs * this.steps);
  }

  private batchAt(order: Int32Array, index: number, epoch: number): Batch {
    const { batch } = this.setup.recipe;
    const position = index * batch;
    const samples = order.slice(position, position + batch).map((place) => this.setup.train[place] as number);
    return { samples, epoch, position };
  }
}

function copyOf({ weights, statistics }: NetworkState): NetworkState {
  return { weights: weights.slice(), statistics: statistics.slice() };
}

function sharedCopyOf({ weights, statistics }: NetworkState): SharedState {
  return { weights: sharedCopy(weights), statistics: statistics.slice() };
}

function isAveraged({ weights, average }: TrainingState): boolean {
  return average.weights !== weights;
}
