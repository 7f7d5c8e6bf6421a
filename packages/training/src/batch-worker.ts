/**
 * A thread that computes its share of each batch: loads and augments pictures, runs the training graph, leaves the
 * gradients in shared memory; then changes its part of the weights. `session.run()` blocks, so it never runs on the main
 * thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { seededRandom } from "@beckon/synthetic";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Optimiser } from "./architecture.ts";
import { type Feed, type FeedSource, openFeed } from "./feed.ts";
import type { DropoutInput } from "./graph/training.ts";
import { average, blend, type Moments, type Stretch, updateWeights } from "./optimiser.ts";
import type { SharedFloats } from "./shared-floats.ts";

export interface BatchWorkerData {
  readonly onnx: Uint8Array;
  readonly batch: number;
  readonly dropouts: readonly DropoutInput[];
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly labelSmoothing: number;
  readonly seed: number;
  /** Threads inside one operator. */
  readonly threads: number;
  readonly feed: FeedSource;
  readonly labels: Int32Array;
  readonly optimiser: Optimiser;
  readonly vectors: TrainedVectors;
  /** Which of the threads this is. */
  readonly index: number;
  /** Where each thread leaves the gradients of its share. */
  readonly gradients: readonly SharedFloats[];
  /** Where this thread leaves mean and variance of its share. */
  readonly measured: SharedFloats;
  /** The part of the flat vectors that this thread changes; the parts of all threads make up the whole. */
  readonly part: { readonly start: number; readonly end: number; readonly stretches: readonly Stretch[] };
}

/** What the threads change together, as flat as the weights. */
export interface TrainedVectors {
  readonly weights: SharedFloats;
  readonly moments: Moments;
  /** Moving average of the weights, where one is kept. */
  readonly average: SharedFloats | undefined;
}

/** One step of the optimiser; see `updateWeights`. */
export interface Update {
  readonly rate: number;
  readonly step: number;
  /** Share of the moving average that stays. */
  readonly kept: number;
}

/** Samples of one share of a batch, and what makes their random draws unique. */
export interface Share {
  readonly samples: Int32Array;
  readonly epoch: number;
  /** Position in the epoch of the first sample. */
  readonly position: number;
}

export type BatchRequest =
  /** Gradients of `share`; `next` is prepared right after, when other threads may still compute theirs. */
  | { readonly type: "step"; readonly share: Share; readonly next: Share | undefined }
  /** This thread's part of the weights, by the gradients of all. */
  | { readonly type: "update"; readonly update: Update }
  /** Probabilities of samples by an inference model. */
  | { readonly type: "score"; readonly onnx: Uint8Array; readonly samples: Int32Array }
  | { readonly type: "close" };

export type BatchReply =
  | { readonly type: "ready" }
  | { readonly type: "step"; readonly loss: number; readonly correct: number }
  | { readonly type: "update" }
  | { readonly type: "score"; readonly probabilities: Float32Array }
  | { readonly type: "failed"; readonly message: string };

interface PreparedShare {
  readonly key: string;
  readonly feeds: Record<string, Tensor>;
  readonly labels: Int32Array;
}

/** Pictures that one run of an inference model takes. */
const SCORE_BATCH = 32;

class BatchWorker {
  private readonly data: BatchWorkerData;
  private readonly session: InferenceSession;
  private readonly feed: Feed;
  private readonly images: Float32Array;
  /** The runtime neither reads nor writes shared memory: what goes in and what comes out, in memory of its own. */
  private readonly weights: Tensor;
  private readonly gradients: Tensor;
  private prepared: PreparedShare | undefined;

  constructor(data: BatchWorkerData, session: InferenceSession) {
    this.data = data;
    this.session = session;
    this.feed = openFeed(data.feed);
    this.images = new Float32Array(data.batch * this.feed.size);
    const { length } = data.vectors.weights;
    this.weights = new Tensor("float32", new Float32Array(length), [length]);
    this.gradients = new Tensor("float32", new Float32Array(length), [length]);
  }

  prepare(share: Share): PreparedShare {
    const key = `${share.epoch}:${share.position}`;
    if (this.prepared?.key === key) return this.prepared;
    this.prepared = undefined;
    const { batch, classes, labelSmoothing, inputShape, labels, seed } = this.data;
    const targets = new Float32Array(batch * classes).fill(labelSmoothing / classes);
    const shareLabels = share.samples.map((sample) => labels[sample] as number);
    share.samples.forEach((sample, row) => {
      this.feed.varied(sample, [seed, share.epoch, share.position + row], this.images, row * this.feed.size);
      const target = row * classes + (shareLabels[row] as number);
      targets[target] = (targets[target] as number) + 1 - labelSmoothing;
    });
    const feeds: Record<string, Tensor> = {
      images: new Tensor("float32", this.images, [batch, ...inputShape]),
      targets: new Tensor("float32", targets, [batch, classes]),
    };
    for (const [index, dropout] of this.data.dropouts.entries()) {
      feeds[dropout.name] = this.factors(dropout, index, share);
    }
    this.prepared = { key, feeds, labels: shareLabels };
    return this.prepared;
  }

  /**
   * As `prepare`. What cannot be prepared is said when its turn comes: an answer that nobody waits for would be taken for
   * another.
   */
  prepareEarly(share: Share): void {
    try {
      this.prepare(share);
    } catch {}
  }

  async step(share: Share): Promise<{ loss: number; correct: number }> {
    const { feeds, labels } = this.prepare(share);
    (this.weights.data as Float32Array).set(this.data.vectors.weights);
    const wanted = Object.fromEntries(this.session.outputNames.map((name) => [name, null]));
    const outputs = await this.session.run(
      { ...feeds, weights: this.weights },
      { ...wanted, gradients: this.gradients },
    );
    const floats = (name: string) => outputs[name]?.data as Float32Array;
    this.data.gradients[this.data.index]?.set(floats("gradients"));
    if (this.data.measured.length > 0) this.data.measured.set(floats("measured"));
    return { loss: floats("loss")[0] as number, correct: countCorrect(floats("probabilities"), labels) };
  }

  /** The others change their parts at the same time; nobody reads or writes that of another. */
  update({ rate, step, kept }: Update): void {
    const { gradients, optimiser, vectors, part } = this.data;
    const { start, end, stretches } = part;
    const [mean, ...others] = gradients as [Float32Array, ...Float32Array[]];
    average(mean, others, start, end);
    updateWeights(stretches, optimiser, vectors.moments, vectors.weights, mean, rate, step);
    if (vectors.average) blend(vectors.average, vectors.weights, kept, start, end);
  }

  async score(onnx: Uint8Array, samples: Int32Array): Promise<Float32Array> {
    const { classes, inputShape, threads } = this.data;
    const scores = new Float32Array(samples.length * classes);
    if (samples.length === 0) return scores;
    const session = await InferenceSession.create(onnx, sessionOptions(threads));
    try {
      for (let start = 0; start < samples.length; start += SCORE_BATCH) {
        const part = samples.subarray(start, start + SCORE_BATCH);
        const images = new Float32Array(part.length * this.feed.size);
        part.forEach((sample, row) => {
          this.feed.plain(sample, images, row * this.feed.size);
        });
        const { probabilities } = await session.run({
          images: new Tensor("float32", images, [part.length, ...inputShape]),
        });
        scores.set(probabilities?.data as Float32Array, start * classes);
      }
    } finally {
      await session.release();
    }
    return scores;
  }

  async close(): Promise<void> {
    this.feed.close();
    await this.session.release();
  }

  private factors({ size, rate }: DropoutInput, index: number, share: Share): Tensor {
    const { batch, seed } = this.data;
    const random = seededRandom(seed, share.epoch, share.position, index + 1);
    const kept = 1 / (1 - rate);
    const values = Float32Array.from({ length: batch * size }, () => (random() < rate ? 0 : kept));
    return new Tensor("float32", values, [batch, size]);
  }
}

function countCorrect(probabilities: Float32Array, labels: Int32Array): number {
  const classes = probabilities.length / labels.length;
  let correct = 0;
  labels.forEach((label, row) => {
    const scores = probabilities.subarray(row * classes, (row + 1) * classes);
    if (scores.every((score) => score <= (scores[label] as number))) correct++;
  });
  return correct;
}

function sessionOptions(threads: number): InferenceSession.SessionOptions {
  // 3: errors only. A scalar output makes the runtime print a warning of no consequence.
  return { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 };
}

const port = parentPort;
if (port) {
  const data = (workerData as { data: BatchWorkerData }).data;
  const worker = new BatchWorker(data, await InferenceSession.create(data.onnx, sessionOptions(data.threads)));
  const reply = (message: BatchReply) => port.postMessage(message);
  port.on("message", (request: BatchRequest) => {
    answer(worker, request, reply).catch((error: unknown) => {
      reply({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    });
  });
  reply({ type: "ready" });
}

async function answer(worker: BatchWorker, request: BatchRequest, reply: (message: BatchReply) => void): Promise<void> {
  if (request.type === "step") {
    reply({ type: "step", ...(await worker.step(request.share)) });
    if (request.next) worker.prepareEarly(request.next);
  } else if (request.type === "update") {
    worker.update(request.update);
    reply({ type: "update" });
  } else if (request.type === "score") {
    reply({ type: "score", probabilities: await worker.score(request.onnx, request.samples) });
  } else {
    await worker.close();
    port?.close();
  }
}
