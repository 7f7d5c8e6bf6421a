import { type ChildProcess, spawn } from "node:child_process";
import { basename } from "node:path";
import { MAX_FRAME_BYTES } from "@beckon/protocol";
import { now } from "@beckon/runtime";
import { type CapturedFrame, type SourceContext, SourceError } from "./frame-source.ts";
import { MjpegSplitter } from "./mjpeg-splitter.ts";

/** A program that writes JPEGs, one after the other, to its standard output. */
export interface FrameProgram {
  /** Path of the program. It is started as it is, without a shell. */
  readonly program: string;
  readonly args: readonly string[];
  /** It ends by itself with code 0 when it has no more; otherwise any end is a failure. */
  readonly finite: boolean;
}

/** How long a program may take to end before it is killed, in ms. */
const GRACE_MS = 1000;
/** Of what a program complains of, the end is kept. */
const COMPLAINT_BYTES = 4096;

/**
 * The pictures that a program writes. The program ends with the loop that reads them.
 *
 * @throws {SourceError} with the last line of its standard error
 */
export async function* childFrames(
  { program, args, finite }: FrameProgram,
  { signal, log }: SourceContext,
): AsyncGenerator<CapturedFrame, void, void> {
  if (signal.aborted) return;
  log.debug({ program, args: args.map(withoutCredentials) }, "starting a program that captures");
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = endOf(child);
  const complaint = complaintOf(child);
  const stop = (): void => void child.stdout.destroy();
  signal.addEventListener("abort", stop, { once: true });
  const splitter = new MjpegSplitter(MAX_FRAME_BYTES);
  let patience = 0;
  try {
    // Destroyed on stop, which ends the loop with an error that is ours.
    for await (const piece of child.stdout as AsyncIterable<Uint8Array>) {
      for (const jpeg of splitter.push(piece)) {
        if (signal.aborted) return;
        yield { jpeg, at: now() };
      }
    }
    // It closed its output by itself: about to end, with a code and a complaint that are wanted.
    patience = GRACE_MS;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    await end(child, ended, patience);
  }
  if (signal.aborted) return;
  const { code, error } = await ended;
  if (finite && code === 0) return;
  const last = error?.message ?? lastLine(complaint());
  const size = splitter.tooLarge > 0 ? `all ${splitter.tooLarge} pictures above ${MAX_FRAME_BYTES} bytes` : undefined;
  throw new SourceError(
    `${basename(program)} ended: ${last ?? size ?? (code === null ? "killed" : `exit code ${code}`)}`,
  );
}

interface End {
  readonly code: number | null;
  readonly error?: Error;
}

/** Never rejects: a program that cannot be started has an end too. */
function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, error }));
    child.once("close", (code) => resolve({ code }));
  });
}

/** @param patience ms that it is given to end by itself */
async function end(child: ChildProcess, ended: Promise<End>, patience: number): Promise<void> {
  child.stdout?.destroy();
  const timers = [
    setTimeout(() => child.kill("SIGTERM"), patience),
    setTimeout(() => child.kill("SIGKILL"), patience + GRACE_MS),
  ];
  await ended;
  timers.forEach(clearTimeout);
}

function complaintOf(child: ChildProcess): () => string {
  let kept = Buffer.alloc(0);
  child.stderr?.on("data", (piece: Buffer) => {
    kept = Buffer.concat([kept, piece]).subarray(-COMPLAINT_BYTES);
  });
  return () => kept.toString("utf8");
}

/** The last line that says something; without control characters and credentials, for it is printed. */
function lastLine(text: string): string | undefined {
  const lines = text.split(/[\r\n]+/).map((line) => withoutCredentials(line.replace(/\p{C}+/gu, " ").trim()));
  return lines.findLast((line) => line !== "")?.slice(0, 300);
}

/** `rtsp://user:password@camera/` becomes `rtsp://camera/`. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/gi, "$1");
}
