import { type ChildProcess, spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { createInterface } from "node:readline";
import { fileReason } from "@beckon/vision/system-reason";
import type { BeckonCommand } from "./training-command.ts";

export interface ChildOptions {
  readonly command: BeckonCommand;
  readonly args: readonly string[];
  /** It runs here. */
  readonly folder: string;
  /** Its folder for what is temporary. */
  readonly scratch: string;
  /** Ends it: SIGINT, and SIGKILL when it has not ended 5 s later. */
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Why a training came to nothing, in one line for the person at the page. */
export class TrainingFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TrainingFailed";
  }
}

const GRACE_MS = 5000;
/** Of what it complains; a stack is longer. */
const MOST_COMPLAINTS = 16_384;
const NO_MEMORY =
  "there was not enough memory to train: close other programs or throw out some recordings, and try again";

/**
 * Runs the command to its end, slower than whatever else wants to run.
 *
 * @throws TrainingFailed when it does not end well
 */
export async function runChild({ command, args, folder, scratch, signal, onLine }: ChildOptions): Promise<void> {
  const [program, ...first] = command;
  const child = spawn(program, [...first, ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: scratch, TEMP: scratch, TMP: scratch },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = endOf(child);
  lowerPriority(child);
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGINT");
    killing = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-MOST_COMPLAINTS);
  });
  const lines = child.stdout && createInterface({ input: child.stdout }).on("line", onLine);
  try {
    const { code, killedBy } = await ended;
    if (code !== 0) throw new TrainingFailed(failureOf(complaints, code, killedBy));
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(killing);
    lines?.close();
  }
}

interface End {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
}

/** After the last line was read. @throws TrainingFailed when it could not be started */
function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      const message = `the training could not be started (${child.spawnfile}): ${fileReason(error)}`;
      reject(new TrainingFailed(message, { cause: error }));
    });
    child.once("close", (code, killedBy) => resolve({ code, killedBy }));
  });
}

/** Set before it has started threads of its own, which on Linux take it over from the first. */
function lowerPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or the system does not allow it: it trains all the same.
  }
}

function failureOf(complaints: string, code: number | null, killedBy: NodeJS.Signals | null): string {
  if (/heap out of memory|bad_alloc|Cannot allocate memory|ENOMEM/i.test(complaints)) return NO_MEMORY;
  const lines = complaints.split("\n").map((line) => line.trim());
  const at = lines.findIndex((line) => line.startsWith("beckon: "));
  const said = lines[at]?.slice("beckon: ".length);
  if (said?.startsWith("unexpected error")) return `the training failed: ${lines[at + 1] ?? said}`;
  if (said !== undefined) return said;
  // The system ends the process that takes most when memory is short, and says nothing.
  if (killedBy === "SIGKILL") return `the training was killed; if nobody did, ${NO_MEMORY}`;
  const why = lines.find((line) => /error/i.test(line)) ?? lines.find((line) => line !== "");
  return `the training ended with ${killedBy ?? `code ${code}`}${why === undefined ? "" : `: ${why}`}`;
}
