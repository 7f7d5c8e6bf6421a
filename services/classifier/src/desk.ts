import type { Frame, Topics } from "@beckon/protocol";
import { type Bus, type Message, now, type ThrottledLog } from "@beckon/runtime";
import { BundleError } from "@beckon/vision";
import type { Books } from "./books.ts";
import { Cameras, type Sighting } from "./cameras.ts";
import type { ClassifierConfig } from "./config.ts";
import type { Job, ModelAnswer, ModelRefusal } from "./inference-messages.ts";
import { type Lost, ThreadLost } from "./inference-thread.ts";
import type { OpenEntries } from "./ledger.ts";
import type { Lineup, ServedModel } from "./lineup.ts";
import { resultOf } from "./results.ts";

/** A frame that is of now, and its entries in the books. */
export interface Arrival extends Message<Frame, "camera"> {
  readonly sighting: Sighting;
  readonly entries: OpenEntries;
}

export interface DeskOptions {
  readonly bus: Pick<Bus, "publish">;
  readonly topics: Topics;
  /** Its `config` is replaced when `/set` changes it. */
  readonly settings: { readonly config: ClassifierConfig };
  readonly lineup: Pick<Lineup, "models" | "classify" | "hurry">;
  readonly books: Books;
  readonly warnings: ThrottledLog;
}

/** Where frames come in and results go out. Every frame is in the books, from its arrival to its result or its loss. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #cameras: Cameras;
  readonly #inWork = new Set<Promise<void>>();

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#cameras = new Cameras(options.settings.config);
  }

  /** A payload that is no frame at all; the bus warns of it. */
  refuse(reason: string): void {
    this.#options.books.enter().dropAll(reason);
  }

  /** Lets through what is of now: in order, new, and not too long on its way. */
  async *timely(frames: AsyncIterable<Message<Frame, "camera">>): AsyncGenerator<Arrival, void, void> {
    for await (const frame of frames) {
      const entries = this.#options.books.enter();
      const { camera } = frame.names;
      // What the broker kept is of unknown age, and a new subscription must not bring an old picture back to life.
      if (frame.retained) {
        this.#drop(entries, camera, "retained");
        continue;
      }
      const sighting = this.#cameras.judge(camera, frame.value.envelope, frame.arrivedAt);
      entries.gap(sighting.gap);
      if (sighting.untimely) {
        this.#drop(entries, camera, sighting.untimely);
        continue;
      }
      yield { ...frame, sighting, entries };
    }
  }

  /** A newer frame of its camera came before a thread had time: that is how it should be, so nobody is warned. */
  supersede({ entries }: Arrival): void {
    entries.dropAll("superseded");
    this.#options.lineup.hurry();
  }

  /** Gives a frame to a thread; its results are published as they come. */
  classify(arrival: Arrival): void {
    const work = this.#classify(arrival).finally(() => this.#inWork.delete(work));
    this.#inWork.add(work);
  }

  /** Resolves when nothing is in work any more. */
  async cleared(): Promise<void> {
    await Promise.all(this.#inWork);
  }

  async #classify(arrival: Arrival): Promise<void> {
    const { entries, names, sighting, arrivedAt } = arrival;
    const { lineup, settings } = this.#options;
    const takenAt = now();
    if (sighting.age + takenAt - arrivedAt > settings.config.maxAge) return this.#drop(entries, names.camera, "stale");
    const { models } = lineup;
    for (const name of entries.models) if (!models.has(name)) entries.drop(name, "removed");
    if (entries.models.length === 0) return;
    const publishing: Promise<void>[] = [];
    let lost: Lost = "crashed";
    try {
      await lineup.classify(this.#job(arrival), (answer) => {
        publishing.push(this.#take(answer, arrival, models.get(answer.model), takenAt));
      });
    } catch (error) {
      lost = this.#lost(error);
    }
    // First what was answered, or it would be counted as lost.
    await Promise.all(publishing);
    entries.dropAll(lost);
  }

  #job({ names: { camera }, value: { jpeg, envelope }, entries }: Arrival): Job {
    const { rois, mirror, megapixels } = this.#options.settings.config;
    return {
      models: entries.models,
      // A copy, which is then given away: the payload may be a part of a socket's buffer, and others may read it.
      jpeg: new Uint8Array(jpeg),
      roi: envelope?.roi ?? rois[camera] ?? "default",
      mirror: mirror[camera] ?? false,
      megapixels,
    };
  }

  async #take(
    answer: ModelAnswer | ModelRefusal,
    { names: { camera }, sighting, entries, arrivedAt }: Arrival,
    model: ServedModel | undefined,
    takenAt: number,
  ): Promise<void> {
    const { bus, topics, settings, warnings } = this.#options;
    if ("refused" in answer || !model) {
      const { refused, message } = "refused" in answer ? answer : { refused: "removed", message: "no such model" };
      warnings.warn(refused, `a frame of ${camera} is dropped as ${refused}: ${message}`);
      return entries.drop(answer.model, refused);
    }
    try {
      const thresholds = settings.config.thresholds[model.name];
      const result = resultOf(camera, model, sighting, answer, { arrivedAt, takenAt }, thresholds);
      const sent = await bus.publish(topics.result({ camera, model: model.name }), result);
      if (sent) entries.result(model.name, result.ms);
      else entries.drop(model.name, "unsent");
    } catch (error) {
      const reason = error instanceof BundleError ? "engine-failed" : "unsent";
      warnings.warn(
        reason,
        `a frame of ${camera} is dropped as ${reason}: ${error instanceof Error ? error.message : error}`,
      );
      entries.drop(model.name, reason);
    }
  }

  #lost(error: unknown): Lost {
    const lost = error instanceof ThreadLost ? error.lost : "crashed";
    if (lost !== "stopped")
      this.#options.warnings.warn(
        lost,
        `a worker thread is replaced: ${error instanceof Error ? error.message : error}`,
      );
    return lost;
  }

  #drop(entries: OpenEntries, camera: string, reason: string): void {
    this.#options.warnings.warn(reason, `a frame of ${camera} is dropped as ${reason}`);
    entries.dropAll(reason);
  }
}
