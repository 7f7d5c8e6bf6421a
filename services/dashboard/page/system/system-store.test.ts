import type { Figures, ServiceStats } from "@beckon/protocol";
import type { Signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeBus, fakeBus } from "../bus/testing/fake-bus.ts";
import { dropTable } from "./drop-table.ts";
import { mainFigures } from "./main-figures.ts";
import { MAX_SERVICES } from "./services.ts";
import { createSystemStore, type SystemStore } from "./system-store.ts";
import { troubleInWords, whenInWords } from "./trouble-words.ts";
import { MAX_TROUBLES } from "./troubles.ts";

const BOOT = "mg2k1x0z-a9f3";
const LATER_BOOT = "mg2k9x0z-b000";
const NOTHING: Figures = { counters: {}, drops: {}, gauges: {}, latency: {} };
const START = Date.parse("2026-03-01T12:00:00Z");

let bus: FakeBus;
let store: SystemStore;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  bus = fakeBus();
  store = createSystemStore(bus);
});
afterEach(() => {
  store.close();
  vi.useRealTimers();
});

type Said = Partial<ServiceStats> & { readonly kind?: string; readonly id?: string };

function sayStats({ kind = "classifier", id = "desk", ...given }: Said = {}): void {
  bus.say(bus.topics.stats({ kind, id }), {
    ...NOTHING,
    at: Date.now(),
    boot: BOOT,
    uptime: (Date.now() - START) / 1000 + 3600,
    host: "pi",
    version: "0.1.0",
    process: { cpu: 12.5, memory: 90, eventLoopDelay: 1 },
    parts: {},
    ...given,
  });
}

function sayStatus(state: "online" | "offline", given: object = {}, kind = "classifier", id = "desk"): void {
  bus.say(bus.topics.status({ kind, id }), { state, boot: BOOT, ...given });
}

/** @param tell stats every 5 s, before each of them pass */
function pass(ms: number, tell?: () => void): void {
  for (let passed = 0; passed < ms; passed += 5000) {
    vi.advanceTimersByTime(5000);
    tell?.();
  }
}

const only = () => store.services.value[0];
const whats = (): string[] => store.troubles.value.map(({ facts }) => facts.what);
const told = () => store.troubles.value.map((trouble) => troubleInWords(trouble, store.services.value));

describe("a service", () => {
  it("is online with what it says of itself", () => {
    sayStatus("online", { version: "0.1.0", host: "pi", at: START });
    sayStats({ facts: { models: "letters 1.0.0 on onnx-cpu" } });
    expect(only()).toMatchObject({ kind: "classifier", id: "desk", state: "online", host: "pi", since: START });
    expect(only()?.stats?.process.cpu).toBe(12.5);
    expect(store.troubles.value).toEqual([]);
  });

  it("is silent when it said nothing for 15 s, and says so until it speaks again", () => {
    sayStats();
    pass(10_000);
    expect(only()?.state).toBe("online");
    pass(10_000);
    expect(only()).toMatchObject({ state: "silent", since: START });
    expect(whats()).toEqual(["silent"]);
    sayStats();
    expect(only()?.state).toBe("online");
    expect(store.troubles.value).toMatchObject([{ facts: { what: "silent" }, overAt: Date.now() }]);
  });

  it("is offline since its last will came, which has no time of its own", () => {
    sayStats();
    pass(5000);
    sayStatus("offline");
    expect(only()).toMatchObject({ state: "offline", since: START + 5000, lost: true });
    expect(told()[0]?.what).toBe("Classifier desk is gone without a goodbye");
    expect(told()[0]?.advice).toContain("on pi");
  });

  it("is offline since when it said goodbye, which is another thing", () => {
    sayStats();
    sayStatus("offline", { at: START - 50 });
    expect(only()).toMatchObject({ state: "offline", since: START - 50, lost: false });
    expect(whats()).toEqual(["stopped"]);
  });

  it("is not taken for silent while the page itself was cut off, nor while the machine slept", () => {
    sayStats();
    bus.connection.value = { status: "offline", since: Date.now(), missing: "broker" };
    pass(60_000);
    bus.connection.value = { status: "online" };
    pass(10_000);
    expect(only()?.state).toBe("online");
    sayStats();
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(5000);
    expect(only()?.state).toBe("online");
  });

  it("does not go offline by the last will of its life before", () => {
    sayStats({ boot: LATER_BOOT });
    sayStatus("offline");
    expect(only()).toMatchObject({ state: "online", boot: LATER_BOOT });
  });

  it("does not speak by what the broker kept of it, which comes again with each reconnection", () => {
    const kept = fakeBus();
    let again = (): void => {};
    const subscribe = kept.subscribe;
    kept.subscribe = (filter, heard) => {
      const status = kept.topics.status({ kind: "relay", id: "lamp" });
      if (filter.match(status.path))
        again = () => {
          const names = filter.match(status.path)!;
          const value = status.codec.decode(status.codec.encode({ state: "online", boot: BOOT }));
          heard({ names, value: value as never, retained: true, arrivedAt: Date.now() });
        };
      return subscribe(filter, heard);
    };
    const late = createSystemStore(kept);
    again();
    expect(late.services.value).toMatchObject([{ state: "online" }]);
    pass(20_000);
    again();
    expect(late.services.value).toMatchObject([{ state: "silent" }]);
    late.close();
  });

  it("that was gone before the page was opened is told of only where it went without a goodbye", () => {
    const early = fakeBus();
    early.say(early.topics.status({ kind: "relay", id: "stopped" }), { state: "offline", boot: BOOT, at: START - 9e6 });
    early.say(early.topics.status({ kind: "relay", id: "killed" }), { state: "offline", boot: BOOT });
    const late = createSystemStore(early);
    expect(late.services.value.map(({ id, state, since }) => [id, state, since])).toEqual([
      ["killed", "offline", undefined],
      ["stopped", "offline", START - 9e6],
    ]);
    expect(late.troubles.value.map(({ facts, at }) => [facts, at])).toEqual([
      [{ what: "lost", service: "relay/killed" }, undefined],
    ]);
    expect(late.troubles.value.map(whenInWords)).toEqual(["earlier"]);
    late.close();
  });

  it("has its place by its kind, and then by its name", () => {
    for (const [kind, id] of [
      ["toaster", "a"],
      ["relay", "b"],
      ["classifier", "gpu10"],
      ["classifier", "gpu9"],
      ["broker", "z"],
    ] as const)
      sayStatus("online", {}, kind, id);
    expect(store.services.value.map(({ key }) => key)).toEqual([
      "broker/z",
      "classifier/gpu9",
      "classifier/gpu10",
      "relay/b",
      "toaster/a",
    ]);
  });

  it("gives up its place only when it is away: made-up names cost no memory", () => {
    sayStatus("offline", {}, "relay", "gone");
    for (let index = 0; index < MAX_SERVICES + 20; index += 1) sayStatus("online", {}, "relay", `made-up-${index}`);
    const ids = store.services.value.map(({ id }) => id);
    expect(ids).toHaveLength(MAX_SERVICES);
    expect(ids).not.toContain("gone");
    expect(ids).not.toContain(`made-up-${MAX_SERVICES}`);
  });
});

describe("main figures", () => {
  it("are of the classifier: models, engines, results per second and ms", () => {
    const latency = { total: { count: 50, p50: 2.4, p95: 5, p99: 9, max: 20 } };
    const letters = (results: number): Figures => ({ ...NOTHING, counters: { results }, latency });
    sayStats({ parts: { letters: letters(100) }, facts: { models: "letters 1.0.0 on onnx-cpu" } });
    pass(5000);
    sayStats({ parts: { letters: letters(175) }, facts: { models: "letters 1.0.0 on onnx-cpu" } });
    const figures = mainFigures(only()!);
    expect(figures).toMatchObject([
      { name: "models", value: "letters 1.0.0 on onnx-cpu" },
      { name: "results", part: "letters", value: 15 },
      { name: "total", part: "letters", value: { p50: 2.4, p95: 5 } },
    ]);
  });

  it("have no rate that a second copy of the same stats would make", () => {
    const published = (count: number) => ({ desk: { ...NOTHING, counters: { published: count } } });
    sayStats({ kind: "camera-publisher", parts: published(0) });
    pass(5000);
    for (let copies = 0; copies < 2; copies += 1) sayStats({ kind: "camera-publisher", parts: published(150) });
    expect(mainFigures(only()!)).toMatchObject([{ name: "fps", part: "desk", value: 30 }]);
  });

  it("are none of a kind that nobody knows, were it named after what every object has", () => {
    sayStats({ kind: "constructor", counters: { results: 5 } });
    expect(mainFigures(only()!)).toEqual([]);
  });
});

describe("drops", () => {
  const dropping = (timeout: number, superseded = 0): Said => ({
    drops: { "bad-json": 1 },
    parts: { letters: { ...NOTHING, drops: { timeout, superseded } } },
  });

  it("are counted since the start and within the last minute, over all services", () => {
    sayStats(dropping(100));
    expect(dropTable(store.services.value)).toMatchObject([
      { reason: "timeout", total: 100, recent: 0 },
      { reason: "bad-json", total: 1, recent: 0 },
    ]);
    let timeout = 100;
    pass(30_000, () => {
      timeout += 1;
      sayStats(dropping(timeout, 7));
    });
    expect(dropTable(store.services.value)).toMatchObject([
      { reason: "timeout", total: 106, recent: 6 },
      { reason: "bad-json", total: 1 },
      { reason: "superseded", total: 7, recent: 7 },
    ]);
    pass(70_000, () => sayStats(dropping(timeout, 7)));
    expect(dropTable(store.services.value)[0]).toMatchObject({ reason: "timeout", total: 106, recent: 0 });
  });

  it("are one trouble while they go on, and another one after a minute without", () => {
    let timeout = 0;
    const more = (): void => {
      timeout += 2;
      sayStats(dropping(timeout));
    };
    sayStats(dropping(0));
    pass(20_000, more);
    expect(store.troubles.value).toMatchObject([
      { count: 8, facts: { what: "drops", service: "classifier/desk", part: "letters", reason: "timeout" } },
    ]);
    pass(90_000, () => sayStats(dropping(timeout)));
    pass(5000, more);
    expect(store.troubles.value.map(({ count }) => count)).toEqual([2, 8]);
  });

  it("are no trouble where they are as they should be, or are of before a restart", () => {
    sayStats(dropping(50, 0));
    pass(5000);
    sayStats(dropping(50, 1000));
    pass(5000);
    sayStats({ ...dropping(50, 1000), boot: LATER_BOOT });
    expect(store.troubles.value).toEqual([]);
  });

  it("of a service that has just begun are all new", () => {
    sayStats({ ...dropping(3), uptime: 4 });
    expect(dropTable(store.services.value)[0]).toMatchObject({ reason: "timeout", recent: 3 });
    expect(store.troubles.value).toMatchObject([{ count: 3 }, { count: 1, facts: { reason: "bad-json" } }]);
  });

  it("that every stream has now and then are a trouble only when there are many", () => {
    let clock = 0;
    const now = (by: number) => (): void => {
      clock += by;
      sayStats({ drops: { clock } });
    };
    sayStats({ drops: { clock } });
    pass(15_000, now(1));
    expect(store.troubles.value).toEqual([]);
    pass(5000, now(20));
    expect(store.troubles.value).toMatchObject([{ facts: { reason: "clock" } }]);
  });

  it("are told plainly where nobody knows the reason, whatever it is called", () => {
    sayStats();
    pass(5000);
    sayStats({ drops: { constructor: 1, "brand-new": 2 } });
    expect(told().map(({ what, advice }) => [what, advice])).toEqual([
      ["Classifier desk drops: brand-new", expect.stringContaining("does not know")],
      ["Classifier desk drops: constructor", expect.stringContaining("does not know")],
    ]);
  });
});

describe("what went wrong", () => {
  it("has a relay that refused, with why it was to switch", () => {
    const cause = { by: "gesture", camera: "desk", gesture: "L" } as const;
    bus.say(bus.topics.relayEvent({ relay: "lamp" }), { refused: "stale", at: START, cause });
    bus.say(bus.topics.relayEvent({ relay: "lamp" }), { refused: "stale", at: START, cause, suppressed: 3 });
    bus.say(bus.topics.relayEvent({ relay: "lamp" }), { from: "OFF", to: "ON", at: START, cause });
    expect(store.troubles.value).toHaveLength(1);
    expect(store.troubles.value[0]?.count).toBe(5);
    expect(told()[0]).toMatchObject({ what: "Relay lamp did not switch", where: "lamp" });
    expect(told()[0]?.why).toContain("because desk shows L");
  });

  it("does not have a refused command a second time, as a drop of its relay", () => {
    sayStats({ kind: "relay" });
    pass(5000);
    sayStats({ kind: "relay", parts: { lamp: { ...NOTHING, drops: { stale: 1 } } } });
    expect(store.troubles.value).toEqual([]);
  });

  it("has settings that did not fit", () => {
    sayStats();
    pass(5000);
    sayStats({ drops: { "bad-set": 1 } });
    expect(told()[0]?.advice).toContain("which value");
  });

  it("has a database that takes nothing, until it takes points again", () => {
    const sink = (failures: number, written: number, waiting: number): Said => ({
      kind: "metrics-sink",
      counters: { failures, written },
      gauges: { waiting },
    });
    sayStats(sink(0, 100, 5));
    pass(5000);
    sayStats(sink(1, 100, 250));
    expect(told()[0]?.advice).toContain("250 points wait");
    pass(5000);
    sayStats(sink(1, 400, 0));
    expect(store.troubles.value).toMatchObject([{ overAt: Date.now() }]);
  });

  it("has no database whose failures are from before the page was opened", () => {
    const counters = { failures: 7, written: 100 };
    sayStats({ kind: "metrics-sink", counters });
    pass(5000);
    sayStats({ kind: "metrics-sink", counters });
    expect(store.troubles.value).toEqual([]);
  });

  it("has no database where points only wait for one to come", () => {
    sayStats({ kind: "metrics-sink", gauges: { waiting: 10 } });
    pass(5000);
    sayStats({ kind: "metrics-sink", gauges: { waiting: 9000 } });
    expect(store.troubles.value).toEqual([]);
  });

  it("has what the page could not read, and the broker while it was away", () => {
    (bus.refused as Signal<number>).value += 2;
    for (let retry = 0; retry < 3; retry += 1)
      bus.connection.value = { status: "offline", since: START, missing: "broker" };
    expect(whats().sort()).toEqual(["broker-away", "payloads"]);
    pass(5000);
    bus.connection.value = { status: "online" };
    const away = store.troubles.value.find(({ facts }) => facts.what === "broker-away");
    expect(away).toMatchObject({ at: START, overAt: START + 5000 });
  });

  it("has the newest first, and 20 of them", () => {
    for (let index = 0; index < 50; index += 1) {
      vi.advanceTimersByTime(1);
      sayStatus("online", { host: `pi-${index}` }, "relay", `r-${index}`);
      sayStatus("offline", {}, "relay", `r-${index}`);
    }
    expect(store.troubles.value).toHaveLength(MAX_TROUBLES);
    expect(store.troubles.value[0]?.facts).toEqual({ what: "lost", service: "relay/r-49" });
  });
});

describe("trends", () => {
  it("follow the busiest process of each host and the results of each model for 10 minutes", () => {
    let results = 0;
    pass(700_000, () => {
      results += 75;
      sayStats({ parts: { letters: { ...NOTHING, counters: { results } } } });
      sayStats({ kind: "relay", process: { cpu: 3, memory: 50, eventLoopDelay: 0 } });
      sayStats({ kind: "broker", host: "nas", process: { cpu: 40, memory: 50, eventLoopDelay: 0 } });
    });
    const { cpu, results: perSecond } = store.trends;
    expect(cpu.value.times).toHaveLength(120);
    expect(cpu.value.lines.map(({ name, values }) => [name, values.length, values.at(-1)])).toEqual([
      ["nas", 120, 40],
      ["pi", 120, 12.5],
    ]);
    expect(perSecond.value.lines.map(({ name, values }) => [name, values.at(-1)])).toEqual([["letters", 15]]);
  });

  it("have a gap where the page was cut off", () => {
    sayStats();
    pass(5000, () => sayStats());
    bus.connection.value = { status: "offline", since: Date.now(), missing: "service" };
    pass(10_000);
    expect(store.trends.cpu.value.lines[0]?.values).toEqual([12.5, null, null]);
  });
});
