/** The command as a user runs it: a process of its own in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../packages/cli/bin/beckon.js", import.meta.url));
/** Only catches a hang. */
const DEADLINE_MS = 60_000;

export interface BeckonOptions {
  /** Its folder; an empty one of its own unless given. */
  readonly cwd?: string;
  /** In place of what it would inherit. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export interface Ending {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly lines: readonly string[];
}

const running = new Set<BeckonProcess>();

/** `beckon <words>`, and all it says. */
export class BeckonProcess {
  readonly cwd: string;
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  #output = "";
  #listeners = new Set<() => void>();
  #ending: Ending | undefined;

  constructor(words: readonly string[], { cwd = emptyFolder(), env, input }: BeckonOptions = {}) {
    this.cwd = cwd;
    const child = spawn(process.execPath, [LAUNCHER, ...words], {
      cwd,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.#child = child;
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        for (const listener of this.#listeners) listener();
      });
    running.add(this);
    this.ended = new Promise((resolve) => {
      child.once("close", (code) => {
        this.#ending = { code, lines: this.lines };
        running.delete(this);
        resolve(this.#ending);
        for (const listener of this.#listeners) listener();
      });
    });
  }

  get lines(): readonly string[] {
    return this.#output.split("\n").filter((line) => line !== "");
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws with all it said, when it ends or the deadline passes first */
  async says(words: RegExp): Promise<RegExpExecArray> {
    let found = words.exec(this.#output);
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string): void => {
        done();
        reject(new Error(`${words} was not said: it ${what}\n${this.#output}`));
      };
      const timer = setTimeout(() => fail("went on"), DEADLINE_MS);
      const look = (): void => {
        found = words.exec(this.#output);
        if (found) {
          done();
          resolve();
        } else if (this.#ending) fail(`ended with ${this.#ending.code}`);
      };
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      this.#listeners.add(look);
      look();
    });
    return found as RegExpExecArray;
  }

  /** As Ctrl-C does; a hang ends in SIGKILL, and so with the code null. */
  stop(): Promise<Ending> {
    this.#child.kill("SIGINT");
    return this.end();
  }

  /** Waits for its own end. */
  async end(): Promise<Ending> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), DEADLINE_MS / 2);
    const ending = await this.ended;
    clearTimeout(timer);
    return ending;
  }
}

/** @param words after `beckon` */
export function beckon(words: readonly string[], options?: BeckonOptions): BeckonProcess {
  return new BeckonProcess(words, options);
}

/** `beckon up` or `beckon <service>` with this beckon.yaml. */
export function withConfig(config: object, words: readonly string[], options: BeckonOptions = {}): BeckonProcess {
  const cwd = options.cwd ?? emptyFolder();
  // JSON is YAML.
  writeFileSync(join(cwd, "beckon.yaml"), JSON.stringify({ log: { format: "plain" }, ...config }, undefined, 2));
  return new BeckonProcess(words, { ...options, cwd });
}

/** For `afterEach`: whatever a failed test left. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((process) => process.stop()));
}

export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), "beckon-stream-"));
}
