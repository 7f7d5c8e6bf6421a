import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MetricsSinkConfig, metricsSink } from "@beckon/metrics-sink";
import { createTopics } from "@beckon/protocol";
import { createLogger, createMemoryBus, MemoryHub, runService, Stats } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { type Influxd, startInfluxd } from "../../services/metrics-sink/src/testing/influxd.ts";
import type { TimeRange } from "./influxql.ts";
import { LENGTH, perform } from "./script.ts";

/** An InfluxDB in which the script stands, as the real sink wrote it. */
export interface Stage {
  readonly url: string;
  readonly database: string;
  /** Of the script; it ends now. */
  readonly range: TimeRange;
  close(): Promise<void>;
}

const DATABASE = "beckon";
/** Messages that are published in one go, below what waits for a reader. */
const AT_ONCE = 100;
/** The database is killed with this message, and runs again with that one. */
const KILLED_AT = 3000;
const BACK_AT = 5000;

/** Performs the script before the real sink, with the database away for part of it. */
export async function performed(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "beckon-dashboards-"));
  const influxd = await startInfluxd();
  const close = async (): Promise<void> => {
    await influxd.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const to = Date.now();
    const range = { from: to - LENGTH, to };
    await written(influxd, folder, range.from);
    return { url: influxd.url, database: DATABASE, range, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function written(influxd: Influxd, folder: string, start: number): Promise<void> {
  const hub = new MemoryHub();
  const bus = createMemoryBus(hub, new Stats());
  const stopping = new AbortController();
  const ready = new AbortController();
  const isReady = new Promise((resolve) => ready.signal.addEventListener("abort", resolve));
  let sink = new Stats();
  const running = runService(metricsSink, {
    config: MetricsSinkConfig.parse({ url: influxd.url, database: DATABASE, flushInterval: 50, spool: { folder } }),
    id: "real",
    ready: () => ready.abort(),
    shared: { prefix: "beckon", mqtt: { url: "mqtt://nowhere" } },
    log: createLogger({ service: "test", level: "silent", format: "json" }),
    signal: stopping.signal,
    openBus: ({ stats }) => {
      sink = stats;
      return createMemoryBus(hub, stats);
    },
  });
  try {
    await Promise.race([isReady, running]);
    let published = 0;
    await perform(
      createTopics(),
      async (topic, value) => {
        await bus.publish(topic, value);
        published += 1;
        if (published === KILLED_AT) await influxd.kill();
        if (published === BACK_AT) await influxd.start();
        // The sink reads between the messages, as it does between packets.
        if (published % AT_ONCE === 0) await new Promise(setImmediate);
      },
      start,
    );
    await eventually(() => {
      const { counters, gauges } = sink.read();
      return (counters["received"] ?? 0) >= published && gauges["waiting"] === 0;
    });
    const { drops } = sink.read();
    if (published <= BACK_AT) throw new Error("the script is too short for an outage");
    if (Object.keys(drops).length > 0) throw new Error(`the sink dropped points: ${JSON.stringify(drops)}`);
  } finally {
    stopping.abort();
    await running;
  }
}
