import type { Logger } from "pino";
import type { MonitoringSection } from "./config/shared-config.ts";
import type { Monitor } from "./monitor.ts";

/** Runs something with a monitor where the configuration asks for one, and closes it then. */
export async function monitored(
  monitoring: MonitoringSection | undefined,
  log: Pick<Logger, "info" | "warn">,
  run: (monitor: Monitor | undefined) => Promise<void>,
): Promise<void> {
  if (!monitoring?.prometheus) return run(undefined);
  // Loaded only where it is asked for: its client of Prometheus takes memory.
  const { openMonitor } = await import("./monitor.ts");
  const monitor = await openMonitor(monitoring, log);
  try {
    await run(monitor);
  } finally {
    await monitor.close();
  }
}
