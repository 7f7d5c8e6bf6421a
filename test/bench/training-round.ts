/** Measures one training in this process; see `measureApart`. */
import type { AugmentationName } from "@beckon/training";
import { own } from "../../packages/training/src/architectures/own.ts";
import { initialState } from "../../packages/training/src/initial-weights.ts";
import { inputOf } from "../../packages/training/src/network.ts";
import { planLayers } from "../../packages/training/src/plan.ts";
import { shuffledSampler } from "../../packages/training/src/sampler.ts";
import { newTrainingState, Trainer } from "../../packages/training/src/trainer.ts";
import type { DrawnPictures } from "./drawn-pictures.ts";

export interface TrainingRequest {
  readonly pictures: DrawnPictures;
  readonly batch: number;
  readonly workers: number;
  readonly augmentation: AugmentationName;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface TrainingRound {
  readonly imagesPerSecond: number;
  /** Most memory that the process held at any time, in bytes. */
  readonly peakBytes: number;
}

/** More than can be done in the time, so that the clock ends the epoch. */
const STEPS = 10_000;

async function measure(request: TrainingRequest): Promise<TrainingRound> {
  await using trainer = await open(request);
  const stop = new AbortController();
  const clock = new StepClock(request, stop);
  const sampling = setInterval(() => clock.sampleMemory(), 50);
  try {
    await trainer.epoch(stop.signal, () => clock.step());
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    clearInterval(sampling);
  }
  return { imagesPerSecond: clock.stepsPerSecond() * request.batch, peakBytes: clock.peakBytes() };
}

function open({ pictures, batch, workers, augmentation }: TrainingRequest): Promise<Trainer> {
  const { side } = own;
  const plan = planLayers(own.layers({ classes: pictures.classes }), [3, side, side]);
  const recipe = { ...own.recipe, epochs: 1, stepsPerEpoch: STEPS, batch, augmentation };
  const count = pictures.labels.length;
  return Trainer.open({
    plan,
    recipe,
    labels: Int32Array.from(pictures.labels),
    train: Int32Array.from({ length: count }, (_, index) => index),
    sampler: shuffledSampler(count, 1),
    seed: 1,
    workers,
    threads: 1,
    state: newTrainingState(plan, recipe, initialState(plan, 1)),
    feed: {
      kind: "pixels",
      path: pictures.path,
      input: inputOf({ architecture: own, freeze: false }, undefined),
      augmentation,
      cutOut: Uint8Array.from(pictures.cutOut),
      backgrounds: Int32Array.from(pictures.backgrounds),
    },
  });
}

/** Counts the steps after the warm-up, and stops the training when the time is over. */
class StepClock {
  private readonly stop: AbortController;
  private readonly warmUp: number;
  private readonly length: number;
  private readonly opened = performance.now();
  private warmSteps = 0;
  private began: number | undefined;
  private ended = 0;
  private steps = 0;
  private sampledBytes = 0;

  constructor({ warmUpSeconds, seconds }: TrainingRequest, stop: AbortController) {
    this.warmUp = warmUpSeconds * 1000;
    this.length = seconds * 1000;
    this.stop = stop;
  }

  step(): void {
    const now = performance.now();
    if (this.began === undefined) {
      this.warmSteps++;
      // Memory arenas have grown and the loops are compiled by then.
      if (this.warmSteps >= 3 && now - this.opened >= this.warmUp) this.began = now;
      return;
    }
    this.steps++;
    this.ended = now;
    if (now - this.began >= this.length) this.stop.abort();
  }

  stepsPerSecond(): number {
    return (this.steps * 1000) / (this.ended - (this.began ?? 0));
  }

  sampleMemory(): void {
    this.sampledBytes = Math.max(this.sampledBytes, process.memoryUsage.rss());
  }

  peakBytes(): number {
    this.sampleMemory();
    return Math.max(this.sampledBytes, process.resourceUsage().maxRSS * 1024);
  }
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? "{}") as TrainingRequest)));
