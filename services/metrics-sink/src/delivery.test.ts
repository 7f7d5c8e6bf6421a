import { Stats } from "@beckon/runtime";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Delivery } from "./delivery.ts";
import type { Point } from "./point.ts";
import type { PointWriter } from "./point-writer.ts";

/** A database that answers as it is told. */
class Answers implements PointWriter {
  readonly target = "test";
  readonly writes: number[][] = [];
  answer: (points: readonly Point[]) => ReturnType<PointWriter["write"]> = async () => ({ refused: 0 });

  write(points: readonly Point[]): ReturnType<PointWriter["write"]> {
    this.writes.push(points.map(({ time }) => time));
    return this.answer(points);
  }
}

const away = async (): Promise<never> => {
  throw new Error("connect ECONNREFUSED");
};

const point = (time: number): Point => ({ measurement: "text", tags: {}, fields: { length: 1 }, time });
const points = (count: number, from = 0): Point[] => Array.from({ length: count }, (_, index) => point(from + index));

describe("the delivery of points", () => {
  const database = { current: new Answers() };
  let stats: Stats;
  let log: string[];
  let delivery: Delivery;
  let stopping: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    vi.useFakeTimers();
    database.current = new Answers();
    stats = new Stats();
    log = [];
    stopping = new AbortController();
    delivery = new Delivery({
      writer: database.current,
      batch: 500,
      flushInterval: 1000,
      maxWaiting: 6000,
      stats,
      log: { info: (message) => log.push(`info ${message}`), warn: (message) => log.push(`warn ${message}`) },
      random: () => 0.5,
    });
    running = delivery.run(stopping.signal);
  });

  afterEach(async () => {
    stopping.abort();
    await vi.advanceTimersByTimeAsync(3000);
    await running;
    vi.useRealTimers();
  });

  it("writes what waits once a second", async () => {
    delivery.add(points(3));
    await vi.advanceTimersByTimeAsync(999);
    expect(database.current.writes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(database.current.writes).toEqual([[0, 1, 2]]);
  });

  it("writes a batch as soon as it is full", async () => {
    delivery.add(points(500));
    await vi.advanceTimersByTimeAsync(0);
    expect(database.current.writes[0]).toHaveLength(500);
  });

  it("keeps what could not be written, and writes it again, later each time", async () => {
    database.current.answer = away;
    delivery.add(points(2));
    await vi.advanceTimersByTimeAsync(1000);
    const tries: number[] = [];
    for (const wait of [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
      await vi.advanceTimersByTimeAsync(wait);
      tries.push(database.current.writes.length);
    }
    expect(tries).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    database.current.answer = async () => ({ refused: 0 });
    delivery.add(points(1, 2));
    await vi.advanceTimersByTimeAsync(11_000);
    expect(database.current.writes.slice(-2)).toEqual([[0, 1], [2]]);
    expect(stats.take()).toMatchObject({ counters: { points: 3, written: 3, failures: 9 }, gauges: { waiting: 0 } });
  });

  it("warns of an outage at once and every ten seconds, and says when it is over", async () => {
    database.current.answer = away;
    delivery.add(points(2));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log.length).toBeGreaterThan(1);
    expect(log.length).toBeLessThanOrEqual(7);
    expect(log[0]).toBe("warn InfluxDB at test takes no points: connect ECONNREFUSED; 2 wait, trying on");
    database.current.answer = async () => ({ refused: 0 });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(log.at(-1)).toBe("info InfluxDB at test takes points again; 0 wait");
  });

  it("drops the oldest of too many by count, and does not hurry because they are many", async () => {
    database.current.answer = away;
    delivery.add(points(1));
    await vi.advanceTimersByTimeAsync(1000);
    delivery.add(points(7000, 1));
    await vi.advanceTimersByTimeAsync(0);
    expect(database.current.writes).toHaveLength(1);
    expect(stats.take()).toMatchObject({ drops: { overflow: 1000 }, gauges: { waiting: 6001 } });
  });

  it("counts what the database refuses for good, and goes on", async () => {
    database.current.answer = async () => ({ refused: 1, reason: "field type conflict" });
    delivery.add(points(3));
    await vi.advanceTimersByTimeAsync(1000);
    expect(stats.take()).toMatchObject({ counters: { written: 2 }, drops: { refused: 1 } });
    expect(log).toEqual(["warn InfluxDB at test refuses 1 points for good: field type conflict"]);
  });

  it("writes what waits when it stops", async () => {
    delivery.add(points(3));
    stopping.abort();
    await running;
    expect(stats.take().counters).toEqual({ points: 3, written: 3 });
  });

  it("counts what could not be written before the end, and does not wait for it", async () => {
    database.current.answer = away;
    delivery.add(points(3));
    stopping.abort();
    await running;
    expect(stats.take().drops).toEqual({ unwritten: 3 });
    expect(log.at(-1)).toBe("warn 3 points were not written before the end");
  });

  it("ends within two seconds though the database does not answer", async () => {
    database.current.answer = () => new Promise(() => {});
    delivery.add(points(500));
    await vi.advanceTimersByTimeAsync(0);
    stopping.abort();
    await vi.advanceTimersByTimeAsync(2000);
    await running;
    expect(stats.take().drops).toEqual({ unwritten: 500 });
  });
});
