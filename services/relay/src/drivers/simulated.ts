import type { DriverContext, RelayDriver } from "./driver.ts";

/** A relay that is only told of. */
export function openSimulated({ name, log }: Pick<DriverContext, "name" | "log">): RelayDriver {
  let closed = false;
  let is = false;
  const click = (on: boolean): void => {
    // The service says it for everybody; the lamp itself only to whoever looks for it.
    if (on !== is) log.debug(`click: the simulated relay ${name} is ${on ? "on" : "off"}`);
    is = on;
  };
  return {
    set: async (on) => {
      if (closed) throw new Error(`the simulated relay ${name} is closed`);
      click(on);
    },
    close: async () => {
      click(false);
      closed = true;
    },
  };
}
