/** Starts what is measured as a user would: programs of their own, told by command line, watched through /proc. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { BenchFailure } from "../bench.ts";

/** How a program is started. */
export interface ProgramSpec {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What it prints when it is ready. */
  readonly ready: RegExp;
  readonly cwd?: string;
}

const READY_MS = 60_000;
const STOP_MS = 8000;
/** Linux counts processor time in hundredths of a second for every program that asks. */
const TICK_MS = 10;
/** Of its output so much is kept, to say why it ended. */
const KEPT_CHARACTERS = 4000;

/** A program that runs. */
export class Program {
  readonly name: string;
  readonly #child: ChildProcess;
  #output = "";
  #listener: ((output: string) => void) | undefined;

  constructor({ name, command, args, cwd }: ProgramSpec, signal: AbortSignal) {
    this.name = name;
    this.#child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...(cwd !== undefined && { cwd }) });
    // An abort ends the benchmark, whose end stops every program; a failure to start shows as never being ready.
    this.#child.on("error", (error) => this.#hear(`${error.message}\n`));
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    const interrupt = (): boolean => this.#child.kill("SIGTERM");
    signal.addEventListener("abort", interrupt, { once: true });
    this.#child.once("close", () => signal.removeEventListener("abort", interrupt));
  }

  /** @returns ms of processor time that it has used, of all its threads, by it and by the system for it */
  cpu(): number {
    // Its name, in brackets, may hold anything.
    const fields = this.#processFile("stat")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** @returns resident memory, MB (a million bytes) */
  memory(): number {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(this.#processFile("status"))?.[1];
    return (Number(kilobytes) * 1024) / 1e6;
  }

  /** @throws BenchFailure with the last thing it said, when it ends first or takes too long */
  async until(ready: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure()), READY_MS);
      const look = (output: string): void => {
        if (!ready.test(output)) return;
        clearTimeout(timer);
        resolve();
      };
      this.#listener = look;
      this.#child.once("close", () => {
        clearTimeout(timer);
        reject(this.#failure());
      });
      look(this.#output);
    });
    this.#listener = undefined;
  }

  /** SIGTERM, and SIGKILL for who does not obey. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await closed;
    clearTimeout(timer);
  }

  /** SIGKILL, which asks nobody. */
  async kill(): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }

  #hear(text: string): void {
    this.#output = (this.#output + text).slice(-KEPT_CHARACTERS);
    this.#listener?.(this.#output);
  }

  #processFile(name: "stat" | "status"): string {
    try {
      return readFileSync(`/proc/${this.#child.pid}/${name}`, "utf8");
    } catch {
      throw this.#failure();
    }
  }

  #failure(): BenchFailure {
    const lastLine = this.#output.trim().split("\n").at(-1);
    return new BenchFailure(`${this.name} is not there: ${lastLine || "it said nothing"}`);
  }
}

/** Starts a program and waits until it is ready; `withPrograms` stops it. */
export type Start = (spec: ProgramSpec) => Promise<Program>;

/** Does something with programs, and stops them in reverse, whatever happens. */
export async function withPrograms<T>(signal: AbortSignal, work: (start: Start) => Promise<T>): Promise<T> {
  const programs: Program[] = [];
  try {
    return await work(async (spec) => {
      signal.throwIfAborted();
      const program = new Program(spec, signal);
      programs.push(program);
      await program.until(spec.ready);
      return program;
    });
  } finally {
    for (const program of programs.toReversed()) await program.stop();
  }
}
