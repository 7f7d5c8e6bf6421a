import type { Topics } from "@beckon/protocol";
import type { Bus, Logger, StatsPart } from "@beckon/runtime";
import { Hono } from "hono";

/** What teaching is given. */
export interface TeachingOptions {
  /** Frames are heard on it. */
  readonly bus: Pick<Bus, "subscribe">;
  readonly topics: Topics;
  /** Where recordings lie; made when the first picture is kept. */
  readonly samplesFolder: string;
  /** Where taught bundles lie, each in a folder `taught-<n>`; made when the first is trained. */
  readonly modelsFolder: string;
  /** The program that `train ...` is given to, and its first arguments. Default: the `beckon` of this repository. */
  readonly command?: readonly [program: string, ...first: string[]];
  readonly stats: StatsPart;
  readonly log: Logger;
  /** Ends the recording and the training. */
  readonly signal: AbortSignal;
  /** Ms since the epoch. */
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

export function createTeaching({ signal }: TeachingOptions): Teaching {
  const app = new Hono();
  app.all("*", (context) => context.json({ error: "teaching is not there yet" }, 501));
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return { app, ended };
}
