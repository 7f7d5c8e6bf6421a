import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { now } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { FakeSysfs } from "../../../services/relay/src/testing/fake-sysfs.ts";
import type { Witness } from "./witness.ts";

/** What a relay switches, seen from outside of it. */
export interface Lamp {
  /** Of the relay's configuration. */
  readonly driver: Readonly<Record<string, unknown>>;
  /** Put before the command line of the relay. */
  readonly launcher: readonly string[];
  /** It tells the truth also while the relay itself is dead. */
  readonly outlivesRelay: boolean;
  readonly on: boolean;
  /** Since the beginning, in order; the first is not the state at the beginning, which is off. */
  readonly switches: readonly { readonly on: boolean; readonly at: number }[];
  /** To be called once there is one. */
  watch(witness: Witness): void;
  close(): void;
}

/** An emulated pin where that is possible; else what the relay says of itself. */
export async function openLamp(): Promise<Lamp> {
  const why = pinImpossible();
  if (why === undefined) return PinLamp.open();
  console.log(
    `No emulated pin (${why}): the lamp is what the relay says of itself, and nothing while the relay is dead.`,
  );
  return new ToldLamp();
}

const PIN = 17;
/** Of the emulated chip. */
const BASE = 512;
const LOOK_MS = 5;

class PinLamp implements Lamp {
  readonly outlivesRelay = true;
  readonly driver = { kind: "onoff", pin: PIN, base: BASE };
  readonly switches: { on: boolean; at: number }[] = [];
  readonly #sysfs = new FakeSysfs();
  readonly #timer = setInterval(() => this.#look(), LOOK_MS);

  get launcher(): readonly string[] {
    return this.#sysfs.launcher;
  }

  get on(): boolean {
    return this.switches.at(-1)?.on ?? false;
  }

  /** The pin is exported already: nobody has to be quick to emulate that while the relay waits for it. */
  static async open(): Promise<PinLamp> {
    const lamp = new PinLamp();
    writeFileSync(join(lamp.#sysfs.path, "export"), String(BASE + PIN));
    await eventually(() => lamp.#sysfs.read(PIN, "value") !== "");
    return lamp;
  }

  watch(): void {}

  close(): void {
    clearInterval(this.#timer);
    this.#sysfs.close();
  }

  #look(): void {
    const level = this.#level();
    if (level !== undefined && level !== this.on) this.switches.push({ on: level, at: now() });
  }

  /** @returns undefined in the middle of a write, or before the pin was exported */
  #level(): boolean | undefined {
    try {
      const value = this.#sysfs.read(PIN, "value").trim();
      return value === "" ? undefined : value === "1";
    } catch {
      return undefined;
    }
  }
}

class ToldLamp implements Lamp {
  readonly outlivesRelay = false;
  readonly driver = { kind: "simulated" };
  readonly launcher = [];
  #witness: Witness | undefined;

  get switches(): readonly { on: boolean; at: number }[] {
    const told = this.#witness?.relayStates.map(({ value, arrivedAt }) => ({
      on: value.state === "ON",
      at: arrivedAt,
    }));
    return (told ?? []).filter(({ on }, index, all) => on !== (all[index - 1]?.on ?? false));
  }

  get on(): boolean {
    return this.switches.at(-1)?.on ?? false;
  }

  watch(witness: Witness): void {
    this.#witness = witness;
  }

  close(): void {}
}

function pinImpossible(): string | undefined {
  const sysfs = new FakeSysfs();
  try {
    createRequire(new URL("../../../services/relay/src/index.ts", import.meta.url)).resolve("onoff");
    const [command = "", ...args] = sysfs.launcher;
    execFileSync(command, [...args, "true"], { stdio: "ignore" });
    return undefined;
  } catch (error) {
    return String(error).includes("onoff") ? "onoff is not installed" : "mount namespaces are not allowed";
  } finally {
    sysfs.close();
  }
}
