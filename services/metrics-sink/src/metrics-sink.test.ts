import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTopics, type Result } from "@beckon/protocol";
import { createLogger, createMemoryBus, MemoryHub, now, ServiceFailure, Stats } from "@beckon/runtime";
import { eventually, withDebian } from "@beckon/runtime/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MetricsSinkConfig } from "./config.ts";
import { metricsSink } from "./metrics-sink.ts";
import { type Influxd, startInfluxd } from "./testing/influxd.ts";

const topics = createTopics();
const BOOT = "mg2k1x0z-a9f3";

function startSink(config: object, hub = new MemoryHub()) {
  const stats = new Stats();
  const stopping = new AbortController();
  let ready = (): void => {};
  const readiness = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const ended = metricsSink.run({
    config: MetricsSinkConfig.parse(config),
    id: "main",
    boot: BOOT,
    bus: createMemoryBus(hub, stats),
    topics,
    log: createLogger({ service: "metrics-sink", level: "silent", format: "json" }),
    stats,
    signal: stopping.signal,
    onChange: () => {},
    ready,
  });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended;
  };
  // A test that waits for the end hears of it; where none does, it must not end the process.
  ended.catch(() => undefined);
  return { stats, ended, ready: readiness, bus: createMemoryBus(hub, new Stats()), stop };
}

const result = (seq: number): Result => ({
  ...{ camera: "desk", model: "letters", version: "1.0.0", seq, boot: BOOT, at: Math.floor(now()), label: "A" },
  ...{ confidence: 0.97, top: [], engine: "onnx-cpu", ms: { decode: 1.5, total: 3 } },
});

withDebian("influxd")("the metrics sink", () => {
  let influxd: Influxd;

  beforeAll(async () => {
    influxd = await startInfluxd();
  });

  afterAll(async () => {
    await influxd.stop();
  });

  it("writes what happens on the bus", async () => {
    const { bus, ready, stop, stats } = startSink({ url: influxd.url, flushInterval: 50 });
    await ready;
    const at = now();
    const figures = { counters: { received: 1 }, drops: { stale: 2 }, gauges: {}, latency: {} };
    const process = { cpu: 1, memory: 80, eventLoopDelay: 1 };
    const service = { kind: "classifier", id: "attic" };
    await bus.publish(topics.result({ camera: "desk", model: "letters" }), result(1));
    await bus.publish(topics.gesture({ camera: "desk", model: "letters" }), {
      camera: "desk",
      model: "letters",
      gesture: "A",
      phase: "start",
      confidence: 0.9,
      seq: 1,
      boot: BOOT,
      at,
    });
    await bus.publish(topics.text({ camera: "desk" }), { text: "A", last: "A", at });
    await bus.publish(topics.relayEvent({ relay: "lamp" }), {
      from: "OFF",
      to: "ON",
      at,
      cause: { by: "gesture", gesture: "A" },
    });
    await bus.publish(topics.relayEvent({ relay: "lamp" }), { refused: "stale", at, cause: { by: "gesture" } });
    await bus.publish(topics.status(service), { state: "online", boot: BOOT, at });
    await bus.publish(topics.stats(service), {
      ...figures,
      at,
      boot: BOOT,
      uptime: 5,
      host: "attic",
      version: "0.1.0",
      process,
      parts: {},
    });
    await eventually(async () => (await influxd.rows("select * from process")).length === 1);
    const rows = await influxd.rows(
      "select * from result, gesture, text, relay_switch, relay_refusal, status, counters, drops",
    );
    expect(rows).toHaveLength(8);
    await stop();
    const { counters, drops } = stats.take();
    expect(counters).toMatchObject({ received: 7, points: 9, written: 9 });
    expect(drops).toEqual({});
  });

  it("loses nothing in an outage that it has room for", async () => {
    const { bus, ready, stop, stats } = startSink({ url: influxd.url, database: "outage", flushInterval: 20 });
    await ready;
    const send = async (from: number, count: number): Promise<void> => {
      for (let seq = from; seq < from + count; seq++)
        await bus.publish(topics.result({ camera: "desk", model: "letters" }), result(seq));
    };
    const counted = async () => (await influxd.rows("select count(seq) from result", "outage"))[0]?.["count"];
    await send(0, 100);
    await eventually(async () => (await counted()) === 100);
    await influxd.kill();
    await send(100, 400);
    await eventually(() => (stats.take().counters["failures"] ?? 0) > 1);
    await influxd.start();
    await eventually(async () => (await counted()) === 500);
    await stop();
  });
});

describe("the metrics sink", () => {
  it("does not start without a database to write to, and says what to set", async () => {
    const { ended } = startSink({});
    await expect(ended).rejects.toThrow(ServiceFailure);
    await expect(ended).rejects.toThrow("set metrics-sink.url");
  });

  it("starts while the database is away, and stops without it", async () => {
    const { ready, bus, stop, stats } = startSink({ url: "http://127.0.0.1:1", flushInterval: 10 });
    await ready;
    await bus.publish(topics.text({ camera: "desk" }), { text: "A", last: "A", at: now() });
    await eventually(() => (stats.take().counters["failures"] ?? 0) > 0);
    await stop();
    expect(stats.take().drops).toEqual({ unwritten: 1 });
  });

  it("takes the password from the first line of a file, and says which file it cannot read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "beckon-sink-"));
    const passwordFile = join(folder, "password");
    const url = "http://127.0.0.1:1";
    await expect(startSink({ url, passwordFile }).ended).rejects.toThrow(`cannot read ${passwordFile}`);
    await writeFile(passwordFile, "secret\n");
    const { ready, stop } = startSink({ url, passwordFile });
    await ready;
    await stop();
    await rm(folder, { recursive: true });
  });

  it.each([
    ["an address that is none", "influx:8086"],
    ["another protocol", "udp://127.0.0.1:8089"],
    ["a password in the address", "http://admin:secret@127.0.0.1:8086"],
  ])("refuses %s", (_, url) => {
    expect(MetricsSinkConfig.safeParse({ url }).error?.issues).toMatchObject([{ path: ["url"] }]);
  });
});
