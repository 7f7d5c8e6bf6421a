import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceFailure } from "@beckon/runtime";

/** The controllers that the pins of a Pi's header are on: Pi 1 to 3, Pi 4, Pi 5. */
export const HEADER_CHIPS: readonly string[] = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

const SYSFS_GPIO = "/sys/class/gpio";

/**
 * The sysfs number of BCM pin 0: 0 up to kernel 6.5, since then 512 on a Pi 2 to 4, and 571 or 569 on a Pi 5.
 *
 * @throws {ServiceFailure} where the kernel has no sysfs for GPIO, or no controller of a Pi
 */
export async function findGpioBase(root = SYSFS_GPIO): Promise<number> {
  const names = await readdir(root).catch((cause: unknown) => {
    throw new ServiceFailure(`there is no ${root} on this machine: use driver gpiod, or simulated without pins`, {
      cause,
    });
  });
  const labels: string[] = [];
  for (const name of names.filter((found) => /^gpiochip[0-9]+$/.test(found)).sort()) {
    const label = await read(join(root, name, "label"));
    const base = Number(await read(join(root, name, "base")));
    if (HEADER_CHIPS.includes(label) && Number.isInteger(base)) return base;
    labels.push(label);
  }
  throw new ServiceFailure(
    `no GPIO controller of a Raspberry Pi in ${root} (found: ${labels.join(", ") || "none"}): set base in the driver's configuration`,
  );
}

async function read(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).trim();
}
