import type { DriverContext, RelayDriver } from "./driver.ts";

/** A relay that is only told of. */
export function openSimulated({ name, log }: Pick<DriverContext, "name" | "log">): RelayDriver {
  let closed = false;
  return {
    set: async (on) => {
      if (closed) throw new Error(`the simulated relay ${name} is closed`);
      log.info(`click: the simulated relay ${name} is ${on ? "on" : "off"}`);
    },
    close: async () => {
      closed = true;
    },
  };
}
