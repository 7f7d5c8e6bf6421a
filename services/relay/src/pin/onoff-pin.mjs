// node onoff-pin.mjs <sysfs number> <level that is off: 0|1> <deadline ms>: holds a pin through onoff.
import { servePin, tell } from "./serve-pin.mjs";

const [line, offLevel, deadline] = process.argv.slice(2).map(Number);

try {
  const { Gpio } = await import("onoff");
  const off = offLevel === 1 ? Gpio.HIGH : Gpio.LOW;
  const on = offLevel === 1 ? Gpio.LOW : Gpio.HIGH;
  // Direction and level in one write: the pin is never an output of the wrong level. The level is the wire's own, so
  // the kernel's active_low, which it ignores, is kept out.
  const gpio = new Gpio(Number(line), off === Gpio.HIGH ? "high" : "low", "none", { activeLow: false });
  // onoff ignores what fails on a pin that something else has exported before.
  if (gpio.direction() === "in") throw new Error(`the direction of GPIO ${line} cannot be set: who else uses it?`);
  gpio.writeSync(off);
  servePin(
    {
      write: (wanted) => gpio.writeSync(wanted ? on : off),
      // Not unexported: the kernel may turn a freed pin into an input, which floats.
      release: () => gpio.writeSync(off),
    },
    Number(deadline),
  );
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
