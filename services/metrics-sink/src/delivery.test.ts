import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Stats } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { backOff, Delivery } from "./delivery.ts";
import type { Point } from "./point.ts";
import type { PointWriter, WriteOutcome } from "./point-writer.ts";
import type { TimeRange } from "./spool/position.ts";
import { Spool } from "./spool/spool.ts";

/** A database that answers as it is told. */
class Answers implements PointWriter {
  readonly target = "test";
  readonly writes: number[][] = [];
  readonly downsampled: TimeRange[] = [];
  answer: (points: readonly Point[]) => WriteOutcome | Promise<WriteOutcome> = () => ({ kind: "written" });

  async write(points: readonly Point[]): Promise<WriteOutcome> {
    this.writes.push(points.map(({ time }) => time));
    return this.answer(points);
  }

  async downsample(range: TimeRange): Promise<void> {
    this.downsampled.push(range);
  }
}

const away = (): never => {
  throw new Error("connect ECONNREFUSED");
};

const NOW = 1_763_632_801_234;
const point = (time: number): Point => ({ measurement: "text", tags: {}, fields: { length: 1 }, time });
const points = (count: number, from = NOW * 1000): Point[] =>
  Array.from({ length: count }, (_, index) => point(from + index));

describe("the delivery of points", () => {
  let database: Answers;
  let folder: string;
  let spool: Spool;
  let stats: Stats;
  let log: string[];
  let stopping: AbortController;

  beforeEach(async () => {
    database = new Answers();
    stats = new Stats();
    log = [];
    stopping = new AbortController();
    folder = await mkdtemp(join(tmpdir(), "beckon-delivery-"));
    spool = await Spool.open({
      folder,
      ...{ maxSize: 1e8, maxAge: 1e9, syncInterval: 50, maxInMemory: 20_000 },
      dropped: (reason, count) => stats.drop(reason, count),
      log: { info: () => {}, warn: () => {} },
    });
  });

  afterEach(async () => {
    await spool.close();
    await rm(folder, { recursive: true });
  });

  /** With pauses of a few ms instead of seconds. */
  function start(options: { batch?: number; flushInterval?: number; pace?: number } = {}) {
    const delivery = new Delivery({
      ...{ writer: database, spool, batch: 500, flushInterval: 20, rawRetention: 7 * 86_400_000, stats },
      log: { info: (message) => log.push(`info ${message}`), warn: (message) => log.push(`warn ${message}`) },
      pace: 0.01,
      now: () => NOW,
      ...options,
    });
    const running = delivery.run(stopping.signal);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await running;
    };
    onTestFinished(stop);
    const add = (added: readonly Point[]): void => {
      spool.append(added);
      delivery.added();
    };
    return { add, stop };
  }

  const counters = () => stats.take().counters;

  it("writes what waits, once, in order", async () => {
    const { add, stop } = start();
    const all = points(1200);
    for (let from = 0; from < all.length; from += 100) {
      add(all.slice(from, from + 100));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await eventually(() => counters()["written"] === 1200);
    expect(database.writes.flat()).toEqual(all.map(({ time }) => time));
    await stop();
    expect(spool.waiting).toBe(0);
  });

  it("writes a batch as soon as it is full, and fewer points when their time has come", async () => {
    const { add, stop } = start({ flushInterval: 3_600_000 });
    add(points(499));
    await spool.sync();
    expect(database.writes).toEqual([]);
    add(points(1, 5));
    await eventually(() => database.writes.length === 1);
    expect(database.writes[0]).toHaveLength(500);
    await stop();
  });

  it("keeps what could not be written, and writes the same points again", async () => {
    database.answer = away;
    const { add } = start();
    add(points(2));
    await eventually(() => (counters()["failures"] ?? 0) >= 4);
    database.answer = () => ({ kind: "written" });
    await eventually(() => counters()["written"] === 2);
    expect(new Set(database.writes.map((times) => times.join())).size).toBe(1);
    expect(log[0]).toBe("warn InfluxDB at test takes no points: connect ECONNREFUSED; 2 wait, trying on");
    expect(log.at(-1)).toBe("info InfluxDB at test takes points again; 0 wait");
    expect(log).toHaveLength(2);
  });

  it("finds the points that are refused, sets them aside with the reason, and writes the others", async () => {
    const all = points(1000);
    const bad = new Set([3, 4, 517, 999].map((index) => all[index]?.time));
    const written = new Set<number>();
    database.answer = (batch) => {
      if (batch.some(({ time }) => bad.has(time))) return { kind: "refused", reason: "unable to parse" };
      for (const { time } of batch) written.add(time);
      return { kind: "written" };
    };
    const { add, stop } = start();
    add(all);
    // The last thing it does: counted they are before they are on the disk.
    await eventually(() => log.length === 1);
    expect(counters()["written"]).toBe(996);
    expect(written.size).toBe(996);
    expect(stats.take().drops).toEqual({ refused: 4 });
    const lines = (await readFile(join(folder, "rejected.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      [...bad].map((time) => expect.objectContaining({ time, reason: "unable to parse", measurement: "text" })),
    );
    expect(log).toEqual([
      `warn InfluxDB at test refuses 4 points for good (set aside in ${folder}/rejected.jsonl): unable to parse`,
    ]);
    await stop();
    expect(database.writes.length).toBeLessThan(120);
  });

  it("does not split what is refused altogether", async () => {
    database.answer = (batch) => ({ kind: "refused", reason: "field type conflict", points: batch.length });
    const { add } = start();
    add(points(600));
    await eventually(() => stats.take().drops["refused"] === 600);
    expect(database.writes).toHaveLength(1);
  });

  it("counts what is older than the database keeps, and does not split it", async () => {
    database.answer = () => ({ kind: "too-old", points: 7, reason: "points beyond retention policy dropped=7" });
    const { add } = start();
    add(points(600));
    await eventually(() => counters()["written"] === 593);
    expect(stats.take().drops).toEqual({ "too-old": 7 });
    expect(database.writes).toHaveLength(1);
  });

  it("counts a batch once though the database goes away while its bad point is sought", async () => {
    const all = points(64);
    const bad = all[40]?.time;
    let calls = 0;
    database.answer = (batch) => {
      calls += 1;
      if (calls === 4) away();
      return batch.some(({ time }) => time === bad) ? { kind: "refused", reason: "bad" } : { kind: "written" };
    };
    const { add } = start();
    add(all);
    await eventually(() => counters()["written"] === 63);
    expect(stats.take()).toMatchObject({ counters: { failures: 1 }, drops: { refused: 1 } });
  });

  it("makes the long history of what came late, once all of it is there, in whole", async () => {
    const { add, stop } = start({ batch: 100 });
    const hour = 3_600_000;
    add([...points(300, (NOW - 2 * hour) * 1000), ...points(300, (NOW - hour) * 1000), ...points(10)]);
    await eventually(() => database.downsampled.length > 0);
    expect(database.downsampled).toEqual([{ from: NOW - 2 * hour, to: NOW - hour + 0.299 }]);
    await stop();
    expect(spool.replayed).toBeUndefined();
  });

  it("leaves in the spool what it could not write before the end, and does not wait for it", async () => {
    database.answer = away;
    const { add, stop } = start({ flushInterval: 3_600_000 });
    add(points(3));
    await stop();
    expect(spool.waiting).toBe(3);
    expect(stats.take().drops).toEqual({});
  });

  it("ends though the database does not answer", async () => {
    database.answer = () => new Promise(() => {});
    const { add, stop } = start();
    add(points(500));
    await eventually(() => database.writes.length === 1);
    await stop();
    expect(spool.waiting).toBe(500);
  });
});

describe("an outage of 24 hours", () => {
  it("loses the oldest points, and counts exactly those that are missing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "beckon-outage-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const database = new Answers();
    const stats = new Stats();
    const log = { info: () => {}, warn: () => {} };
    let now = NOW;
    const spool = await Spool.open({
      folder,
      ...{ maxSize: 5_000_000, maxAge: 7 * 86_400_000, syncInterval: 3_600_000, maxInMemory: 20_000, log },
      dropped: (reason, count) => stats.drop(reason, count),
      now: () => now,
    });
    const timing = { batch: 500, flushInterval: 5, pace: 0.001, now: () => now };
    const delivery = new Delivery({ writer: database, spool, rawRetention: 7 * 86_400_000, stats, log, ...timing });
    const stopping = new AbortController();
    database.answer = away;
    const running = delivery.run(stopping.signal);
    const minutes = 24 * 60;
    const aMinute = 120;
    for (let minute = 0; minute < minutes; minute++) {
      spool.append(points(aMinute, NOW * 1000 + minute * aMinute));
      now += 60_000;
      await spool.sync();
    }
    const written = new Set<number>();
    database.answer = (batch) => {
      for (const { time } of batch) written.add(time - NOW * 1000);
      return { kind: "written" };
    };
    await eventually(() => spool.waiting === 0);
    stopping.abort();
    await running;
    await spool.close();
    const all = minutes * aMinute;
    const { counters, drops } = stats.take();
    expect(counters["failures"]).toBeGreaterThan(0);
    expect(counters["written"]).toBe(written.size);
    expect(drops).toEqual({ overflow: all - written.size });
    expect(drops["overflow"]).toBeGreaterThan(all / 4);
    // The batch that was on its way is the oldest; behind it the newest are there without a hole.
    const kept = [...written].sort((a, b) => a - b);
    const hole = kept.findIndex((time, index) => time !== index);
    expect(kept.slice(hole)).toEqual(
      Array.from({ length: kept.length - hole }, (_, index) => all - kept.length + hole + index),
    );
  });
});

describe("the waiting between two tries", () => {
  it("doubles to ten seconds, half to one and a half times of it", () => {
    const pauses = Array.from({ length: 8 }, (_, failures) => backOff(failures + 1, 0.5));
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect([backOff(1, 0), backOff(1, 1)]).toEqual([125, 375]);
  });
});
