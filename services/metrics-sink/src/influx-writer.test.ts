import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { withDebian } from "@beckon/runtime/testing";
import { InfluxDB } from "influx";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { continuousQueries } from "./downsampling.ts";
import { createInfluxWriter, type InfluxWriterOptions } from "./influx-writer.ts";
import { type FieldValue, type Point, pointOf } from "./point.ts";
import { type Influxd, startInfluxd } from "./testing/influxd.ts";

const TIME = 1_763_632_801_234_567;

const DAY_MS = 86_400_000;
const log: string[] = [];
const usual = {
  timeout: 5000,
  rawRetention: 36_500 * DAY_MS,
  log: { info: (message: string) => log.push(message), warn: (message: string) => log.push(message) },
};

const text = (fields: Record<string, FieldValue>, time = TIME): Point[] =>
  pointOf({ measurement: "text", tags: { camera: "desk" }, fields, time });

withDebian("influxd")("the InfluxDB writer", () => {
  let influxd: Influxd;

  beforeAll(async () => {
    influxd = await startInfluxd();
  });

  afterAll(async () => {
    await influxd.stop();
  });

  const writerTo = (database: string, options: Partial<InfluxWriterOptions> = {}) =>
    createInfluxWriter({ ...usual, url: influxd.url, database, ...options });

  it("makes the database where it is missing", async () => {
    const writer = writerTo("missing");
    expect(await writer.write(text({ text: "HELLO", length: 5 }))).toEqual({ kind: "written" });
    expect(await influxd.rows("select * from text", "missing")).toMatchObject([
      { camera: "desk", text: "HELLO", length: 5 },
    ]);
  });

  it("brings every text and label through as it is", async () => {
    const writer = writerTo("texts");
    const nasty = [
      `say "hi"`,
      "a,b=c d",
      "back\\slash",
      "ends\\",
      "it's \\'",
      "ÄÖ 手 ✋",
      "{} $x #",
      "two\nlines",
      " ",
    ];
    const points = nasty.flatMap((word, index) =>
      pointOf({
        measurement: "gesture",
        tags: { label: word },
        fields: { phase: word, seq: index },
        time: TIME + index,
      }),
    );
    expect(await writer.write(points)).toEqual({ kind: "written" });
    const rows = await influxd.rows("select * from gesture", "texts");
    expect(rows.map(({ phase }) => phase)).toEqual(nasty);
    expect(rows.map(({ label }) => label)).toEqual(
      nasty.map((word) => word.replaceAll("\\", "/").replace("\n", " ").trim() || null),
    );
  });

  it("keeps points of one ms apart, and a point that is written twice one", async () => {
    const writer = writerTo("twice");
    const points = Array.from({ length: 1000 }, (_, index) => text({ length: index }, TIME + index)).flat();
    await writer.write(points);
    await writer.write(points);
    expect(await influxd.rows("select count(length) from text", "twice")).toMatchObject([{ count: 1000 }]);
  });

  it("writes the others when the database refuses a field of another type", async () => {
    const writer = writerTo("types");
    await writer.write(text({ length: 1 }));
    const outcome = await writer.write([...text({ length: "long" }, TIME + 1), ...text({ length: 2 }, TIME + 2)]);
    expect(outcome).toMatchObject({
      kind: "refused",
      points: 1,
      reason: expect.stringContaining("field type conflict"),
    });
    expect(await influxd.rows("select count(length) from text", "types")).toMatchObject([{ count: 2 }]);
  });

  it("fails while the database is away, and writes at once when it is back", async () => {
    const writer = writerTo("outage");
    await influxd.kill();
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(writer.write(text({ length: 1 }))).rejects.toThrow(/ECONN|hang up/);
    await influxd.start();
    expect(await writer.write(text({ length: 1 }))).toEqual({ kind: "written" });
  });
});

withDebian("influxd")("the InfluxDB writer with a password", () => {
  let influxd: Influxd;

  beforeAll(async () => {
    influxd = await startInfluxd(["auth-enabled = true"]);
    await new InfluxDB({ host: "127.0.0.1", port: Number(new URL(influxd.url).port) }).createUser(
      "admin",
      "secret",
      true,
    );
  });

  afterAll(async () => {
    await influxd.stop();
  });

  it("writes with the right one", async () => {
    const writer = createInfluxWriter({
      url: influxd.url,
      database: "beckon",
      username: "admin",
      password: "secret",
      ...usual,
    });
    expect(await writer.write(text({ length: 1 }))).toEqual({ kind: "written" });
  });

  it("says what an admin is to run, when it may not make the database or the policies", async () => {
    await influxd.rows("create user reader with password 'secret'");
    const credentials = { username: "reader", password: "secret" };
    const writerTo = (database: string) =>
      createInfluxWriter({ ...usual, url: influxd.url, database, rawRetention: 7 * DAY_MS, ...credentials });
    await expect(writerTo("forbidden").write(text({ length: 1 }))).rejects.toThrow(
      'this user may not make it; as an admin run: CREATE DATABASE "forbidden"',
    );
    await influxd.rows("create database granted");
    await influxd.rows('grant all on "granted" to "reader"');
    log.length = 0;
    const writer = writerTo("granted");
    expect(await writer.write(text({ length: 1 }))).toEqual({ kind: "written" });
    expect(log).toHaveLength(1);
    const [, statements = ""] = (log[0] ?? "").split("as an admin run: ");
    await influxd.rows(statements);
    expect(await influxd.rows('show retention policies on "granted"')).toHaveLength(3);
    log.length = 0;
    expect(await writerTo("granted").write(text({ length: 1 }, Date.now() * 1000))).toEqual({ kind: "written" });
    expect(log).toEqual([]);
  });

  it.each([
    ["a wrong one", { username: "admin", password: "wrong" }, "authorization failed"],
    ["none", {}, "unable to parse authentication credentials"],
  ])("says why it cannot with %s, which may pass", async (_, credentials, reason) => {
    const writer = createInfluxWriter({ ...usual, url: influxd.url, database: "beckon", ...credentials });
    await expect(writer.write(text({ length: 1 }))).rejects.toThrow(reason);
  });
});

withDebian("influxd")("what InfluxDB is set up for", () => {
  let influxd: Influxd;

  beforeAll(async () => {
    influxd = await startInfluxd();
  });

  afterAll(async () => {
    await influxd.stop();
  });

  const writerTo = (database: string, options: Partial<InfluxWriterOptions> = {}) =>
    createInfluxWriter({ ...usual, url: influxd.url, database, rawRetention: 7 * DAY_MS, ...options });

  it("keeps points for a week and a line for each minute for a year, and is told so once", async () => {
    log.length = 0;
    const now = Date.now() * 1000;
    await writerTo("new.one").write(text({ length: 1 }, now));
    const policies = await influxd.rows('show retention policies on "new.one"', "new.one");
    expect(policies).toMatchObject([
      { name: "autogen", default: false },
      { name: "raw", duration: "168h0m0s", default: true },
      { name: "year", duration: "8760h0m0s", default: false },
    ]);
    const queries = (await influxd.rows("show continuous queries")).filter(({ query }) =>
      String(query).includes("new.one"),
    );
    expect(queries.map(({ name }) => name).sort()).toEqual(
      continuousQueries("new.one")
        .map(({ name }) => name)
        .sort(),
    );
    for (const { query } of queries) expect(query).toContain("RESAMPLE EVERY 1m FOR 15m");
    await writerTo("new.one").write(text({ length: 1 }, now + 1));
    expect(log).toEqual(["InfluxDB keeps points as they come for 7d, and a line for each minute for a year"]);
  });

  it("tells points beyond what is kept from points that are refused", async () => {
    const now = Date.now() * 1000;
    const old = text({ length: 1 }, now - 8 * DAY_MS * 1000);
    expect(await writerTo("old").write([...old, ...text({ length: 1 }, now)])).toMatchObject({
      kind: "too-old",
      points: 1,
    });
    expect(await influxd.rows("select count(length) from text", "old")).toMatchObject([{ count: 1 }]);
  });

  it("makes of each minute of a range sums that agree with what is there, and the same when it is run again", async () => {
    const writer = writerTo("range");
    const minute = 60_000;
    const start = Math.floor(Date.now() / minute) * minute - 90 * minute;
    const points = Array.from({ length: 1800 }, (_, index) =>
      pointOf({
        measurement: "result",
        tags: { camera: index % 2 ? "desk" : "door", model: "letters", label: "A" },
        fields: { confidence: 0.5, ms_total: index % 100, changed: index % 3 === 0 ? 1 : 0 },
        time: (start + index * 2000) * 1000,
      }),
    ).flat();
    expect(await writer.write(points)).toEqual({ kind: "written" });
    for (let run = 0; run < 2; run++) {
      await writer.downsample({ from: start + 5, to: start + 1799 * 2000 });
      const [sums] = await influxd.rows(
        'select sum(results) as results, sum(changed) as changed, count(results) as lines from "year".result',
        "range",
      );
      expect(sums).toMatchObject({ results: 1800, changed: 600, lines: 120 });
    }
    const [first] = await influxd.rows("select * from \"year\".result where camera = 'door' limit 1", "range");
    // Of 0, 2, ... 28.
    expect(first).toMatchObject({ ms_total_p50: 14, ms_total_p99: 28, ms_total_max: 28, confidence_sum: 7.5 });
  });

  it("makes a database that was dropped again", async () => {
    const writer = writerTo("dropped");
    await writer.write(text({ length: 1 }, Date.now() * 1000));
    await influxd.rows("drop database dropped");
    expect(await writer.write(text({ length: 2 }, Date.now() * 1000))).toEqual({ kind: "written" });
    expect(await influxd.rows("show retention policies on dropped")).toHaveLength(3);
  });
});

describe("the InfluxDB writer before a server that", () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  /** Pings say 2.x, so that only writes are to be answered. */
  async function writerTo(write: RequestListener, options: Partial<InfluxWriterOptions> = {}) {
    const server = createServer((request, response) => {
      if (request.url?.startsWith("/influx/write")) write(request, response);
      else response.writeHead(204, { "X-Influxdb-Version": "v2.7.1" }).end();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return createInfluxWriter({ ...usual, url: `http://127.0.0.1:${port}/influx`, database: "beckon", ...options });
  }

  it("says that it is of version 2, writes points and says which retention applies", async () => {
    log.length = 0;
    const writer = await writerTo((_, response) => response.writeHead(204).end());
    expect(await writer.write(text({ length: 1 }))).toEqual({ kind: "written" });
    await writer.downsample({ from: 1, to: 2 });
    expect(log).toEqual([
      "InfluxDB v2.7.1 has no continuous queries: points are kept as long as the bucket or database says, and no line for each minute is made",
    ]);
  });

  it.each<[string, RequestListener, RegExp]>([
    ["is busy", (_, response) => response.writeHead(503).end(), /Service Unavailable/],
    ["never answers", () => {}, /timed out|no whole answer/],
    ["begins an answer and does not end it", (_, response) => response.writeHead(200).write("{"), /no whole answer/],
    ["refuses and does not end it", (_, response) => response.writeHead(400).write("{"), /no whole answer/],
    [
      "closes in the middle of an answer",
      (request, response) => {
        response.writeHead(200, { "Content-Length": 10 }).write("{");
        setTimeout(() => request.socket.destroy(), 10);
      },
      /cut|aborted|ECONNRESET/,
    ],
    ["closes its half", (request) => request.socket.end(), /hang up|ECONNRESET|no whole answer/],
    ["closes at once", (request) => request.socket.destroy(), /hang up|ECONNRESET/],
  ])("%s is tried again", async (_, write, message) => {
    let healthy = false;
    const writer = await writerTo(
      (request, response) => {
        if (healthy) response.writeHead(204).end();
        else write(request, response);
      },
      { timeout: 200 },
    );
    await expect(writer.write(text({ length: 1 }))).rejects.toThrow(message);
    healthy = true;
    expect(await writer.write(text({ length: 1 }))).toEqual({ kind: "written" });
  });

  it("is killed in the middle of an answer is found out long before the time of an answer is over", async () => {
    let requests = 0;
    const writer = await writerTo(
      (request, response) => {
        requests += 1;
        if (requests > 1) return response.writeHead(204).end();
        response.writeHead(200).write("{");
        return setTimeout(() => request.socket.destroy(), 10);
      },
      { timeout: 600_000 },
    );
    await expect(writer.write(text({ length: 1 }))).rejects.toThrow("the connection was cut before its answer");
    expect(await writer.write(text({ length: 1 }))).toEqual({ kind: "written" });
  });

  it("closes each connection behind its answer is waited for, and found out when it is killed", async () => {
    let requests = 0;
    const writer = await writerTo(
      (request, response) => {
        requests += 1;
        response.setHeader("Connection", "close");
        if (requests === 1) return response.writeHead(204).end();
        // It is on its way when the first's connection closes, and long after.
        if (requests === 2) return setTimeout(() => response.writeHead(204).end(), 500);
        response.writeHead(200).write("{");
        return setTimeout(() => request.socket.destroy(), 10);
      },
      { timeout: 600_000 },
    );
    expect(await writer.write(text({ length: 1 }))).toEqual({ kind: "written" });
    expect(await writer.write(text({ length: 1 }))).toEqual({ kind: "written" });
    await expect(writer.write(text({ length: 1 }))).rejects.toThrow("the connection was cut before its answer");
  });

  it("finds it too large refuses it, so that it is split", async () => {
    const writer = await writerTo((_, response) => response.writeHead(413).end());
    expect(await writer.write(text({ length: 1 }))).toMatchObject({ kind: "refused" });
  });
});
