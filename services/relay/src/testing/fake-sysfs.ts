import {
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountNamespace, mountNamespaceRefusal } from "@beckon/runtime/testing";
import { describe } from "vitest";

/** As a Pi 4 with kernel 6.6 has it. */
const BASE = 512;

/** A /sys/class/gpio for the processes that are started by its launcher, and a folder of plain files for us. */
export class FakeSysfs {
  readonly #root = mkdtempSync(join(tmpdir(), "beckon-sysfs-"));
  readonly #gpio = join(this.#root, "gpio");
  readonly #watcher: FSWatcher;

  constructor() {
    this.#write("gpiochip512/base", `${BASE}\n`);
    this.#write("gpiochip512/label", "pinctrl-bcm2711\n");
    this.#write("gpiochip0/base", "0\n");
    this.#write("gpiochip0/label", "raspberrypi-exp-gpio\n");
    this.#write("export", "");
    this.#write("unexport", "");
    this.#watcher = watch(join(this.#gpio, "export"), () => this.#exported());
  }

  /** The folder itself, for what looks for the base outside of the launcher. */
  get path(): string {
    return this.#gpio;
  }

  /** Put before a command line, it runs where this is /sys/class/gpio: in a mount namespace of its own. */
  get launcher(): string[] {
    const script = `mount --make-rprivate / && mount --bind "$1" /sys/class && shift && exec "$@"`;
    return ["unshare", ...mountNamespace(), "sh", "-c", script, "sh", this.#root];
  }

  /** `direction`, `value` or `active_low` of an exported pin. */
  read(pin: number, file: string): string {
    return readFileSync(join(this.#gpio, `gpio${BASE + pin}`, file), "utf8");
  }

  close(): void {
    this.#watcher.close();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #exported(): void {
    const number = readFileSync(join(this.#gpio, "export"), "utf8").trim();
    if (number === "") return;
    // Neither 0 nor 1: a level that is read back was written.
    for (const [file, text] of [
      ["direction", "in"],
      ["active_low", "0"],
      ["edge", "none"],
      ["value", "?"],
    ] as const)
      this.#write(`gpio${number}/${file}`, text);
    writeFileSync(join(this.#gpio, "export"), "");
  }

  #write(file: string, text: string): void {
    const path = join(this.#gpio, file);
    mkdirSync(join(path, ".."), { recursive: true });
    // Whole when it appears: onoff waits for the file, not for what is in it, and may write to it at once.
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }
}

/** `describe` where onoff can be run against an emulated sysfs; elsewhere skipped, saying so, and in CI an error. */
export function withOnoff(): typeof describe {
  const why = onoffImpossible();
  if (why === undefined) return describe;
  const advice = `${why}: onoff cannot be tried against an emulated sysfs`;
  if (process.env["CI"] === "true") throw new Error(advice);
  console.warn(`Skipping tests: ${advice}`);
  return describe.skip as typeof describe;
}

function onoffImpossible(): string | undefined {
  try {
    createRequire(import.meta.url).resolve("onoff");
  } catch {
    return "onoff is not installed, for it could not be compiled here (a C++ compiler, make and python3, then npm ci)";
  }
  return mountNamespaceRefusal();
}
