import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ServiceStats } from "@beckon/protocol";
import { rounded } from "./latency.ts";

/** How finely the delay of the event loop is sampled, ms. */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;
const BYTES_PER_MB = 1e6;

/** What the process takes, measured from one taking to the next. */
export interface ProcessFigures {
  take(): ServiceStats["process"];
  stop(): void;
}

export function measureProcess(): ProcessFigures {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let cpu = process.cpuUsage();
  let at = performance.now();
  return {
    take: () => {
      const used = process.cpuUsage(cpu);
      const elapsed = performance.now() - at;
      cpu = process.cpuUsage();
      at = performance.now();
      // A sample is the time from timer to timer: of it the wait that was asked for is no delay.
      const late = delay.count > 0 ? delay.percentile(99) / NS_PER_MS - RESOLUTION_MS : 0;
      delay.reset();
      return {
        cpu: elapsed > 0 ? rounded((used.user + used.system) / elapsed / 10) : 0,
        memory: rounded(process.memoryUsage.rss() / BYTES_PER_MB),
        eventLoopDelay: rounded(Math.max(0, late)),
      };
    },
    stop: () => delay.disable(),
  };
}
