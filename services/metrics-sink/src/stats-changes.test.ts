import type { ServiceStats } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { StatsChanges } from "./stats-changes.ts";

const AT = 1_763_632_801_234;
const FIRST = "mg2k1x0z-a9f3";
const SECOND = "mg2k1x9z-a9f3";

function fresh(changes: StatsChanges, uptime: number, drops: Record<string, number>, boot = FIRST, id = "attic") {
  const figures = { counters: {}, drops: {}, gauges: {}, latency: {} };
  const value: ServiceStats = {
    ...{ ...figures, drops, at: AT, boot, uptime, host: "attic", version: "0.1.0" },
    process: { cpu: 4, memory: 80, eventLoopDelay: 1 },
    parts: { letters: { ...figures, drops } },
  };
  const points = changes.points({ value, names: { kind: "classifier", id }, arrivedAt: AT });
  return points
    .filter(({ measurement, tags }) => measurement === "drops" && tags.part === "letters")
    .map(({ tags, fields }) => [tags.reason, fields["new"], fields["count"]]);
}

describe("the changes between stats", () => {
  it("are the drops since the message before, the first of a reason too", () => {
    const changes = new StatsChanges();
    expect(fresh(changes, 5, { stale: 2 })).toEqual([["stale", 2, 2]]);
    expect(fresh(changes, 10, { stale: 5, clock: 1 })).toEqual([
      ["stale", 3, 5],
      ["clock", 1, 1],
    ]);
    expect(fresh(changes, 15, { stale: 5, clock: 1 }).map(([, more]) => more)).toEqual([0, 0]);
  });

  it("begin anew with the service", () => {
    const changes = new StatsChanges();
    fresh(changes, 5, { stale: 5 });
    expect(fresh(changes, 300, { stale: 6 }, SECOND)).toEqual([["stale", 6, 6]]);
  });

  it("do not count again what a service that has long been up dropped before", () => {
    const changes = new StatsChanges();
    expect(fresh(changes, 3600, { stale: 500 })).toEqual([["stale", 0, 500]]);
    expect(fresh(changes, 3605, { stale: 501, clock: 1 }).map(([, more]) => more)).toEqual([1, 1]);
  });

  it("remember so many services and no more", () => {
    const changes = new StatsChanges();
    fresh(changes, 3600, { stale: 1 });
    for (let id = 0; id < 256; id += 1) fresh(changes, 3600, {}, FIRST, `host-${id}`);
    expect(fresh(changes, 3700, { stale: 9 }), "as if for the first time").toEqual([["stale", 0, 9]]);
  });
});
