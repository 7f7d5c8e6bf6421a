import { createBoot, type Gesture } from "@beckon/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Stage } from "./testing/stage.ts";

const CONFIG = {
  relays: { lamp: { driver: { kind: "simulated" }, minOff: 0, maxOn: 86_400_000, failSafe: "hold" } },
  rules: [
    { when: { gesture: "A" }, relay: "lamp", do: "toggle" },
    { when: { gesture: "B" }, relay: "lamp", do: "on" },
    { when: { gesture: "C" }, relay: "lamp", do: "off" },
  ],
};
const GESTURES = ["A", "B", "A", "A", "C", "B", "C"];

/** The same numbers for the same seed: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Ways in which a gesture reaches a relay that must not obey it. */
type Replay = (stage: Stage, recorded: Gesture, share: number) => Promise<void>;

const fresh = ({ boot, seq, frameAt: at }: Stage) => ({ boot, seq, at });

const REPLAYS: Record<string, Replay> = {
  "as it was": (stage, recorded) => stage.send(recorded),
  "with its frame renumbered": (stage, recorded) => stage.send({ ...recorded, seq: stage.seq }),
  retained: (stage, recorded) => stage.sendRetained(recorded),
  "retained, though of now": (stage, recorded) => stage.sendRetained({ ...recorded, ...fresh(stage) }),
  "from the future": (stage, recorded, share) =>
    stage.send({ ...recorded, ...fresh(stage), at: stage.frameAt + 300 + share * 1e7 }),
  "from an older boot": (stage, recorded, share) =>
    stage.send({ ...recorded, ...fresh(stage), boot: createBoot(1_700_000_000_000 + share * 1e9) }),
  "from a boot that no heartbeat knows": (stage, recorded, share) =>
    stage.send({ ...recorded, ...fresh(stage), boot: createBoot(1_800_000_000_000 + share * 1e9) }),
  "from a camera that does not live": (stage, recorded) => stage.sendFrom("door", { ...recorded, ...fresh(stage) }),
  "a while too late": (stage, recorded, share) =>
    stage.send({ ...recorded, ...fresh(stage), at: stage.frameAt - 1001 - share * 1e6 }),
};

let stage: Stage;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  await stage.close();
  vi.useRealTimers();
});

/** What a user did, and what came of it. */
async function record(): Promise<Gesture[]> {
  const recorded: Gesture[] = [];
  for (const gesture of GESTURES) {
    await stage.live(700);
    const sent = stage.stamp(gesture);
    await stage.send(sent);
    recorded.push(sent);
  }
  expect(stage.switches.map((text) => text.slice(0, 3))).toEqual(["ON ", "OFF", "ON ", "OFF", "ON ", "OFF"]);
  return recorded;
}

test("10,000 recorded gestures, replayed in every way beside a live camera, switch nothing", async () => {
  stage = await Stage.open(CONFIG);
  const recorded = await record();
  await stage.live(1500);
  const before = stage.switches.length;
  const next = random(20_260_101);
  const ways = Object.values(REPLAYS);
  for (let i = 0; i < 10_000; i += 1) {
    // The camera goes on, at every point of its heartbeat.
    if (i % 10 === 0) await stage.live(100 * Math.ceil(next() * 4));
    const gesture = recorded[Math.floor(next() * recorded.length)];
    if (gesture) await ways[i % ways.length]?.(stage, gesture, next());
  }
  expect(stage.switches.slice(before)).toEqual([]);
  const { drops } = stage.stats.part("lamp").take();
  expect(Object.values(drops).reduce((sum, count) => sum + count, 0)).toBe(10_000);
  expect(Object.keys(drops).sort()).toEqual(["clock", "no-source", "older-boot", "retained", "stale"]);
  // It was listening all the while.
  await stage.live(600);
  await stage.send(stage.stamp("A"));
  expect(stage.switches).toHaveLength(before + 1);
});

test("a gesture that comes many times within its second switches once, and one that a later one overtook never", async () => {
  stage = await Stage.open(CONFIG);
  for (let i = 0; i < 200; i += 1) {
    await stage.live(400);
    const earlier = stage.stamp("A");
    await stage.live(100);
    const before = stage.switches.length;
    const later = stage.stamp("A");
    for (const gesture of [later, later, earlier, later, earlier]) await stage.send(gesture);
    expect(stage.switches).toHaveLength(before + 1);
  }
});

test("recorded gestures without a live camera switch nothing, not even with their own heartbeats in a burst", async () => {
  stage = new Stage(CONFIG, {});
  await stage.silence(1500);
  for (let i = 0; i < 500; i += 1) {
    // A backlog: all at once, stamped as if half a second apart.
    for (const seq of [1, 2, 3]) await stage.beat(null, { seq: 4 * i + seq, frameAt: 1e12 + i * 2000 + seq * 500 });
    await stage.send(stage.stamp("A", { seq: 4 * i + 4, at: 1e12 + i * 2000 + 1600 }));
    await stage.silence(2500);
  }
  expect(stage.switches).toEqual([]);
});
