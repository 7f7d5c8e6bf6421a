import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ServiceFailure } from "@beckon/runtime";

/** Whoever holds the pin is told four times within its deadline that we live. */
const BEAT_MS = 250;
/** Without a line for so long the pin goes off by itself; without an answer for so long its process is replaced. */
const PIN_DEADLINE_MS = 1000;
const START_MS = 10_000;
const RESTART_AFTER_MS = 500;

export interface PinOptions {
  /** `onoff-pin.mjs` or `command-pin.mjs`, both beside this file. */
  readonly script: URL;
  readonly args: readonly string[];
  /** Put before the command line: the tests start it in a mount namespace. */
  readonly launcher?: readonly string[];
  /** Called when the pin's process ended by itself; the pin is off. */
  readonly lost: (detail: string) => void;
}

/** A pin that is held by a process of its own. */
export interface PinHolder {
  /** @throws {Error} when the process did not answer in time, or is being replaced */
  set(on: boolean): Promise<void>;
  /** Off, and the process ended. */
  close(): Promise<void>;
}

/**
 * Starts the process that holds a pin, and starts it again when it ends. The pin is off whenever this process is frozen
 * or gone.
 *
 * @throws {ServiceFailure} when the pin cannot be had, with the reason
 */
export async function holdPin(options: PinOptions): Promise<PinHolder> {
  let closed = false;
  let restarting: NodeJS.Timeout | undefined;
  let pin: PinProcess | undefined;
  const start = async (): Promise<void> => {
    const started = await PinProcess.start(options, (detail) => {
      // One that ends before it is ready is the failure of the start.
      if (!pin || closed) return;
      pin = undefined;
      options.lost(detail);
      restart();
    });
    if (closed) await started.close();
    else pin = started;
  };
  const restart = (): void => {
    restarting = setTimeout(() => {
      start().catch((error: unknown) => {
        options.lost(error instanceof Error ? error.message : String(error));
        if (!closed) restart();
      });
    }, RESTART_AFTER_MS);
  };
  await start();
  let closing: Promise<void> | undefined;
  return {
    set: async (on) => {
      if (closed) throw new Error("the pin is closed");
      if (!pin) throw new Error("the process that holds the pin is being started again; the pin is off");
      await pin.set(on);
    },
    close: () => {
      closed = true;
      clearTimeout(restarting);
      closing ??= pin?.close() ?? Promise.resolve();
      return closing;
    },
  };
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

interface Waiting {
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One life of the process that holds the pin. */
class PinProcess {
  readonly #child: Child;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #beat: NodeJS.Timeout;
  #on = false;
  #number = 0;
  #complaint = "";
  #stuck = "";
  #obituary: string | undefined;

  static async start(options: PinOptions, lost: (detail: string) => void): Promise<PinProcess> {
    const path = fileURLToPath(options.script);
    const [program = process.execPath, ...args] = [
      ...(options.launcher ?? []),
      process.execPath,
      path,
      ...options.args,
      String(PIN_DEADLINE_MS),
    ];
    const child: Child = spawn(program, args, {
      stdio: ["pipe", "pipe", "inherit"],
      // In a session of its own: Ctrl-Z and Ctrl-C reach this process's group, and the pin must outlive them.
      detached: true,
      env: { PATH: process.env["PATH"] },
    });
    const pin = new PinProcess(child, lost);
    await pin.#ready();
    return pin;
  }

  private constructor(child: Child, lost: (detail: string) => void) {
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = (detail: string) => {
        clearInterval(this.#beat);
        this.#obituary = detail;
        for (const { reject } of this.#waiting.values()) reject(new Error(detail));
        this.#waiting.clear();
        lost(detail);
        resolve();
      };
      child.once("error", (error) => end(`the process that holds the pin cannot start: ${error.message}`));
      child.once("exit", (code, signal) => end(this.#complaint || this.#stuck || obituary(code, signal)));
    });
    // A pipe that breaks is followed by the exit, which says it all.
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => this.#hear(line));
    this.#beat = setInterval(() => this.#tick(), BEAT_MS);
  }

  async set(on: boolean): Promise<void> {
    this.#on = on;
    await this.#send();
  }

  async close(): Promise<void> {
    clearInterval(this.#beat);
    this.#on = false;
    const killing = setTimeout(() => this.#child.kill("SIGKILL"), 2 * PIN_DEADLINE_MS);
    await this.#send().catch(() => {});
    this.#child.stdin.end();
    await this.#ended;
    clearTimeout(killing);
  }

  /** Until its first answer, which is to the number 0. */
  async #ready(): Promise<void> {
    const killing = setTimeout(() => this.#child.kill("SIGKILL"), START_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.set(0, { since: Number.POSITIVE_INFINITY, resolve, reject });
      });
    } catch (cause) {
      throw new ServiceFailure(cause instanceof Error ? cause.message : String(cause), { cause });
    } finally {
      clearTimeout(killing);
    }
  }

  #send(): Promise<void> {
    if (this.#obituary !== undefined) return Promise.reject(new Error(this.#obituary));
    this.#number += 1;
    const number = this.#number;
    this.#child.stdin.write(`${this.#on ? 1 : 0} ${number}\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { since: performance.now(), resolve, reject });
    });
  }

  #tick(): void {
    const [oldest] = this.#waiting.values();
    if (oldest && performance.now() - oldest.since > PIN_DEADLINE_MS) {
      this.#stuck = `the process that holds the pin did not answer for ${PIN_DEADLINE_MS} ms and was replaced`;
      this.#child.kill("SIGKILL");
      return;
    }
    // What fails here fails for whoever waits for a switch too, and ends in the exit.
    if (!this.#waiting.has(0)) this.#send().catch(() => {});
  }

  #hear(line: string): void {
    if (line.startsWith("error ")) {
      this.#complaint = line.slice("error ".length);
      return;
    }
    const number = line === "ready" ? 0 : Number(line);
    this.#waiting.get(number)?.resolve();
    this.#waiting.delete(number);
  }
}

function obituary(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === 3) return "the process that holds the pin did not hear from us in time and switched off";
  if (code === 4) return "the program that held the line ended by itself";
  return `the process that holds the pin ended (${signal ?? code})`;
}
