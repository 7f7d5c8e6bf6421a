import { request } from "node:http";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createMemoryBus, MemoryHub } from "./memory-bus.ts";
import { type OpenMonitor, openMonitor } from "./monitor.ts";
import { monitored } from "./monitored.ts";
import { connectMqttBus } from "./mqtt-bus.ts";
import { type OpenBus, runService } from "./run-service.ts";
import type { Service, ServiceContext } from "./service.ts";
import { startAedes } from "./testing/aedes.ts";

const silent = pino({ level: "silent" });
/** Only catches a hang. */
const PATIENCE = { timeout: 30_000 };
const LOOPBACK = { host: "127.0.0.1", port: 0 };

const opened: OpenMonitor[] = [];
const stops: AbortController[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  for (const monitor of opened.splice(0)) await monitor.close();
});

async function open(): Promise<OpenMonitor> {
  const monitor = await openMonitor(LOOPBACK, silent);
  opened.push(monitor);
  return monitor;
}

/** A service that runs until the test ends, with what it was given. */
function run(
  monitor: OpenMonitor,
  kind: "classifier" | "relay",
  openBus: OpenBus = ({ stats }) => createMemoryBus(new MemoryHub(), stats),
): Promise<ServiceContext<object>> {
  const stop = new AbortController();
  stops.push(stop);
  return new Promise((resolve, reject) => {
    const service: Service<object> = {
      kind,
      config: z.object({}),
      run: async (context) => {
        resolve(context);
        await new Promise((ended) => context.signal.addEventListener("abort", ended, { once: true }));
      },
    };
    runService(service, {
      config: {},
      id: "attic",
      shared: { prefix: "beckon", mqtt: { url: "mqtt://nowhere" } },
      log: silent,
      signal: stop.signal,
      openBus,
      monitor,
    }).catch(reject);
  });
}

async function metrics({ url }: OpenMonitor): Promise<string[]> {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  return (await response.text()).split("\n").filter(Boolean);
}

const OF_CLASSIFIER = 'service="classifier",instance="attic"';

describe("/metrics", () => {
  it("has the figures of a service and its parts, latencies from the start", async () => {
    const monitor = await open();
    const { stats } = await run(monitor, "classifier");
    const letters = stats.part("letters");
    letters.count("received", 3);
    letters.count("results", 2);
    letters.drop("bad-image");
    letters.gauge("inHand", () => 1);
    letters.time("infer", 4);
    stats.takeAll();
    letters.time("infer", 40);
    stats.fact("models", "letters 1.0.0 on onnx-cpu");
    const lines = await metrics(monitor);
    const whose = `${OF_CLASSIFIER},part="letters"`;
    expect(lines).toEqual(
      expect.arrayContaining([
        `beckon_received_total{${whose}} 3`,
        `beckon_results_total{${whose}} 2`,
        `beckon_drops_total{${whose},reason="bad-image"} 1`,
        `beckon_value_in_hand{${whose}} 1`,
        `beckon_stage_seconds_bucket{le="0.005",${whose},stage="infer"} 1`,
        `beckon_stage_seconds_bucket{le="+Inf",${whose},stage="infer"} 2`,
        `beckon_stage_seconds_sum{${whose},stage="infer"} 0.044`,
        `beckon_stage_seconds_count{${whose},stage="infer"} 2`,
        `beckon_fact_info{${OF_CLASSIFIER},part="",fact="models",value="letters 1.0.0 on onnx-cpu"} 1`,
        `beckon_reconnects_total{${OF_CLASSIFIER},part=""} 0`,
        `beckon_connected{${OF_CLASSIFIER},part=""} 1`,
      ]),
    );
    const text = lines.join("\n");
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \S+/m);
  });

  it("is a text that Prometheus can read, whatever the names and numbers are", async () => {
    const monitor = await open();
    const { stats } = await run(monitor, "classifier");
    for (const name of ["drops", "a-b", "aB", "constructor", "état", 'quo"te']) {
      stats.count(name);
      stats.drop(name);
      stats.gauge(name, () => -0.5);
      stats.fact(name, 'a "word"\\\nand more');
      stats.time(name, Number.NaN);
      stats.part(name).time(name, -5);
    }
    for (const line of await metrics(monitor))
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) [a-z_]\w* .+|[a-z_]\w*(?:\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (?:[-+\d.e]+|\+Inf|Nan))$/,
      );
    expect((await metrics(monitor)).filter((line) => /^beckon.* NaN$/i.test(line))).toEqual([]);
  });

  it("has all services of a process at one address, and no longer those that ended", async () => {
    const monitor = await open();
    await run(monitor, "classifier");
    await run(monitor, "relay");
    const running = async (): Promise<number> =>
      (await metrics(monitor)).filter((line) => line.startsWith("beckon_info{")).length;
    expect(await running()).toBe(2);
    stops.pop()?.abort();
    await expect.poll(running).toBe(1);
  });
});

describe("/healthz", () => {
  it("is well when every service is connected and ready, and not before", async () => {
    const monitor = await open();
    const status = async (): Promise<number> => (await fetch(`${monitor.url}/healthz`)).status;
    expect(await status(), "nothing runs yet").toBe(503);
    const classifier = await run(monitor, "classifier");
    expect(await status(), "it is not ready").toBe(503);
    classifier.ready();
    const response = await fetch(`${monitor.url}/healthz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "ok",
      services: [{ service: "classifier", instance: "attic", connected: true, ready: true }],
    });
    await run(monitor, "relay");
    expect(await status(), "the second is not ready").toBe(503);
  });

  it("is not well while the broker is away, and well again by itself", async () => {
    const monitor = await open();
    const broker = await startAedes();
    try {
      const { ready, stats } = await run(monitor, "relay", ({ will: _, ...options }) =>
        connectMqttBus({ ...options, url: broker.url }),
      );
      ready();
      const status = async (): Promise<number> => (await fetch(`${monitor.url}/healthz`)).status;
      await expect.poll(status, PATIENCE).toBe(200);
      await broker.stop();
      await expect.poll(status, PATIENCE).toBe(503);
      await broker.restart();
      await expect.poll(status, PATIENCE).toBe(200);
      expect(await metrics(monitor)).toContain('beckon_reconnects_total{service="relay",instance="attic",part=""} 1');
      expect(stats.read().counters["reconnects"]).toBe(1);
    } finally {
      await broker.stop();
    }
  });
});

describe("the monitor", () => {
  it.each([
    ["another method", { method: "DELETE", path: "/metrics" }, 405],
    ["a body", { method: "GET", path: "/metrics", headers: { "content-length": "3" } }, 413],
    ["a body of unknown length", { method: "GET", path: "/metrics", headers: { "transfer-encoding": "chunked" } }, 413],
    ["another path", { method: "GET", path: "/metrics/../../etc/passwd" }, 404],
    ["headers without end", { method: "GET", path: "/metrics", headers: { "x-long": "y".repeat(20_000) } }, 431],
  ])("refuses %s", async (_, options, expected) => {
    const monitor = await open();
    const { hostname, port } = new URL(monitor.url);
    const status = await new Promise((resolve, reject) => {
      const asked = request({ ...options, hostname, port }, ({ statusCode }) => resolve(statusCode));
      asked.on("error", reject);
      asked.flushHeaders();
    });
    expect(status).toBe(expected);
  });

  it("says in one line that its port is taken, and what to do", async () => {
    const { port } = new URL((await open()).url);
    await expect(openMonitor({ ...LOOPBACK, port: Number(port) }, silent)).rejects.toThrow(
      `monitoring: cannot listen on 127.0.0.1, port ${port}: EADDRINUSE; give each process a port of its own`,
    );
  });

  it("closes though a connection is open", async () => {
    const monitor = await openMonitor(LOOPBACK, silent);
    await fetch(`${monitor.url}/healthz`);
    await monitor.close();
    await expect(fetch(`${monitor.url}/healthz`)).rejects.toThrow();
  });

  it("is off unless it is asked for, and lives as long as what it shows", async () => {
    let isGiven: boolean | undefined;
    await monitored({ ...LOOPBACK, prometheus: false }, silent, async (monitor) => {
      isGiven = monitor !== undefined;
    });
    expect(isGiven).toBe(false);
    const said: string[] = [];
    const log = { info: (line: string) => void said.push(line), warn: () => {} };
    await monitored({ ...LOOPBACK, prometheus: true }, log as never, async (monitor) => {
      isGiven = monitor !== undefined;
    });
    expect(isGiven).toBe(true);
    const url = said[0]?.replace("figures for Prometheus at ", "") ?? "";
    await expect(fetch(url)).rejects.toThrow();
  });
});
