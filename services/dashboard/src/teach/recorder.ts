import { mkdir, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Frame, Topics } from "@beckon/protocol";
import { type Bus, type Logger, latest, type Message, type StatsPart } from "@beckon/runtime";
import { Collection, PictureError, sessionName } from "@beckon/vision";
import type { ClassifierSettings } from "./classifier-settings.ts";
import { diskRefusal, Refused } from "./refusal.ts";
import { LONGEST_RECORDING_MS, type RecordingEnd, type StartRecording, type TeachState } from "./teach-api.ts";

export interface RecorderOptions {
  readonly bus: Pick<Bus, "subscribe">;
  readonly topics: Topics;
  /** Of all samples. */
  readonly folder: string;
  readonly looking: Pick<ClassifierSettings, "looksAt">;
  readonly stats: StatsPart;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Pictures of one second are hardly different: 8 are enough. */
const EVERY_MS = 125;
/** A camera that sends nothing for so long is not there. */
const SILENCE_MS = 2000;

/** A recording under way. */
interface Running {
  readonly asked: StartRecording;
  readonly startedAt: number;
  readonly stop: AbortController;
  id: string;
  collection: Collection | undefined;
  done: Promise<void>;
}

/** Keeps the frames of one camera as a new recording of one gesture, one recording at a time. */
export class Recorder {
  readonly #options: RecorderOptions;
  #running: Running | undefined;
  #ended: RecordingEnd | undefined;
  #failure: Refused | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get running(): TeachState["running"] {
    if (!this.#running?.collection) return undefined;
    const { asked, id, collection, startedAt } = this.#running;
    return { ...asked, id, pictures: collection.count, endsAt: startedAt + LONGEST_RECORDING_MS };
  }

  /** Also while it begins. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  get ended(): RecordingEnd | undefined {
    return this.#ended;
  }

  /**
   * Begins to record; it ends by `stop`, or by itself.
   *
   * @param asked with the name under which the gesture goes in the folder
   * @throws Refused 409 while another one runs, 507 or 500 when the folder cannot be written
   */
  async start(asked: StartRecording): Promise<string> {
    if (this.#running) throw new Refused(409, `"${this.#running.asked.gesture}" is being recorded: end that first`);
    const startedAt = this.#options.now();
    const running: Running = {
      asked,
      startedAt,
      stop: new AbortController(),
      id: "",
      collection: undefined,
      done: Promise.resolve(),
    };
    this.#running = running;
    try {
      Object.assign(running, await this.#open(asked, startedAt));
    } catch (error) {
      this.#running = undefined;
      throw diskRefusal(error, this.#options.folder);
    }
    running.done = this.#record(running);
    return running.id;
  }

  /**
   * Ends the recording, if there is one.
   *
   * @returns how the last one ended
   * @throws Refused when it could not be kept
   */
  async stop(): Promise<RecordingEnd | undefined> {
    this.#running?.stop.abort();
    await this.#running?.done;
    if (this.#failure) throw this.#failure;
    return this.#ended;
  }

  /** When nothing is written any more. */
  async idle(): Promise<void> {
    await this.#running?.done;
  }

  /** Makes the folders at once: a disk that is full, or not ours, is better said now. */
  async #open({ gesture, camera }: StartRecording, startedAt: number): Promise<Pick<Running, "id" | "collection">> {
    const { folder, looking } = this.#options;
    const { roi, mirror } = looking.looksAt(camera);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const id = await newFolder(folder, `${camera}-${sessionName(startedAt)}`);
    const collection = new Collection({
      out: folder,
      source: id,
      stem: id,
      label: gesture,
      camera,
      startedAt,
      roi: "envelope",
      mirror,
      ...(roi && { otherwise: roi }),
    });
    await mkdir(collection.folder).catch(async (error: unknown) => {
      await rmdir(join(folder, id)).catch(() => undefined);
      throw error;
    });
    return { id, collection };
  }

  async #record({ asked, id, stop, collection }: Running): Promise<void> {
    if (!collection) return;
    const { now, log } = this.#options;
    const { gesture, camera } = asked;
    const reel = new Reel({ camera, collection, stop: stop.signal }, this.#options);
    let failure = await reel.run().catch((error: unknown) => error);
    await collection.close(now()).catch((error: unknown) => {
      failure ??= error;
    });
    await removeEmpty(collection.folder);
    this.#failure = failure === undefined ? undefined : refusalOf(failure, this.#options.folder);
    const error = this.#failure?.message;
    const { count } = collection;
    this.#ended = { id, gesture, pictures: count, skipped: reel.skipped, ...(error && { error }) };
    this.#running = undefined;
    if (error === undefined) log.info(`kept ${count} pictures of "${gesture}" as ${id}`);
    else log.warn(`the recording of "${gesture}" ended after ${count} pictures: ${error}`);
  }
}

function refusalOf(failure: unknown, folder: string): Refused {
  if ((failure as NodeJS.ErrnoException | undefined)?.code !== "ENOENT") return diskRefusal(failure, folder);
  const message = `what was recorded is no longer in ${folder}: see that nothing else moves or removes it, and record again`;
  return new Refused(500, message, { cause: failure });
}

interface ReelTask {
  readonly camera: string;
  readonly collection: Collection;
  /** When the person lets go. */
  readonly stop: AbortSignal;
}

/** The loop of one recording. */
class Reel {
  skipped = 0;
  readonly #task: ReelTask;
  readonly #options: RecorderOptions;
  readonly #silent = new AbortController();
  #due = Number.NEGATIVE_INFINITY;

  constructor(task: ReelTask, options: RecorderOptions) {
    this.#task = task;
    this.#options = options;
  }

  /** @throws what ended it too early */
  async run(): Promise<void> {
    const { bus, topics, stats, signal } = this.#options;
    const { camera, stop } = this.#task;
    const enough = new AbortController();
    const ending = AbortSignal.any([signal, stop, this.#silent.signal, enough.signal]);
    const longest = setTimeout(() => enough.abort(), LONGEST_RECORDING_MS);
    const silence = setTimeout(() => this.#silent.abort(), SILENCE_MS);
    const refused = (): void => {
      silence.refresh();
      this.#skip();
    };
    try {
      const frames = bus.subscribe(topics.frame({ camera }), { signal: ending, refused });
      for await (const frame of latest(frames, { superseded: () => stats.drop("superseded") })) {
        // What waits is still given after the end; the hand may have left by then.
        if (ending.aborted) break;
        silence.refresh();
        await this.#take(frame);
      }
    } finally {
      clearTimeout(longest);
      clearTimeout(silence);
      enough.abort();
    }
    this.#complain();
  }

  async #take({ value, arrivedAt, retained }: Message<Frame, "camera">): Promise<void> {
    // Kept by the broker from who knows when.
    if (retained || arrivedAt < this.#due) return;
    // What is late does not hurry the next: each picture is to differ from the last.
    this.#due = Math.max(this.#due + EVERY_MS, arrivedAt + EVERY_MS / 2);
    try {
      await this.#task.collection.keep(value);
      this.#options.stats.count("pictures");
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      this.#skip();
    }
  }

  #skip(): void {
    this.skipped += 1;
    this.#options.stats.drop("bad-image");
  }

  #complain(): void {
    const { camera, collection } = this.#task;
    if (this.#silent.signal.aborted)
      throw new Refused(409, `${camera} sent no frame for ${SILENCE_MS / 1000} s: see in Live whether it is running`);
    if (collection.count === 0 && this.skipped > 0)
      throw new Refused(
        409,
        `none of the frames of ${camera} could be read: it must send JPEGs of 2.1 megapixels at most`,
      );
  }
}

/** Most recordings that may begin within one second; more are no person's. */
const MOST_A_SECOND = 99;

/** Makes a folder that was not there, with a number behind its name where one was. */
async function newFolder(parent: string, name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const id = number === 1 ? name : `${name}-${number}`;
    try {
      await mkdir(join(parent, id));
      return id;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || number >= MOST_A_SECOND) throw error;
    }
  }
}

/** Removes the folders of a recording that holds nothing; others stay. */
async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
    await rmdir(dirname(folder));
  } catch {
    // It holds pictures.
  }
}
