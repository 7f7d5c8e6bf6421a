import type { Topics } from "@beckon/protocol";
import { aborted, type Bus, type Logger, type StatsPart } from "@beckon/runtime";
import { type Context, Hono } from "hono";
import { compress } from "hono/compress";
import { limitBody } from "../web/limit-body.ts";
import { ClassifierSettings } from "./classifier-settings.ts";
import { Recorder } from "./recorder.ts";
import { diskRefusal, Refused } from "./refusal.ts";
import { Samples } from "./samples.ts";
import { TaughtModels } from "./taught-models.ts";
import { folded, GestureName, type Recording, StartRecording, type TeachState } from "./teach-api.ts";
import { Trainer } from "./trainer.ts";
import { type BeckonCommand, defaultCommand } from "./training-command.ts";
import { planTraining } from "./training-plan.ts";

/** What teaching is given. */
export interface TeachingOptions {
  /** Frames, and what classifiers are set to, are heard on it. */
  readonly bus: Pick<Bus, "subscribe">;
  readonly topics: Topics;
  /** Where recordings lie; made when the first one begins. */
  readonly samplesFolder: string;
  /** Where taught bundles lie, each in a folder `taught-<n>`; made when the first is trained. Of one dashboard alone: another trains nothing. */
  readonly modelsFolder: string;
  /** The program that `train ...` is given to, and its first arguments. Default: the `beckon` of this repository. */
  readonly command?: BeckonCommand;
  readonly stats: StatsPart;
  readonly log: Logger;
  /** Ends the recording and the training. */
  readonly signal: AbortSignal;
  /**
   * Ms since the epoch, by the clock that people see: recordings and models are named and dated by it. The `now` of the
   * runtime stands still while a laptop sleeps.
   */
  readonly now?: () => number;
}

/** The service side of teaching. */
export interface Teaching {
  /**
   * To be mounted behind the check of the session: `app.route("/api/teach", teaching.app)`. Its paths begin at `/`. It
   * bounds what it reads, answers refusals as teach-api.ts says, and throws nothing.
   */
  readonly app: Hono;
  /** After the signal: when nothing is written any more and the child is gone. Never rejects. */
  readonly ended: Promise<void>;
}

/** A name and a camera are short. */
const MOST_BODY_BYTES = 4096;
/** Pages ask twice a second while something is under way, and some thousand pictures take 20 ms to list. */
const LISTED_ANEW_MS = 2000;

export function createTeaching(options: TeachingOptions): Teaching {
  const desk = new TeachingDesk(options);
  const app = new Hono();
  app.onError((error, context) => answerRefusal(error, context, options.log));
  app.notFound((context) => context.json({ error: "there is nothing here" }, 404));
  app.use(limitBody(MOST_BODY_BYTES));
  // The names of some thousand pictures are alike.
  app.get("/", compress(), async (context) => context.json(await desk.state()));
  app.post("/recordings", async (context) => context.json({ id: await desk.record(await bodyOf(context)) }));
  app.delete("/recordings/running", async (context) => context.json({ ended: await desk.endRecording() }));
  app.get("/recordings/:id/:picture", async (context) => {
    const jpeg = await desk.samples.picture(context.req.param("id"), context.req.param("picture"));
    // Pictures of people at home: no cache keeps them.
    const headers = { "Content-Type": "image/jpeg", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };
    return context.body(jpeg, 200, headers);
  });
  app.delete("/recordings/:id/:picture", async (context) => {
    const { id, picture } = context.req.param();
    await desk.change(id, () => desk.samples.removePicture(id, picture));
    return context.json({});
  });
  app.delete("/recordings/:id", async (context) => {
    const id = context.req.param("id");
    await desk.change(id, () => desk.samples.removeRecording(id, context.req.query("gesture")));
    return context.json({});
  });
  app.delete("/gestures/:gesture", async (context) => {
    await desk.removeGesture(context.req.param("gesture"));
    return context.json({});
  });
  app.post("/training", async (context) => {
    await desk.train();
    return context.json({});
  });
  app.delete("/training", async (context) => {
    await desk.stopTraining();
    return context.json({});
  });
  return { app, ended: desk.ended };
}

/** Sees that recording, training and throwing out do not get into each other's way. */
class TeachingDesk {
  readonly samples: Samples;
  readonly ended: Promise<void>;
  readonly #models: TaughtModels;
  readonly #recorder: Recorder;
  readonly #trainer: Trainer;
  readonly #ready: Promise<void>;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  #listed: { readonly at: number; readonly recordings: Promise<Recording[]> } | undefined;

  constructor({
    bus,
    topics,
    samplesFolder,
    modelsFolder,
    command,
    stats,
    log,
    signal,
    now = () => Date.now(),
  }: TeachingOptions) {
    const looking = new ClassifierSettings();
    const listening = looking.follow(bus, topics, signal, log);
    this.samples = new Samples(samplesFolder);
    this.#models = new TaughtModels({ folder: modelsFolder, inUse: (folder) => looking.uses(folder), log });
    this.#recorder = new Recorder({ bus, topics, folder: samplesFolder, looking, stats, log, signal, now });
    this.#trainer = new Trainer({
      samplesFolder,
      models: this.#models,
      command: command ?? defaultCommand(),
      stats,
      log,
      signal,
      now,
    });
    this.#signal = signal;
    this.#now = now;
    this.#ready = this.#models.clear().catch((error: unknown) => {
      log.warn(`what an earlier training left stays behind: ${diskRefusal(error, modelsFolder).message}`);
    });
    this.ended = listening.then(async () => {
      await aborted(signal);
      await Promise.all([this.#ready, this.#recorder.idle(), this.#trainer.idle()]);
      this.#models.release();
    });
  }

  async state(): Promise<TeachState> {
    await this.#ready;
    // Before the folders are read: who hears that something is over also sees what came of it.
    const { running, ended } = this.#recorder;
    const { training } = this.#trainer;
    const [recordings, models] = await Promise.all([this.#recordings(), this.#models.list()]);
    return {
      recordings,
      ...(running && { running }),
      ...(ended && { ended }),
      models,
      ...(training && { training }),
      wanted: [...planTraining(recordings).wanted],
      folders: { samples: this.samples.folder, models: this.#models.folder },
    };
  }

  /** As they are; while something is under way, as they were a moment ago. */
  #recordings(): Promise<Recording[]> {
    const at = this.#now();
    const isBusy = this.#recorder.busy || this.#trainer.busy;
    if (!isBusy || !this.#listed || Math.abs(at - this.#listed.at) >= LISTED_ANEW_MS)
      this.#listed = { at, recordings: this.samples.list() };
    return this.#listed.recordings;
  }

  async record(body: string): Promise<string> {
    const { gesture, camera } = parsedRequest(body);
    const name = await this.samples.nameOf(gesture);
    // Nothing is waited for between these and the start.
    if (this.#trainer.busy) throw new Refused(409, "a training is under way: wait for it, or stop it");
    this.#checkOpen();
    return this.#recorder.start({ gesture: name, camera });
  }

  endRecording(): ReturnType<Recorder["stop"]> {
    return this.#recorder.stop();
  }

  /** Throws something of a recording out, unless somebody works with it. */
  async change(id: string, remove: () => Promise<void>): Promise<void> {
    if (this.#recorder.running?.id === id) throw new Refused(409, "this is being recorded: end that first");
    await this.#removing(remove);
  }

  async removeGesture(asked: string): Promise<void> {
    const gesture = GestureName.safeParse(asked).data;
    if (gesture === undefined) throw new Refused(404, "there is no such gesture");
    const { running } = this.#recorder;
    if (running && folded(running.gesture) === folded(gesture))
      throw new Refused(409, "this is being recorded: end that first");
    await this.#removing(() => this.samples.removeGesture(gesture));
  }

  async #removing(remove: () => Promise<void>): Promise<void> {
    this.#checkUnread();
    try {
      await remove();
    } finally {
      this.#listed = undefined;
    }
  }

  async train(): Promise<void> {
    await this.#ready;
    const plan = planTraining(await this.samples.list());
    this.#checkOpen();
    if (this.#recorder.busy) throw new Refused(409, "a gesture is being recorded: end that first");
    const [first] = plan.wanted;
    if (first !== undefined) throw new Refused(409, first);
    await this.#trainer.start(plan);
  }

  stopTraining(): Promise<void> {
    return this.#trainer.stop();
  }

  #checkUnread(): void {
    if (this.#trainer.busy) throw new Refused(409, "a training reads the pictures: wait for it, or stop it");
  }

  #checkOpen(): void {
    if (this.#signal.aborted) throw new Refused(409, "the service is stopping");
  }
}

async function bodyOf({ req }: Context): Promise<string> {
  try {
    return await req.text();
  } catch (error) {
    throw new Refused(400, "the request did not come whole", { cause: error });
  }
}

function parsedRequest(body: string): StartRecording {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    throw new Refused(400, 'JSON such as {"gesture":"wave","camera":"desk"} is wanted', { cause: error });
  }
  const parsed = StartRecording.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue?.path.join(".") || "the request";
  throw new Refused(400, key === "gesture" ? `the name ${issue?.message}` : `${key}: ${issue?.message}`);
}

function answerRefusal(error: Error, context: Context, log: Logger): Response {
  if (error instanceof Refused) return context.json({ error: error.message }, error.status);
  log.error({ err: error }, "a request of the page failed unexpectedly");
  return context.json({ error: "this failed unexpectedly; the log of the service says how" }, 500);
}
