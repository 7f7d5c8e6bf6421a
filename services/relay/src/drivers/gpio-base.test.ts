import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findGpioBase } from "./gpio-base.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "beckon-gpio-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function chips(labels: Record<number, string>): void {
  for (const [base, label] of Object.entries(labels)) {
    const folder = join(root, `gpiochip${base}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "base"), `${base}\n`);
    writeFileSync(join(folder, "label"), `${label}\n`);
  }
}

test.each<[string, Record<number, string>, number]>([
  ["a Pi 4 of an older kernel", { 0: "pinctrl-bcm2711", 504: "raspberrypi-exp-gpio" }, 0],
  ["a Pi 3 since kernel 6.6", { 512: "pinctrl-bcm2835", 566: "raspberrypi-exp-gpio" }, 512],
  ["a Pi 4 since kernel 6.6", { 512: "pinctrl-bcm2711", 570: "raspberrypi-exp-gpio" }, 512],
  ["a Pi 5", { 512: "gpio-brcmstb@107d508500", 544: "gpio-brcmstb@107d508520", 571: "pinctrl-rp1" }, 571],
  ["a Pi 5 of a newer kernel", { 512: "gpio-brcmstb@107d517c00", 569: "pinctrl-rp1" }, 569],
])("finds the header's pins on %s", async (_, labels, base) => {
  chips(labels);
  expect(await findGpioBase(root)).toBe(base);
});

test("says what it found where none is a Pi's", async () => {
  chips({ 0: "INT33FF:00" });
  await expect(findGpioBase(root)).rejects.toThrow(/found: INT33FF:00.*set base/);
});

test("says what to use where the kernel has no sysfs for GPIO", async () => {
  await expect(findGpioBase(join(root, "absent"))).rejects.toThrow(/use driver gpiod/);
});
