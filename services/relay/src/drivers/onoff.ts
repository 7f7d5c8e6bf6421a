import { createRequire } from "node:module";
import { ServiceFailure } from "@beckon/runtime";
import { holdPin } from "../pin/pin-holder.ts";
import type { DriverContext, RelayDriver } from "./driver.ts";
import { findGpioBase } from "./gpio-base.ts";

/** Where the tests put another sysfs. */
export interface OnoffSurroundings {
  readonly sysfs?: string;
  readonly launcher?: readonly string[];
}

/**
 * A pin through onoff and the kernel's sysfs, held by a process of its own.
 *
 * @throws {ServiceFailure} without the package, the sysfs or the pin
 */
export async function openOnoff(
  { pin, base }: { pin: number; base?: number | undefined },
  { name, activeLow, lost }: Pick<DriverContext, "name" | "activeLow" | "lost">,
  { sysfs, launcher }: OnoffSurroundings = {},
): Promise<RelayDriver> {
  if (!isInstalled("onoff"))
    throw new ServiceFailure(
      `relay ${name}: the package onoff is not installed; npm install onoff, or use driver gpiod`,
    );
  const line = pin + (base ?? (await baseFor(name, sysfs)));
  return await holdPin({
    script: new URL("../pin/onoff-pin.mjs", import.meta.url),
    args: [String(line), activeLow ? "1" : "0"],
    lost,
    ...(launcher && { launcher }),
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceFailure(`relay ${name}: GPIO${pin} (${line} in sysfs) cannot be used: ${reason}${hint(reason)}`, {
      cause,
    });
  });
}

async function baseFor(name: string, sysfs: string | undefined): Promise<number> {
  return await findGpioBase(sysfs).catch((cause: unknown) => {
    throw new ServiceFailure(`relay ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
}

function hint(reason: string): string {
  if (/EACCES|EPERM/.test(reason)) return "; add the user to the group gpio";
  if (/EBUSY/.test(reason)) return "; something else uses the pin";
  return "";
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
