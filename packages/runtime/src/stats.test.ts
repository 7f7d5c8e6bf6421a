import { ServiceStats } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { Stats } from "./stats.ts";

const RUN = {
  at: 1,
  boot: "mg2k1x0z-a9f3",
  uptime: 1,
  host: "pi",
  version: "0.1.0",
  process: { cpu: 1, memory: 1, eventLoopDelay: 0 },
};

describe("Stats", () => {
  it("adds up counters and drops, and begins latencies anew at each taking", () => {
    const stats = new Stats();
    stats.count("results");
    stats.count("results", 2);
    stats.drop("stale");
    stats.time("total", 4);
    expect(stats.takeAll()).toMatchObject({
      counters: { results: 3 },
      drops: { stale: 1 },
      latency: { total: { count: 1, max: 4 } },
    });
    stats.count("results");
    expect(stats.takeAll()).toMatchObject({ counters: { results: 4 }, latency: { total: { count: 0 } } });
  });

  it("reads gauges when it is asked, and leaves out what is no number then", () => {
    const stats = new Stats();
    let depth = 1;
    stats.gauge("depth", () => depth);
    stats.gauge("broken", () => Number.NaN);
    depth = 5;
    expect(stats.takeAll().gauges).toEqual({ depth: 5 });
  });

  it("gives each part figures of its own, the same at each asking", () => {
    const stats = new Stats();
    stats.part("letters").count("results");
    stats.part("letters").count("results");
    stats.part("hand").drop("stale");
    expect(stats.takeAll().parts).toMatchObject({
      letters: { counters: { results: 2 } },
      hand: { drops: { stale: 1 } },
    });
  });

  it("fits its message, whatever the names are and however many", () => {
    const stats = new Stats();
    for (const name of ["", "9lives", "état", "a b", "x".repeat(99), "state", "A/B", "__proto__"]) {
      stats.part(name).count(name);
      stats.drop(name);
      stats.fact(name, "y".repeat(999));
    }
    for (let count = 0; count < 100; count += 1) {
      stats.count(`n${count}`);
      stats.part(`p${count}`).time("total", 1);
    }
    const taken = stats.takeAll();
    expect(ServiceStats.safeParse({ ...taken, ...RUN }).error).toBeUndefined();
    const counted = Object.values(taken.counters).reduce((sum, count) => sum + count, 0);
    expect(counted, "what does not fit is counted all the same").toBe(100);
    expect(Object.keys(taken.parts).length).toBeLessThanOrEqual(32);
  });
});
