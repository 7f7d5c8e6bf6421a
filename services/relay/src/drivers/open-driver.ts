import type { DriverConfig } from "../config.ts";
import type { DriverContext, RelayDriver } from "./driver.ts";
import { openGpiod } from "./gpiod.ts";
import { openMqttPlug } from "./mqtt.ts";
import { openOnoff } from "./onoff.ts";
import { openSimulated } from "./simulated.ts";
import { openWebhook } from "./webhook.ts";

/**
 * Opens the driver of one relay.
 *
 * @throws {ServiceFailure} when its hardware cannot be had
 */
export async function openDriver(config: DriverConfig, context: DriverContext): Promise<RelayDriver> {
  switch (config.kind) {
    case "simulated":
      return openSimulated(context);
    case "onoff":
      return await openOnoff(config, context);
    case "gpiod":
      return await openGpiod(config, context);
    case "mqtt":
      return openMqttPlug(config, context);
    case "webhook":
      return openWebhook(config, context);
  }
}
