import type { Worker } from "node:worker_threads";
import { startTsWorker } from "@beckon/vision";
import type { BatchReply, BatchRequest, BatchWorkerData, Share, Update } from "./batch-worker.ts";
import { buildTrainingModel } from "./graph/training.ts";
import { average, stretchesOf } from "./optimiser.ts";
import type { Plan } from "./plan.ts";
import { sharedFloats } from "./shared-floats.ts";

/** What all threads of a pool share. */
export interface PoolSetup
  extends Pick<BatchWorkerData, "labelSmoothing" | "seed" | "threads" | "feed" | "labels" | "optimiser" | "vectors"> {
  readonly plan: Plan;
  /** Samples in a whole batch; each thread takes an equal share. */
  readonly batch: number;
  readonly workers: number;
}

export interface BatchOutcome {
  /** Mean cross-entropy of the batch. */
  readonly loss: number;
  /** Samples whose class had the highest probability. */
  readonly correct: number;
}

/** Samples of a whole batch. */
export type Batch = Share;

/**
 * Worker threads that train together (data parallel): each computes the gradients of its own share of the batch, then each
 * changes its own part of the weights by those of all.
 * Batch norm takes its statistics over the share of one thread, as is usual for data-parallel training.
 */
export class BatchPool implements AsyncDisposable {
  private readonly threads: readonly BatchThread[];
  private readonly share: number;

  private constructor(threads: readonly BatchThread[], share: number) {
    this.threads = threads;
    this.share = share;
  }

  static async open(setup: PoolSetup): Promise<BatchPool> {
    const { plan, workers, batch, ...rest } = setup;
    const share = Math.floor(batch / workers);
    if (share * workers !== batch) throw new Error(`a batch of ${batch} cannot be shared by ${workers} threads`);
    const { onnx, dropouts } = buildTrainingModel(plan, share);
    const gradients = Array.from({ length: workers }, () => sharedFloats(plan.weightCount));
    const threads = Array.from({ length: workers }, (_, index) => {
      const start = partStart(plan.weightCount, index, workers);
      const end = partStart(plan.weightCount, index + 1, workers);
      const data: BatchWorkerData = {
        onnx,
        batch: share,
        dropouts,
        inputShape: plan.input,
        classes: plan.output[0],
        index,
        gradients,
        measured: sharedFloats(plan.statisticCount),
        part: { start, end, stretches: stretchesOf(plan.parameters, start, end) },
        ...rest,
      };
      return new BatchThread(data);
    });
    const pool = new BatchPool(threads, share);
    try {
      await Promise.all(threads.map((thread) => thread.ready));
    } catch (error) {
      await pool[Symbol.asyncDispose]();
      throw error;
    }
    return pool;
  }

  /**
   * Computes the gradients of one batch with the weights as they are now.
   *
   * @param next the batch after it, which a thread prepares as soon as it is done, when others may not be
   * @param measured receives mean and variance of the batch, averaged over the threads
   */
  async step(batch: Batch, next: Batch | undefined, measured: Float32Array): Promise<BatchOutcome> {
    const replies = await allAnswers(
      this.threads.map((thread, index) =>
        thread.ask(
          { type: "step", share: this.shareOf(batch, index), next: next && this.shareOf(next, index) },
          "step",
        ),
      ),
    );
    const [first, ...others] = this.threads.map((thread) => thread.measured);
    measured.set(first as Float32Array);
    average(measured, others, 0, measured.length);
    return {
      loss: replies.reduce((sum, { loss }) => sum + loss, 0) / replies.length,
      correct: replies.reduce((sum, { correct }) => sum + correct, 0),
    };
  }

  /** Changes weights, moments and moving average by the gradients of the batch that was computed last. */
  async update(update: Update): Promise<void> {
    await allAnswers(this.threads.map((thread) => thread.ask({ type: "update", update }, "update")));
  }

  /**
   * Probabilities of samples, not augmented, by an inference model.
   *
   * @returns one row of class probabilities for each sample
   */
  async score(onnx: Uint8Array, samples: Int32Array): Promise<Float32Array> {
    const size = Math.ceil(samples.length / this.threads.length);
    const parts = await allAnswers(
      this.threads.map((thread, index) =>
        thread.ask({ type: "score", onnx, samples: samples.slice(index * size, (index + 1) * size) }, "score"),
      ),
    );
    const scores = new Float32Array(parts.reduce((sum, { probabilities }) => sum + probabilities.length, 0));
    parts.reduce((offset, { probabilities }) => {
      scores.set(probabilities, offset);
      return offset + probabilities.length;
    }, 0);
    return scores;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private shareOf(batch: Batch, index: number): Share {
    const start = index * this.share;
    return {
      samples: batch.samples.slice(start, start + this.share),
      epoch: batch.epoch,
      position: batch.position + start,
    };
  }
}

type ReplyOf<T extends BatchReply["type"]> = Extract<BatchReply, { type: T }>;

/**
 * One thread and the one question it is answering. Its listeners stay for its whole life: what is added for every step,
 * be it a reaction to a promise that never settles, is never given back.
 */
class BatchThread {
  readonly measured: Float32Array;
  readonly ready: Promise<unknown>;
  private readonly worker: Worker;
  private readonly ended: Promise<void>;
  private asked: Asked | undefined;
  private failure: Error | undefined;

  constructor(data: BatchWorkerData) {
    this.measured = data.measured;
    this.worker = startTsWorker(new URL("./batch-worker.ts", import.meta.url), data);
    this.worker.on("message", (reply: BatchReply) => this.take()?.resolve(reply));
    this.worker.on("error", (error) => this.fail(error as Error));
    this.ended = new Promise((resolve) => {
      this.worker.once("exit", () => {
        this.fail(new Error("a training thread ended by itself"));
        resolve();
      });
    });
    this.ready = this.reply("ready");
    // Whoever waits for it hears of it; where nobody does yet, it must not end the process.
    this.ready.catch(() => undefined);
  }

  ask<T extends BatchReply["type"]>(request: BatchRequest, expected: T): Promise<ReplyOf<T>> {
    const reply = this.reply(expected);
    this.worker.postMessage(request);
    return reply;
  }

  /** Ends the thread; one that is in the middle of something, or does not answer, is ended all the same. */
  async close(): Promise<void> {
    this.worker.postMessage({ type: "close" } satisfies BatchRequest);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.ended,
      new Promise((resolve) => {
        timer = setTimeout(resolve, CLOSING_MS);
      }),
    ]);
    clearTimeout(timer);
    await this.worker.terminate();
  }

  private async reply<T extends BatchReply["type"]>(expected: T): Promise<ReplyOf<T>> {
    const reply = await new Promise<BatchReply>((resolve, reject) => {
      if (this.failure) reject(this.failure);
      else this.asked = { resolve, reject };
    });
    if (reply.type === "failed") throw new Error(reply.message);
    if (reply.type !== expected) throw new Error(`a training thread answered ${reply.type} instead of ${expected}`);
    return reply as ReplyOf<T>;
  }

  private take(): Asked | undefined {
    const { asked } = this;
    this.asked = undefined;
    return asked;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.take()?.reject(this.failure);
  }
}

/** Who waits for the answer to a question. */
interface Asked {
  resolve(reply: BatchReply): void;
  reject(error: Error): void;
}

/** How long a thread may take to close its session. */
const CLOSING_MS = 5000;

/** Waits for every thread also when one fails, or its late answer would be taken for that to the next question. */
async function allAnswers<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(answers);
  return Promise.all(answers);
}

/** Where the part of a thread begins in a flat vector; its end is where that of the next begins. */
function partStart(length: number, index: number, parts: number): number {
  return Math.floor((length * index) / parts);
}
