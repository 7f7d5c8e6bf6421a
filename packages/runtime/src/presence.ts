import { hostname } from "node:os";
import type { ServiceStats, ServiceStatus, Topic } from "@beckon/protocol";
import type { Bus } from "./bus.ts";
import { now } from "./clock.ts";
import { measureProcess } from "./process-figures.ts";
import type { Stats } from "./stats.ts";

const STATS_EVERY_MS = 5000;

/** Who is present. */
export interface Identity {
  readonly boot: string;
  readonly version: string;
}

export interface PresenceTopics {
  readonly status: Topic<ServiceStatus>;
  readonly stats: Topic<ServiceStats>;
}

/**
 * Tells the bus that a service lives: online at each connection, its figures every 5 s.
 *
 * @returns says goodbye: the last figures, then offline
 */
export function announce(
  bus: Bus,
  topics: PresenceTopics,
  stats: Stats,
  { boot, version }: Identity,
): () => Promise<void> {
  const startedAt = performance.now();
  const figures = measureProcess();
  const report = (): Promise<boolean> =>
    bus.publish(topics.stats, {
      ...stats.takeAll(),
      at: now(),
      boot,
      uptime: Math.round(performance.now() - startedAt) / 1000,
      host: hostname(),
      version,
      process: figures.take(),
    });
  let connections = 0;
  // It stands in the stats from the beginning, so that a chart sees the first one.
  stats.count("reconnects", 0);
  const forget = bus.onConnect(() => {
    connections += 1;
    if (connections > 1) stats.count("reconnects");
    void bus.publish(topics.status, { state: "online", boot, version, host: hostname(), at: now() });
  });
  const timer = setInterval(() => void report(), STATS_EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    forget();
    await report();
    figures.stop();
    await bus.publish(topics.status, { state: "offline", boot, version, host: hostname(), at: now() });
  };
}

/** What the broker says for a service that went without a word. */
export function lastWill(status: Topic<ServiceStatus>, boot: string): { topic: string; payload: Uint8Array } {
  return { topic: status.path, payload: status.codec.encode({ state: "offline", boot }) };
}
