import type { Worker } from "node:worker_threads";
import { startTsWorker } from "@beckon/vision";
import type { FromThread, Job, ModelAnswer, ModelRefusal, ThreadSetup, ToThread } from "./inference-messages.ts";

/** A thread that cannot serve its models: the message says why, in one line for the user. */
export class ThreadFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ThreadFailure";
  }
}

/** Why a frame has no answer: its thread did not answer in time, died, or was ended because the service stops. */
export type Lost = "timeout" | "crashed" | "stopped";

/** The thread is gone, and with it the frame it had. */
export class ThreadLost extends Error {
  readonly lost: Lost;

  constructor(lost: Lost, message: string) {
    super(message);
    this.name = "ThreadLost";
    this.lost = lost;
  }
}

export const THREAD_ENTRY = new URL("./inference-thread-entry.ts", import.meta.url);

/** How long a thread may take to free its engines. */
const CLOSING_MS = 2000;

interface Question {
  readonly answered: (answer: ModelAnswer | ModelRefusal) => void;
  readonly done: () => void;
  readonly lost: (error: ThreadLost) => void;
}

/** One worker thread and the one frame it looks at. */
export class InferenceThread {
  /** What computes each model; empty until the thread is open. */
  engines: Readonly<Record<string, string>> = {};
  /** Resolves when it can answer no more, whatever ended it. */
  readonly lost: Promise<void>;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #question: Question | undefined;
  #gone: ThreadLost | undefined;
  #settled: Promise<unknown> = Promise.resolve();
  #sayLost: () => void = () => {};

  private constructor(entry: URL, setup: ThreadSetup) {
    this.lost = new Promise((resolve) => {
      this.#sayLost = resolve;
    });
    this.#worker = startTsWorker(entry, setup);
    this.#worker.on("error", (error) => this.#lose("crashed", error instanceof Error ? error.message : String(error)));
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#lose("crashed", "it ended by itself");
        resolve();
      });
    });
  }

  /**
   * Starts a thread, opens its models in it and lets each run once, so that no frame pays for it.
   *
   * @param entry its file; another one in tests
   * @throws ThreadFailure when a model or an engine cannot be had
   */
  static async open(setup: ThreadSetup, entry: URL = THREAD_ENTRY): Promise<InferenceThread> {
    const thread = new InferenceThread(entry, setup);
    try {
      await thread.#opened();
      return thread;
    } catch (error) {
      await thread.#worker.terminate();
      throw error;
    }
  }

  get alive(): boolean {
    return this.#gone === undefined;
  }

  /**
   * Looks at a frame. One at a time.
   *
   * @param answered called for each model as soon as it has spoken
   * @param timeout ms; a thread that takes longer is ended
   * @throws ThreadLost
   */
  async ask(job: Job, answered: Question["answered"], timeout: number): Promise<void> {
    const asked = new Promise<void>((done, lost) => {
      if (this.#gone) return lost(this.#gone);
      this.#question = { answered, done, lost };
      this.#tell({ type: "job", job }, [job.jpeg.buffer as ArrayBuffer]);
    });
    this.#settled = asked.catch(() => undefined);
    const timer = setTimeout(() => this.#kill("timeout", `no answer within ${timeout} ms`), timeout);
    try {
      await asked;
    } finally {
      clearTimeout(timer);
      this.#question = undefined;
    }
  }

  /** Lets the frame it looks at be finished, for at most `grace` ms, then ends the thread. */
  async close(grace: number): Promise<void> {
    await withinMs(this.#settled, grace);
    if (this.#question) this.#kill("stopped", "the service stops");
    else if (this.alive) this.#tell({ type: "close" });
    await withinMs(this.#exited, CLOSING_MS);
    this.#kill("stopped", "the service stops");
    await this.#exited;
  }

  #opened(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#question = { answered: () => {}, done: resolve, lost: (error) => reject(new ThreadFailure(error.message)) };
      this.#worker.on("message", (message: FromThread) => {
        if (message.type === "answer") this.#question?.answered(message.answer);
        else if (message.type === "failed") reject(new ThreadFailure(message.message));
        else {
          if (message.type === "ready") this.engines = message.engines;
          this.#question?.done();
        }
      });
    }).finally(() => {
      this.#question = undefined;
    });
  }

  #tell(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #lose(lost: Lost, message: string): void {
    this.#gone ??= new ThreadLost(lost, message);
    this.#question?.lost(this.#gone);
    this.#sayLost();
  }

  #kill(lost: Lost, message: string): void {
    this.#lose(lost, message);
    // What it throws is that the thread has already ended.
    this.#worker.terminate().catch(() => undefined);
  }
}

async function withinMs(what: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([what, late]);
  clearTimeout(timer);
}
