import { resolve } from "node:path";
import type { Logger, StatsPart } from "@beckon/runtime";
import { loadBundle } from "@beckon/vision";
import { diskRefusal, Refused } from "./refusal.ts";
import type { RunPlace, TaughtModels } from "./taught-models.ts";
import type { Training } from "./teach-api.ts";
import { runChild, TrainingFailed } from "./training-child.ts";
import { type BeckonCommand, trainingArguments } from "./training-command.ts";
import { judgementOf, parseEvent, progressOf, type TrainingOutcome } from "./training-events.ts";
import type { TrainingPlan } from "./training-plan.ts";

export interface TrainerOptions {
  readonly samplesFolder: string;
  readonly models: TaughtModels;
  readonly command: BeckonCommand;
  readonly stats: StatsPart;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Makes a taught model of the samples, in a process of its own, one at a time. */
export class Trainer {
  readonly #options: TrainerOptions;
  #training: Training | undefined;
  #stop: AbortController | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(options: TrainerOptions) {
    this.#options = options;
  }

  /** The one under way, or the last since the service started. */
  get training(): Training | undefined {
    return this.#training;
  }

  get busy(): boolean {
    return this.#stop !== undefined;
  }

  /**
   * Begins to train; it ends by itself or by `stop`.
   *
   * @throws Refused 409 while another one runs, 507 or 500 when the folder cannot be written
   */
  async start(plan: TrainingPlan): Promise<void> {
    if (this.#stop) throw new Refused(409, "a training is under way: wait for it, or stop it");
    const stop = new AbortController();
    this.#stop = stop;
    let place: RunPlace;
    try {
      place = await this.#options.models.reserve();
    } catch (error) {
      this.#stop = undefined;
      throw diskRefusal(error, this.#options.models.folder);
    }
    this.#training = { phase: "starting", progress: 0, startedAt: this.#options.now() };
    this.#done = this.#train(plan, place, AbortSignal.any([stop.signal, this.#options.signal]));
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#done;
  }

  /** When the process is gone and nothing of it is left. */
  idle(): Promise<void> {
    return this.#done;
  }

  async #train(plan: TrainingPlan, place: RunPlace, signal: AbortSignal): Promise<void> {
    const { log, stats, now, models } = this.#options;
    const { name } = place;
    const startedAt = this.#training?.startedAt ?? now();
    log.info(`training ${name} on ${plan.classes.join(", ")}`);
    const failure = await this.#make(plan, place, signal).then(
      () => undefined,
      (error: unknown) => ({ words: this.#wordsFor(error) }),
    );
    await models.leave(place).catch((error: unknown) => {
      log.warn(`what the training left goes with the next start: ${diskRefusal(error, place.run).message}`);
    });
    const { progress = 0 } = this.#training ?? {};
    // Whoever sees that it is over may begin the next one.
    this.#stop = undefined;
    if (failure === undefined) {
      this.#training = { phase: "done", progress: 1, startedAt, folder: name };
      stats.count("trainings");
      log.info(`trained ${name} in ${((now() - startedAt) / 1000).toFixed(1)} s`);
    } else if (signal.aborted) {
      this.#training = { phase: "stopped", progress, startedAt };
      log.info(`the training of ${name} was stopped`);
    } else {
      this.#training = { phase: "failed", progress, startedAt, error: failure.words };
      log.warn(`no ${name}: ${failure.words}`);
    }
  }

  /** @throws when there is no new model afterwards */
  async #make(plan: TrainingPlan, { name, run, scratch }: RunPlace, signal: AbortSignal): Promise<void> {
    const { command, samplesFolder, models, now } = this.#options;
    let outcome: TrainingOutcome | undefined;
    const onLine = (line: string): void => {
      const event = parseEvent(line);
      if (!event || !this.#training) return;
      if (event.type === "result") outcome = event;
      this.#training = { ...this.#training, ...progressOf(event) };
    };
    const args = trainingArguments(resolve(samplesFolder), plan, name);
    await runChild({ command, args, folder: run, scratch, signal, onLine });
    if (!outcome) throw new TrainingFailed("the training ended without a result: see that the installation is whole");
    const { folder } = await loadBundle(resolve(run, outcome.bundle));
    signal.throwIfAborted();
    await models.admit(folder, name, { madeAt: now(), judgement: judgementOf(outcome) });
  }

  #wordsFor(error: unknown): string {
    const { folder } = this.#options.models;
    const [line = ""] = diskRefusal(error, folder).message.split("\n", 1);
    // The command names a folder of its own, and remedies for whoever typed it.
    return /no space left/.test(line) ? `${folder}: no space left on the disk; free some and try again` : line;
  }
}
