import { readFile } from "node:fs/promises";
import type { TopicFilter, Topics } from "@beckon/protocol";
import { type Bus, type Message, type Service, ServiceFailure, type Stats, SubscriptionRefused } from "@beckon/runtime";
import { MetricsSinkConfig } from "./config.ts";
import { Delivery } from "./delivery.ts";
import { createInfluxWriter } from "./influx-writer.ts";
import type { Point } from "./point.ts";
import { pointsOfGesture, pointsOfRelayEvent, pointsOfStats, pointsOfStatus, pointsOfText } from "./points.ts";
import { ResultChanges } from "./result-changes.ts";

/** Writes what happens on the bus to InfluxDB: results, gestures, text, relay events, and what each service says of itself. */
export const metricsSink: Service<MetricsSinkConfig> = {
  kind: "metrics-sink",
  config: MetricsSinkConfig,
  async run({ config, bus, topics, log, stats, signal, ready }) {
    const writer = createInfluxWriter(await targetOf(config));
    const delivery = new Delivery({ ...config, writer, stats, log });
    const ending = new AbortController();
    const writing = delivery.run(ending.signal);
    try {
      const sources = readAll({ bus, topics, stats, signal }, (points) => delivery.add(points));
      await Promise.race([sources.granted, aborted(signal)]);
      log.info(`writing to InfluxDB at ${writer.target}`);
      if (!signal.aborted) ready();
      await sources.read;
    } catch (cause) {
      throw cause instanceof SubscriptionRefused ? new ServiceFailure(cause.message, { cause }) : cause;
    } finally {
      ending.abort();
      await writing;
    }
  },
};

interface Sources {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly stats: Pick<Stats, "count">;
  readonly signal: AbortSignal;
}

/** The table of contents: which topic becomes which points. */
function readAll(
  { bus, topics, stats, signal }: Sources,
  add: (points: Point[]) => void,
): { granted: Promise<unknown>; read: Promise<unknown> } {
  const granted: Promise<void>[] = [];
  const changes = new ResultChanges();
  const read = async <T, N extends string>(
    filter: TopicFilter<T, N>,
    build: (message: Message<T, N>) => Point[],
  ): Promise<void> => {
    const messages = bus.subscribe(filter, { signal });
    granted.push(messages.granted);
    for await (const message of messages) {
      stats.count("received");
      add(build(message));
    }
  };
  const reading = Promise.all([
    read(topics.result.matching(), (message) => changes.points(message)),
    read(topics.gesture.matching(), pointsOfGesture),
    read(topics.text.matching(), pointsOfText),
    read(topics.relayEvent.matching(), pointsOfRelayEvent),
    read(topics.status.matching(), pointsOfStatus),
    read(topics.stats.matching(), pointsOfStats),
  ]);
  return { granted: Promise.all(granted), read: reading };
}

async function targetOf(config: MetricsSinkConfig): Promise<Parameters<typeof createInfluxWriter>[0]> {
  const { url, database, username, timeout } = config;
  if (url === undefined)
    throw new ServiceFailure(
      "metrics-sink has no InfluxDB to write to: set metrics-sink.url in beckon.yaml, such as http://127.0.0.1:8086",
    );
  return { url, database, username, password: await passwordOf(config), timeout };
}

async function passwordOf({ password, passwordFile }: MetricsSinkConfig): Promise<string | undefined> {
  if (passwordFile === undefined) return password;
  try {
    return (await readFile(passwordFile, "utf8")).split(/\r?\n/, 1)[0];
  } catch (cause) {
    throw new ServiceFailure(`metrics-sink.passwordFile: cannot read ${passwordFile}`, { cause });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
