import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ServiceFailure } from "@beckon/runtime";
import { holdPin } from "../pin/pin-holder.ts";
import type { DriverContext, RelayDriver } from "./driver.ts";
import { HEADER_CHIPS } from "./gpio-base.ts";

const run = promisify(execFile);
const INSTALL = "sudo apt-get install gpiod";

/**
 * A pin through gpioset of the Debian package gpiod (1.6 or 2), which holds the line as long as it runs. It is held by
 * a process of its own, so that it ends when this one does.
 *
 * @throws {ServiceFailure} without gpioset, the chip or the pin
 */
export async function openGpiod(
  { pin, chip }: { pin: number; chip?: string | undefined },
  { name, activeLow, lost }: Pick<DriverContext, "name" | "activeLow" | "lost">,
): Promise<RelayDriver> {
  const version = await gpiosetVersion(name);
  const place = { chip: chip ?? (await findChip(name)), pin };
  const level = (on: boolean): number => (on === activeLow ? 0 : 1);
  const guard = await deathGuard();
  const commands = {
    on: [...guard, ...holdCommand(version, place, level(true))],
    off: [...guard, ...holdCommand(version, place, level(false))],
    last: lastCommand(version, place, level(false)),
  };
  return await holdPin({
    script: new URL("../pin/command-pin.mjs", import.meta.url),
    args: [JSON.stringify(commands)],
    lost,
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceFailure(`relay ${name}: GPIO${pin} on ${place.chip} cannot be used: ${reason}`, { cause });
  });
}

interface Place {
  readonly chip: string;
  readonly pin: number;
}

/** The level stays as long as the program runs. */
function holdCommand(version: 1 | 2, { chip, pin }: Place, level: number): string[] {
  return version === 1
    ? ["gpioset", "--mode=signal", chip, `${pin}=${level}`]
    : ["gpioset", "--chip", chip, `${pin}=${level}`];
}

/** The level is set once, and the program ends. */
function lastCommand(version: 1 | 2, { chip, pin }: Place, level: number): string[] {
  return version === 1
    ? ["gpioset", "--mode=exit", chip, `${pin}=${level}`]
    : ["gpioset", "--toggle", "0", "--chip", chip, `${pin}=${level}`];
}

/** `gpioset (libgpiod) v1.6.3`: 2 took over the syntax. */
async function gpiosetVersion(name: string): Promise<1 | 2> {
  const { stdout } = await run("gpioset", ["--version"]).catch((cause: unknown) => {
    throw new ServiceFailure(`relay ${name}: gpioset is not installed: ${INSTALL}`, { cause });
  });
  const major = /\bv?(\d+)\.\d+/.exec(stdout)?.[1];
  if (major === "1") return 1;
  if (major === "2") return 2;
  throw new ServiceFailure(
    `relay ${name}: gpioset is of version ${major ?? "unknown"}, and only 1 and 2 are known here`,
  );
}

/** From `gpiochip0 [pinctrl-bcm2711] (58 lines)`: the number of the header's chip changed between kernels. */
async function findChip(name: string): Promise<string> {
  const { stdout } = await run("gpiodetect").catch(() => ({ stdout: "" }));
  for (const [, chip, label] of stdout.matchAll(/^(gpiochip\d+) \[([^\]]*)\]/gm))
    if (chip !== undefined && label !== undefined && HEADER_CHIPS.includes(label)) return chip;
  throw new ServiceFailure(
    `relay ${name}: gpiodetect finds no chip of a Raspberry Pi: set chip in the driver's configuration`,
  );
}

/** What lets go of the line even when the process between is killed: the kernel's parent-death signal, where setpriv is. */
async function deathGuard(): Promise<string[]> {
  const guard = ["setpriv", "--pdeathsig", "TERM"];
  const [program = "", ...options] = guard;
  return await run(program, [...options, "true"]).then(
    () => guard,
    () => [],
  );
}
