import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { createTopics, type Result } from "@beckon/protocol";
import { createLogger, createMemoryBus, MemoryHub, now, ServiceFailure, Stats } from "@beckon/runtime";
import { eventually, noVisits, withDebian } from "@beckon/runtime/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { MetricsSinkConfig } from "./config.ts";
import { importSpool } from "./import-spool.ts";
import { metricsSink } from "./metrics-sink.ts";
import { openSpool } from "./target.ts";
import { type Influxd, startInfluxd } from "./testing/influxd.ts";

const topics = createTopics();
const BOOT = "mg2k1x0z-a9f3";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-sink-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function startSink(config: { readonly spool?: object; readonly [key: string]: unknown }, hub = new MemoryHub()) {
  const stats = new Stats();
  const stopping = new AbortController();
  let ready = (): void => {};
  const readiness = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const ended = metricsSink.run({
    config: MetricsSinkConfig.parse({ ...config, spool: { folder, syncInterval: 20, ...config.spool } }),
    id: "main",
    boot: BOOT,
    bus: createMemoryBus(hub, stats),
    topics,
    log: createLogger({ service: "metrics-sink", level: "silent", format: "json" }),
    stats,
    signal: stopping.signal,
    visit: noVisits,
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
  it("keeps points where there is no database, and an import sends them later", async () => {
    const { ready, bus, stop, stats } = startSink({});
    await ready;
    for (let seq = 0; seq < 700; seq++)
      await bus.publish(topics.result({ camera: "desk", model: "letters" }), result(seq));
    await eventually(() => stats.take().counters["points"] === 700);
    await stop();
    expect(stats.take()).toMatchObject({ drops: {}, gauges: { waiting: 700 } });
    const lines: string[] = [];
    const server = createServer((request, response) => {
      void textOf(request).then((body) => {
        lines.push(...body.split("\n").filter(Boolean));
        response.writeHead(204, { "X-Influxdb-Version": "v2.7.1" }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const config = MetricsSinkConfig.parse({ url: `http://127.0.0.1:${port}`, spool: { folder } });
    const log = { info: () => {}, warn: () => {} };
    const { signal } = new AbortController();
    expect(await importSpool({ config, log, signal })).toEqual({ written: 700, dropped: {}, waiting: 0 });
    expect(new Set(lines).size).toBe(700);
    expect(await importSpool({ config, log, signal })).toEqual({ written: 0, dropped: {}, waiting: 0 });
    server.close();
    server.closeAllConnections();
  });

  it("imports nothing without a database, or from a folder that is not there, and says so", async () => {
    const log = { info: () => {}, warn: () => {} };
    const { signal } = new AbortController();
    const importOf = (config: object) => importSpool({ config: MetricsSinkConfig.parse(config), log, signal });
    await expect(importOf({ spool: { folder } })).rejects.toThrow("set metrics-sink.url");
    const url = "http://127.0.0.1:1";
    const { ready, bus, stop, stats } = startSink({});
    await ready;
    await bus.publish(topics.text({ camera: "desk" }), { text: "A", last: "A", at: now() });
    await eventually(() => stats.take().counters["points"] === 1);
    await stop();
    await expect(importOf({ url, spool: { folder } })).rejects.toThrow(
      /^InfluxDB at http:\/\/127.0.0.1:1, database beckon takes no points: connect ECONNREFUSED.*; 1 stay in /,
    );
    await expect(importOf({ url, spool: { folder: join(folder, "gone") } })).rejects.toThrow("there is no such spool");
  });

  it("does not start where it could keep nothing, and says what to name", async () => {
    const file = join(folder, "a-file");
    await writeFile(file, "");
    const { ended } = startSink({ spool: { folder: file } });
    await expect(ended).rejects.toThrow(ServiceFailure);
    await expect(ended).rejects.toThrow(`${file} cannot be written to: a file of this name is there already`);
  });

  it("takes another spool in the usual place while one is in use, and starts where there can be none", async () => {
    vi.stubEnv("XDG_STATE_HOME", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const usual = join(folder, "beckon", "metrics");
    await mkdir(usual, { recursive: true });
    const holder = spawn("sleep", ["60"]);
    onTestFinished(() => void holder.kill());
    const began = (await readFile(`/proc/${holder.pid}/stat`, "utf8")).replace(/^.*\) /s, "").split(" ")[19];
    await writeFile(join(usual, "lock"), `${holder.pid} ${began}`);
    const log = { info: () => {}, warn: () => {} };
    const spool = await openSpool(MetricsSinkConfig.parse({}), { dropped: () => {}, log }, () => {});
    expect(spool.folder).toBe(`${usual}-2`);
    await spool.close();
    vi.stubEnv("XDG_STATE_HOME", join(usual, "lock"));
    const { ready, stop } = startSink({ spool: { folder: undefined } });
    await ready;
    await stop();
  });

  it("starts with a database where the spool cannot be written, and delivers from memory", async () => {
    const file = join(folder, "a-file");
    await writeFile(file, "");
    const { ready, bus, stop, stats } = startSink({ url: "http://127.0.0.1:1", spool: { folder: file } });
    await ready;
    await bus.publish(topics.text({ camera: "desk" }), { text: "A", last: "A", at: now() });
    await eventually(() => stats.take().gauges["waiting"] === 1);
    await stop();
    expect(stats.take().drops).toEqual({ unwritten: 1 });
  });

  it("starts while the database is away, stops without it, and keeps what it could not write", async () => {
    const { ready, bus, stop, stats } = startSink({ url: "http://127.0.0.1:1", flushInterval: 10 });
    await ready;
    await bus.publish(topics.text({ camera: "desk" }), { text: "A", last: "A", at: now() });
    await eventually(() => (stats.take().counters["failures"] ?? 0) > 0);
    await stop();
    expect(stats.take()).toMatchObject({ drops: {}, gauges: { waiting: 1 } });
    const next = startSink({ url: "http://127.0.0.1:1" });
    await next.ready;
    expect(next.stats.take().gauges).toMatchObject({ waiting: 1 });
    await next.stop();
  });

  it("takes the password from the first line of a file, and says which file it cannot read", async () => {
    const passwordFile = join(folder, "password");
    const url = "http://127.0.0.1:1";
    await expect(startSink({ url, passwordFile }).ended).rejects.toThrow(`cannot read ${passwordFile}`);
    await writeFile(passwordFile, "secret\n");
    const { ready, stop } = startSink({ url, passwordFile });
    await ready;
    await stop();
  });

  it.each([
    ["an address that is none", "influx:8086"],
    ["another protocol", "udp://127.0.0.1:8089"],
    ["a password in the address", "http://admin:secret@127.0.0.1:8086"],
  ])("refuses %s", (_, url) => {
    expect(MetricsSinkConfig.safeParse({ url }).error?.issues).toMatchObject([{ path: ["url"] }]);
  });
});
