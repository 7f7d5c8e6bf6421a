/**
 * A process that switches a pin on and then only lives: tsx hold-pin.ts <pin> <json of OnoffSurroundings, or gpiod>. The
 * tests kill and freeze it.
 */
import { openGpiod } from "../drivers/gpiod.ts";
import { openOnoff } from "../drivers/onoff.ts";

const [pin = "", surroundings = ""] = process.argv.slice(2);
const context = { name: "lamp", activeLow: false, lost: (detail: string) => console.log(`lost: ${detail}`) };
const driver =
  surroundings === "gpiod"
    ? await openGpiod({ pin: Number(pin) }, context)
    : await openOnoff({ pin: Number(pin) }, context, JSON.parse(surroundings));
await driver.set(true);
console.log("on");
