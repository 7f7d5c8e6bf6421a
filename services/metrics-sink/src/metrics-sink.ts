import type { TopicFilter, Topics } from "@beckon/protocol";
import {
  aborted,
  type Bus,
  type Message,
  type Service,
  ServiceFailure,
  type Stats,
  SubscriptionRefused,
} from "@beckon/runtime";
import { MetricsSinkConfig } from "./config.ts";
import { Delivery } from "./delivery.ts";
import type { Point } from "./point.ts";
import { pointsOfGesture, pointsOfRelayEvent, pointsOfStatus, pointsOfText } from "./points.ts";
import { ResultChanges } from "./result-changes.ts";
import { StatsChanges } from "./stats-changes.ts";
import { openSpool, writerOf } from "./target.ts";

/**
 * Writes what happens on the bus to InfluxDB: results, gestures, text, relay events, and what each service says of itself.
 * Between the two is a spool on disk; without a database points stay there.
 */
export const metricsSink: Service<MetricsSinkConfig> = {
  kind: "metrics-sink",
  config: MetricsSinkConfig,
  async run({ config, bus, topics, log, stats, signal, ready }) {
    const writer = await writerOf(config, log);
    const spool = await openSpool(
      config,
      { dropped: (reason, points) => stats.drop(reason, points), log },
      (...where) => refuseNamedFolder(config, ...where),
    );
    stats.gauge("waiting", () => spool.waiting);
    stats.gauge("spoolBytes", () => spool.size);
    const delivery = writer && new Delivery({ ...config, writer, spool, stats, log });
    const ending = new AbortController();
    const writing = delivery?.run(ending.signal);
    try {
      const sources = readAll({ bus, topics, stats, signal }, (points) => {
        stats.count("points", points.length);
        spool.append(points);
        delivery?.added();
      });
      await Promise.race([sources.granted, aborted(signal)]);
      log.info(
        writer
          ? `writing to InfluxDB at ${writer.target}, through the spool ${spool.folder}`
          : `no metrics-sink.url: keeping points in the spool ${spool.folder}; beckon metrics import sends them to InfluxDB`,
      );
      if (!signal.aborted) ready();
      await sources.read;
    } catch (cause) {
      throw cause instanceof SubscriptionRefused ? new ServiceFailure(cause.message, { cause }) : cause;
    } finally {
      ending.abort();
      await writing;
      await spool.close();
    }
  },
};

/** With a database points go on through memory; and who named no folder wanted no more than what can be had. */
function refuseNamedFolder({ url, spool }: MetricsSinkConfig, folder: string, reason: string): void {
  if (url === undefined && spool.folder !== undefined)
    throw new ServiceFailure(
      `metrics-sink can keep nothing: ${folder} cannot be written to: ${reason}; name another metrics-sink.spool.folder`,
    );
}

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
  const resultChanges = new ResultChanges();
  const statsChanges = new StatsChanges();
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
    read(topics.result.matching(), (message) => resultChanges.points(message)),
    read(topics.gesture.matching(), pointsOfGesture),
    read(topics.text.matching(), pointsOfText),
    read(topics.relayEvent.matching(), pointsOfRelayEvent),
    read(topics.status.matching(), pointsOfStatus),
    read(topics.stats.matching(), (message) => statsChanges.points(message)),
  ]);
  return { granted: Promise.all(granted), read: reading };
}
