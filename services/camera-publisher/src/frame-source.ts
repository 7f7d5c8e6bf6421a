import type { ServiceContext } from "@beckon/runtime";

/** One picture as the source gave it. */
export interface CapturedFrame {
  /** A whole JPEG, of memory of its own. */
  readonly jpeg: Uint8Array;
  /** Capture time, by `now()` of runtime. */
  readonly at: number;
}

export interface SourceContext {
  /** Ends the stream, promptly and without an error. */
  readonly signal: AbortSignal;
  readonly log: Pick<ServiceContext<unknown>["log"], "info" | "warn" | "debug">;
}

/**
 * Where frames come from: one file per source in `sources/`, one contract test for all of them.
 *
 * Reading begins to capture, ending the loop stops it and leaves no process behind. A stream ends by itself only when
 * there is nothing more to come (a video that does not loop). It throws `SourceError` for what may come back, and
 * runtime's `ServiceFailure` for what cannot; both say in one line what is wrong and what to do.
 *
 * @param live the camera's configuration, asked again for what may change while it runs
 */
export type FrameSource<C> = (live: () => C, context: SourceContext) => AsyncIterable<CapturedFrame>;

/** A source that failed for now: the message is one line for the user. */
export class SourceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SourceError";
  }
}
