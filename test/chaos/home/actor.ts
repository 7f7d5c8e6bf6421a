import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { now } from "@beckon/runtime";

export interface ActorSpec {
  /** For messages, and for its log. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** What it prints when it is ready. */
  readonly ready: RegExp;
  readonly cwd: string;
  /** Where its output is kept; left out, nowhere. */
  readonly log?: string | undefined;
}

const READY_MS = 60_000;
const STOP_MS = 8000;
/** Of its lines so many are kept. */
const KEPT_LINES = 400;
/** So many tell why it ended: a stack has a few. */
const LAST_LINES = 12;

/** What a process printed, and when we read it. */
interface Line {
  readonly text: string;
  readonly at: number;
}

/** A program that is killed, frozen and started again. */
export class Actor {
  readonly name: string;
  readonly #spec: ActorSpec;
  #child: ChildProcess | undefined;
  #lines: Line[] = [];
  #rest = "";

  constructor(spec: ActorSpec) {
    this.name = spec.name;
    this.#spec = spec;
  }

  /** @returns when it said that it is ready, by `now()`; throws with its last line when it ends before */
  async start(): Promise<number> {
    const [program, ...args] = this.#spec.command;
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], cwd: this.#spec.cwd });
    this.#child = child;
    this.#lines = [];
    this.#rest = "";
    const ready = new Promise<number>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.name} is not ready: ${this.lastWords}`)), READY_MS);
      child.once("error", reject);
      child.once("close", () => reject(new Error(`${this.name} ended: ${this.lastWords}`)));
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding("utf8").on("data", (text: string) => {
          const at = this.#hear(text);
          if (at === undefined) return;
          clearTimeout(late);
          resolve(at);
        });
    });
    return ready;
  }

  /** When it first printed a line like this after a moment; undefined when it did not. */
  said(pattern: RegExp, after: number): number | undefined {
    return this.#lines.find(({ text, at }) => at > after && pattern.test(text))?.at;
  }

  /** What it said last, and how it ended if it did: to tell why. */
  get lastWords(): string {
    const { exitCode, signalCode } = this.#child ?? {};
    const end = (signalCode ?? exitCode) === null ? [] : [`ended with ${signalCode ?? exitCode}`];
    const words = [...this.#lines.slice(-LAST_LINES).map(({ text }) => text), this.#rest, ...end];
    return words.filter((line) => line !== "").join("\n") || "without a word";
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** SIGTERM, also to who is frozen, and SIGKILL for who does not obey. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), STOP_MS);
    await this.#end("SIGTERM");
    clearTimeout(timer);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    child.kill("SIGCONT");
    await ended;
  }

  /** @returns when it became ready, if these words say so */
  #hear(text: string): number | undefined {
    if (this.#spec.log !== undefined) appendFileSync(this.#spec.log, text);
    const at = now();
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    this.#lines = [...this.#lines, ...lines.map((line) => ({ text: line, at }))].slice(-KEPT_LINES);
    return lines.some((line) => this.#spec.ready.test(line)) ? at : undefined;
  }
}
