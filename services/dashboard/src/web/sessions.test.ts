import { createHash } from "node:crypto";
import { createTopics, type Settings, type Topic } from "@beckon/protocol";
import { type Bus, createMemoryBus, MemoryHub, Stats } from "@beckon/runtime";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followSessions, type Sessions } from "./sessions.ts";

const topic = createTopics().serviceSet({ kind: "dashboard", id: "desk" });
const HOUR_MS = 3_600_000;

describe("sessions", () => {
  let page: Bus;
  let stats: Stats;
  let sessions: Sessions;
  let warnings: string[];
  let hub: MemoryHub;
  let stop: AbortController;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] });
    hub = new MemoryHub();
    stop = new AbortController();
    stats = new Stats();
    warnings = [];
    page = createMemoryBus(hub, new Stats());
    sessions = follow();
  });
  afterEach(() => {
    stop.abort();
    vi.useRealTimers();
  });

  const follow = (): Sessions => {
    const bus = createMemoryBus(hub, stats);
    const log = { warn: (...words: unknown[]) => warnings.push(String(words.at(-1))) } as never;
    return followSessions({ bus, topic, stats, log, signal: stop.signal });
  };
  const introduce = async (token: string, to: Topic<Settings> = topic): Promise<void> => {
    await page.publish(to, { session: createHash("sha256").update(token).digest("hex") });
    await new Promise((resolve) => setImmediate(resolve));
  };
  /** What somebody with a token gets who waits as long as it takes. */
  const answer = async (token: string | undefined): Promise<number | undefined> => {
    const asked = sessions.refusal(token);
    await vi.advanceTimersByTimeAsync(1000);
    return (await asked)?.status;
  };

  it("lets in who has introduced itself, and nobody else", async () => {
    await introduce("mine");
    expect(await answer("mine")).toBeUndefined();
    expect(await answer("yours")).toBe(401);
    expect(await answer("")).toBe(401);
    expect(await answer(undefined)).toBe(401);
    // What is seen on the bus is of no use.
    expect(await answer(createHash("sha256").update("mine").digest("hex"))).toBe(401);
  });

  it("waits for a second for who asks before its introduction has come, and no longer", async () => {
    const soon = sessions.refusal("mine");
    await vi.advanceTimersByTimeAsync(900);
    await introduce("mine");
    expect(await soon).toBeUndefined();
    const late = sessions.refusal("yours");
    await vi.advanceTimersByTimeAsync(1000);
    expect(await late).toMatchObject({ status: 401 });
  });

  it("lets no more than a few wait", async () => {
    const asked = Array.from({ length: 40 }, (_, index) => sessions.refusal(`made up ${index}`));
    const at = await Promise.race([asked[39], vi.advanceTimersByTimeAsync(500).then(() => "waits")]);
    expect(at).toMatchObject({ status: 401 });
    expect(await Promise.race([asked[0], Promise.resolve("waits")])).toBe("waits");
    await vi.advanceTimersByTimeAsync(1000);
    await Promise.all(asked);
  });

  it("ends a session after a day, and begins it anew at each introduction", async () => {
    await introduce("mine");
    await vi.advanceTimersByTimeAsync(20 * HOUR_MS);
    await introduce("mine");
    await vi.advanceTimersByTimeAsync(20 * HOUR_MS);
    expect(await answer("mine")).toBeUndefined();
    await vi.advanceTimersByTimeAsync(4 * HOUR_MS);
    expect(await answer("mine")).toBe(401);
  });

  it("stays as long when the clock of the machine is set", async () => {
    await introduce("mine");
    vi.setSystemTime(Date.now() + 48 * HOUR_MS);
    expect(await answer("mine")).toBeUndefined();
    vi.setSystemTime(Date.now() - 96 * HOUR_MS);
    await vi.advanceTimersByTimeAsync(24 * HOUR_MS);
    expect(await answer("mine")).toBe(401);
  });

  it("keeps 64, those that were used last", async () => {
    for (let index = 0; index < 64; index++) await introduce(`page ${index}`);
    expect(await answer("page 0")).toBeUndefined();
    await introduce("page 64");
    expect(stats.read().gauges).toMatchObject({ sessions: 64 });
    expect(await answer("page 0")).toBeUndefined();
    expect(await answer("page 1")).toBe(401);
    expect(await answer("page 2")).toBeUndefined();
    expect(await answer("page 64")).toBeUndefined();
  });

  it("passes over what was retained", async () => {
    await introduce("old", { ...topic, retain: true });
    sessions = follow();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await answer("old")).toBe(401);
    expect(stats.read().drops).toEqual({ "bad-set": 1 });
  });

  it.each([[{ session: "short" }], [{ session: 7 }], [{ session: "Z".repeat(64) }], [{}], [{ port: 1 }]])(
    "counts %j, which is no introduction, and goes on",
    async (value) => {
      await page.publish(topic, value as Settings);
      await introduce("mine");
      expect(stats.read().drops).toEqual({ "bad-set": 1 });
      expect(warnings).toEqual([expect.stringContaining("is no session")]);
      expect(await answer("mine")).toBeUndefined();
    },
  );

  it("says that the broker is away while it is", async () => {
    const away = createMemoryBus(hub, stats);
    await away.close();
    sessions = followSessions({ bus: away, topic, stats, log: { warn: () => {} } as never, signal: stop.signal });
    expect(await answer("mine")).toBe(503);
  });
});
