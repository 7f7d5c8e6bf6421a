import { Stats } from "@beckon/runtime";
import { describe, expect, it } from "vitest";
import { Ledger, OpenEntries } from "./ledger.ts";

describe("the books", () => {
  it("close each entry once, whoever comes first", () => {
    const stats = new Stats();
    const entries = new OpenEntries(new Map(["a", "b"].map((name) => [name, new Ledger(stats.part(name))])));
    expect(stats.part("a").take().gauges).toEqual({ inHand: 1 });
    entries.result("a", { total: 5 });
    entries.dropAll("crashed");
    entries.drop("a", "late");
    expect(stats.part("a").take()).toMatchObject({
      counters: { received: 1, results: 1 },
      drops: {},
      gauges: { inHand: 0 },
    });
    expect(stats.part("b").take()).toMatchObject({ counters: { received: 1, results: 0 }, drops: { crashed: 1 } });
  });

  it("count a leap of any size, and stay countable", () => {
    const stats = new Stats();
    const ledger = new Ledger(stats.part("a"));
    for (let times = 0; times < 100; times++) ledger.gap(Number.MAX_SAFE_INTEGER - 1);
    expect(Number.isSafeInteger(stats.part("a").take().counters["gap"])).toBe(true);
  });
});
