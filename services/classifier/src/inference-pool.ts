import { setTimeout as sleep } from "node:timers/promises";
import { now } from "@beckon/runtime";
import type { Job, ThreadModel } from "./inference-messages.ts";
import { InferenceThread, THREAD_ENTRY, ThreadFailure, ThreadLost } from "./inference-thread.ts";

export interface PoolOptions {
  /** How many threads there are from the start, and how many there may be when frames are lost for want of one. */
  readonly least: number;
  readonly most: number;
  /** Ms that a frame may take. */
  readonly timeout: number;
  /** Called when a thread was lost or its successor cannot be started, in words for the log. */
  readonly trouble: (message: string) => void;
  /** The file of the threads; another one in tests. */
  readonly entry?: URL | undefined;
}

/** Between attempts to start a thread anew: doubled up to the second. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** So many frames that found no thread, within so many ms, are no hiccup. */
const LOSSES_TO_GROW = 10;
const GROWING_WINDOW_MS = 2000;

/**
 * Threads that all serve the same models. The set never changes: for another one a new pool is opened beside this one,
 * and takes its place when it is warm.
 */
export class InferencePool {
  readonly engines: Readonly<Record<string, string>>;
  readonly #models: readonly ThreadModel[];
  readonly #options: PoolOptions;
  readonly #threads = new Set<InferenceThread>();
  /** The last one to come is the first to go: its caches are warm. */
  readonly #idle: InferenceThread[] = [];
  readonly #closing = new AbortController();
  #waiting: (() => void)[] = [];
  #starting = 0;
  #losses = { since: 0, count: 0 };

  private constructor(models: readonly ThreadModel[], threads: readonly InferenceThread[], options: PoolOptions) {
    this.engines = threads[0]?.engines ?? {};
    this.#models = models;
    this.#options = options;
    for (const thread of threads) this.#add(thread);
  }

  /**
   * Starts all threads. The first one chooses the engines, the others take the same.
   *
   * @throws ThreadFailure when a model or an engine cannot be had
   */
  static async open(models: readonly ThreadModel[], options: PoolOptions): Promise<InferencePool> {
    const { least, entry = THREAD_ENTRY } = options;
    const first = await InferenceThread.open({ models }, entry);
    const chosen = models.map((model) => ({ ...model, engine: chosenEngine(model, first.engines) }));
    const others = await Promise.allSettled(
      Array.from({ length: least - 1 }, () => InferenceThread.open({ models: chosen }, entry)),
    );
    const threads = [first, ...others.flatMap((other) => (other.status === "fulfilled" ? [other.value] : []))];
    const failed = others.find((other) => other.status === "rejected");
    if (!failed) return new InferencePool(chosen, threads, options);
    await Promise.all(threads.map((thread) => thread.close(0)));
    throw failed.reason;
  }

  /** Threads, and those that are being started. */
  get size(): number {
    return this.#threads.size + this.#starting;
  }

  /** Says that a frame was lost because no thread had time for it: when it happens often, another one is started. */
  hurry(): void {
    if (this.size >= this.#options.most) return;
    if (now() - this.#losses.since > GROWING_WINDOW_MS) this.#losses = { since: now(), count: 0 };
    this.#losses.count += 1;
    if (this.#losses.count < LOSSES_TO_GROW) return;
    this.#losses.count = 0;
    this.#startOne();
  }

  /** Resolves when a thread has time for a frame, or the pool is closed. */
  async vacancy(): Promise<void> {
    while (this.#idle.length === 0 && !this.#closing.signal.aborted)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Looks at a frame in a thread that has time.
   *
   * @param answered called for each model as soon as it has spoken
   * @throws ThreadLost when the frame got lost with its thread, or there is none with time
   */
  async classify(job: Job, answered: Parameters<InferenceThread["ask"]>[1]): Promise<void> {
    const thread = this.#idle.pop();
    if (!thread) throw new ThreadLost("stopped", "no thread has time");
    try {
      await thread.ask(job, answered, this.#options.timeout);
    } finally {
      if (thread.alive) this.#free(thread);
    }
  }

  /** Lets the frames in work be finished, for at most `grace` ms, then ends all threads. */
  async close(grace: number): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await Promise.all([...this.#threads].map((thread) => thread.close(grace)));
  }

  #add(thread: InferenceThread): void {
    this.#threads.add(thread);
    this.#free(thread);
    const gone = () => this.#remove(thread);
    thread.lost.then(gone, gone);
  }

  #free(thread: InferenceThread): void {
    this.#idle.push(thread);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Another one takes the place of a thread that is gone. */
  #remove(thread: InferenceThread): void {
    this.#threads.delete(thread);
    const place = this.#idle.indexOf(thread);
    if (place >= 0) this.#idle.splice(place, 1);
    this.#startOne();
  }

  #startOne(): void {
    this.#starting += 1;
    this.#start()
      .catch((error: unknown) => this.#options.trouble(String(error)))
      .finally(() => {
        this.#starting -= 1;
      });
  }

  async #start(): Promise<void> {
    const { signal } = this.#closing;
    const { trouble, entry = THREAD_ENTRY } = this.#options;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const thread = await InferenceThread.open({ models: this.#models }, entry);
        if (signal.aborted) await thread.close(0);
        else this.#add(thread);
        return;
      } catch (error) {
        if (!(error instanceof ThreadFailure)) throw error;
        trouble(`a worker thread cannot be started: ${error.message}; trying again`);
        await sleep(pause, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

function chosenEngine(model: ThreadModel, engines: Readonly<Record<string, string>>): ThreadModel["engine"] {
  // The names of engines are choices too.
  return (engines[model.name] ?? model.engine) as ThreadModel["engine"];
}
