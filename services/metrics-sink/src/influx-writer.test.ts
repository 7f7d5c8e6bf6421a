import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { withDebian } from "@beckon/runtime/testing";
import { InfluxDB } from "influx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createInfluxWriter, type InfluxTarget } from "./influx-writer.ts";
import { type FieldValue, type Point, pointOf } from "./point.ts";
import { type Influxd, startInfluxd } from "./testing/influxd.ts";

const TIME = 1_763_632_801_234_567;

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

  const writerTo = (database: string, options: Partial<InfluxTarget> = {}) =>
    createInfluxWriter({ url: influxd.url, database, timeout: 5000, ...options });

  it("makes the database where it is missing", async () => {
    const writer = writerTo("missing");
    expect(await writer.write(text({ text: "HELLO", length: 5 }))).toEqual({ refused: 0 });
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
    expect(await writer.write(points)).toEqual({ refused: 0 });
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
    const { refused, reason } = await writer.write([
      ...text({ length: "long" }, TIME + 1),
      ...text({ length: 2 }, TIME + 2),
    ]);
    expect(refused).toBe(1);
    expect(reason).toContain("field type conflict");
    expect(await influxd.rows("select count(length) from text", "types")).toMatchObject([{ count: 2 }]);
  });

  it("fails while the database is away, and writes at once when it is back", async () => {
    const writer = writerTo("outage");
    await influxd.kill();
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(writer.write(text({ length: 1 }))).rejects.toThrow(/ECONN|hang up/);
    await influxd.start();
    expect(await writer.write(text({ length: 1 }))).toEqual({ refused: 0 });
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
      timeout: 5000,
    });
    expect(await writer.write(text({ length: 1 }))).toEqual({ refused: 0 });
  });

  it("says that it may not make the database", async () => {
    await influxd.rows("create user reader with password 'secret'");
    const writer = createInfluxWriter({
      url: influxd.url,
      database: "forbidden",
      username: "reader",
      password: "secret",
      timeout: 5000,
    });
    await expect(writer.write(text({ length: 1 }))).rejects.toThrow(/not authorized|cannot be made/);
  });

  it.each([
    ["a wrong one", { username: "admin", password: "wrong" }, "authorization failed"],
    ["none", {}, "unable to parse authentication credentials"],
  ])("says why it cannot with %s, which may pass", async (_, credentials, reason) => {
    const writer = createInfluxWriter({ url: influxd.url, database: "beckon", timeout: 5000, ...credentials });
    await expect(writer.write(text({ length: 1 }))).rejects.toThrow(reason);
  });
});

describe("the InfluxDB writer before a proxy", () => {
  it("writes in smaller parts what is too large in one", async () => {
    const sizes: number[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (part: Buffer) => {
        body += part.toString();
      });
      request.on("end", () => {
        const lines = body.split("\n").length;
        if (lines <= 3) sizes.push(lines);
        response.writeHead(lines > 3 ? 413 : 204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const writer = createInfluxWriter({ url: `http://127.0.0.1:${port}/influx`, database: "beckon", timeout: 5000 });
    const points = Array.from({ length: 10 }, (_, index) => text({ length: index }, TIME + index)).flat();
    expect(await writer.write(points)).toEqual({ refused: 0 });
    expect(sizes.reduce((sum, lines) => sum + lines, 0)).toBe(10);
    server.close();
    server.closeAllConnections();
  });
});
