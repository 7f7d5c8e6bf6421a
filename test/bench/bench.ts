import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bar, formatBars } from "./bars.ts";

/** A failure that its message explains; it ends the benchmark without a stack. */
export class BenchFailure extends Error {}

/** What every benchmark gets: a folder that is removed at the end, and a signal that Ctrl-C aborts. */
export interface Bench {
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Runs a benchmark and prints its bars. The exit code is 1 when one of them failed or the benchmark itself did. */
export async function runBench(measure: (bench: Bench) => Promise<readonly Bar[]>): Promise<void> {
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort());
  const folder = await mkdtemp(join(tmpdir(), "beckon-bench-"));
  try {
    console.log(machine());
    const bars = await measure({ folder, signal: interrupt.signal });
    console.log(`\n${formatBars(bars)}`);
    process.exitCode = bars.every(({ passed }) => passed) ? 0 : 1;
  } catch (error) {
    console.error(interrupt.signal.aborted ? "interrupted" : explained(error));
    process.exitCode = interrupt.signal.aborted ? 130 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  // Node 20 waits for ever, at full speed, for a request of a child or socket that was cut off: node::Environment's
  // CleanupHandles, seen after black holes. What leaves by exit() does not pass there.
  process.exit();
}

/** Reads a whole number or a fraction above 0 from an option. */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(Number.isFinite(value) && value > 0)) throw new BenchFailure(`--${name} ${text}: must be a number above 0`);
  return value;
}

/**
 * Runs one measurement in a process of its own, so that its peak of memory is its own.
 *
 * @param entry a TypeScript file that takes `request` as JSON in its first argument, and prints its outcome as JSON on
 *   its last line
 * @param flags of its Node, besides
 * @throws BenchFailure with the last thing it said when it fails
 */
export function measureApart<T>(
  entry: URL,
  request: unknown,
  signal: AbortSignal,
  flags: readonly string[] = [],
): Promise<T> {
  return measureProgram(
    process.execPath,
    [...flags, "--import", import.meta.resolve("tsx"), fileURLToPath(entry)],
    request,
    signal,
  );
}

/** As `measureApart`, for any program. */
export function measureProgram<T>(
  program: string,
  args: readonly string[],
  request: unknown,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args, JSON.stringify(request)], { signal }, (error, stdout, stderr) => {
      if (error)
        return reject(new BenchFailure(`${args.at(-1)}: ${reasonIn(stderr) || error.message}`, { cause: error }));
      try {
        resolve(JSON.parse(lastLine(stdout)) as T);
      } catch (cause) {
        reject(new BenchFailure(`${args.at(-1)}: no outcome on its last line`, { cause }));
      }
    });
  });
}

/** One line for what a user can do something about, such as a misspelt option; anything else whole, to find its cause. */
function explained(error: unknown): unknown {
  if (error instanceof BenchFailure) return error.message;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("ERR_PARSE_ARGS") ? (error as Error).message : error;
}

/** What ended a program: the last line that names an error, for Node says its version after it. */
function reasonIn(stderr: string): string {
  const named = stderr.split("\n").filter((line) => /^\w*Error\b/.test(line));
  return named.at(-1) ?? lastLine(stderr);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

function machine(): string {
  const cores = cpus();
  const [load = 0] = loadavg();
  const busy =
    load > 0.5 ? `\nOther programs are at work here (load ${load.toFixed(1)}): the figures will be too low.` : "";
  return `${cores.length} x ${cores[0]?.model.trim() ?? "unknown processor"}, Node ${process.versions.node}${busy}`;
}
