import type { FrameEnvelope, GestureState, Result } from "@beckon/protocol";
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeBus, fakeBus } from "../bus/testing/fake-bus.ts";
import type { LiveCamera } from "./cameras.ts";
import { HISTORY_SECONDS } from "./history.ts";
import { createLiveStore, type LiveStore } from "./live-store.ts";

const BOOT = "mg2k1x0z-a9f3";
const LATER_BOOT = "mg2k9x0z-b000";
const START = Date.parse("2026-03-01T12:00:00Z");

let bus: FakeBus;
let store: LiveStore;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  bus = fakeBus();
  store = createLiveStore(bus, signal(undefined));
});
afterEach(() => {
  store.stop();
  vi.useRealTimers();
});

function sayResult(given: Partial<Result> = {}): void {
  const result: Result = {
    ...{ camera: "desk", model: "letters", version: "1.0.0", seq: 1, boot: BOOT, at: Date.now() },
    ...{ label: "A", confidence: 0.9, top: [{ label: "A", confidence: 0.9 }], engine: "onnx-cpu", ms: { total: 4 } },
    ...given,
  };
  bus.say(bus.topics.result(result), result);
}

function sayState(given: Partial<GestureState> = {}): void {
  bus.say(bus.topics.state({ camera: "desk", model: "letters" }), {
    ...{ gesture: "A", since: Date.now(), confidence: 0.9, at: Date.now() },
    ...given,
  });
}

function sayFrame(camera = "desk"): void {
  bus.say(bus.topics.frame({ camera }), { jpeg: Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0) });
}

const names = () => store.cameras.list.value.map(({ name }) => name);
const desk = () => store.cameras.list.value.find(({ name }) => name === "desk") as LiveCamera;
const letters = () => desk().readings.value[0];
const envelope = (given: Partial<FrameEnvelope> = {}): FrameEnvelope => ({
  ...{ seq: 1, boot: BOOT, at: Date.now(), width: 320, height: 240 },
  ...given,
});

describe("cameras", () => {
  it("are known by results, states, texts, and by frames that nobody classifies", () => {
    sayResult({ camera: "desk" });
    sayState();
    bus.say(bus.topics.text({ camera: "wall" }), { text: "HI", last: "I", at: Date.now() });
    sayFrame("porch");
    expect(names()).toEqual(["desk", "porch", "wall"]);
  });

  it("are looked for in frames for a moment only", () => {
    expect(bus.wanted).toContain("beckon/+/frame");
    vi.advanceTimersByTime(1000);
    expect(bus.wanted).not.toContain("beckon/+/frame");
    vi.advanceTimersByTime(14_100);
    expect(bus.wanted).toContain("beckon/+/frame");
  });

  it("are away after 30 s of silence and forgotten after 5 minutes", () => {
    sayResult();
    vi.advanceTimersByTime(29_000);
    expect(desk().away.value).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(desk().away.value).toBe(true);
    vi.advanceTimersByTime(270_000);
    expect(names()).toEqual([]);
  });

  it("are 32 at most, whoever makes them up", () => {
    for (let number = 0; number < 40; number += 1) sayResult({ camera: `made-up-${number}` });
    expect(names()).toHaveLength(32);
  });

  it("are not those that a retained state of yesterday tells of, and such a gesture does not stand", () => {
    const before = fakeBus();
    const state = { gesture: "A", since: START, confidence: 0.9 };
    before.say(before.topics.state({ camera: "old", model: "letters" }), { ...state, at: START - 86_400_000 });
    before.say(before.topics.state({ camera: "desk", model: "letters" }), { ...state, at: START - 1000 });
    const later = createLiveStore(before, signal(undefined));
    later.stop();
    expect(later.cameras.list.value.map(({ name }) => name)).toEqual(["desk"]);
    expect(later.cameras.list.value[0]?.readings.value).toEqual([]);
  });

  it("refuse a frame that is no newer, and take one of a later boot", () => {
    sayResult();
    const at = Date.now();
    expect(desk().frame(envelope({ seq: 5 }), at)).toBe(true);
    expect(desk().frame(envelope({ seq: 5 }), at)).toBe(false);
    expect(desk().frame(envelope({ seq: 4 }), at)).toBe(false);
    expect(desk().frame(envelope({ seq: 1, boot: LATER_BOOT }), at)).toBe(true);
    expect(desk().frame(envelope({ seq: 9 }), at)).toBe(false);
    expect(desk().frame(undefined, at)).toBe(true);
  });

  it("tell the age of the picture by the camera's own clock", () => {
    sayResult();
    const behind = 3_600_000;
    desk().frame(envelope({ seq: 1, at: Date.now() - behind }), Date.now());
    desk().frame(envelope({ seq: 2, at: Date.now() - behind - 400 }), Date.now());
    store.cameras.refresh(Date.now());
    expect(desk().pace.value.age).toBe(400);
  });

  it("look where the frame says, else where the result says", () => {
    sayResult({ roi: [0.1, 0.1, 0.5, 0.5] });
    expect(desk().roi.value).toEqual([0.1, 0.1, 0.5, 0.5]);
    desk().frame(envelope({ roi: [0.2, 0.2, 0.5, 0.5] }), Date.now());
    expect(desk().roi.value).toEqual([0.2, 0.2, 0.5, 0.5]);
  });
});

describe("figures", () => {
  it("change five times a second, however many results come", () => {
    sayResult();
    const seen: unknown[] = [];
    const stop = letters()?.top.subscribe((top) => seen.push(top));
    for (let frame = 0; frame < 60; frame += 1) {
      vi.advanceTimersByTime(1000 / 60);
      sayResult({ seq: frame + 2, confidence: frame / 60, top: [{ label: "A", confidence: frame / 60 }] });
    }
    stop?.();
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.length).toBeLessThanOrEqual(6);
  });

  it("count frames a second and keep the time from capture to result", () => {
    for (let frame = 0; frame < 45; frame += 1) {
      sayResult({ seq: frame, ms: { total: 7 } });
      vi.advanceTimersByTime(1000 / 15);
    }
    expect(desk().pace.value.fps).toBeCloseTo(15, 0);
    expect(desk().pace.value.latency).toBe(7);
  });

  it("of the charts are those of two minutes, with gaps where nothing came", () => {
    sayResult({ ms: { total: 7 } });
    vi.advanceTimersByTime(2000);
    const [times, latencies] = desk().history.columns;
    expect(latencies).toEqual([7, null]);
    for (let second = 0; second < 200; second += 1) {
      sayResult();
      vi.advanceTimersByTime(1000);
    }
    expect(times).toHaveLength(HISTORY_SECONDS);
  });
});

describe("the steady gesture", () => {
  it("stands from when the interpreter says, whatever its clock", () => {
    sayState({ at: 5000, since: 4400 });
    expect(letters()?.steady.value).toEqual({ gesture: "A", since: START - 600, confidence: 0.9 });
    sayState({ gesture: null });
    expect(letters()?.steady.value).toBeNull();
  });

  it("is unknown once nobody says any more", () => {
    sayState();
    vi.advanceTimersByTime(2800);
    expect(letters()?.steady.value).not.toBeUndefined();
    vi.advanceTimersByTime(600);
    expect(letters()?.steady.value).toBeUndefined();
  });

  it("is remembered in a strip of twelve, newest first", () => {
    for (let number = 0; number < 15; number += 1) {
      const gesture = {
        camera: "desk",
        model: "letters",
        gesture: `g${number}`,
        confidence: 1,
        seq: number,
        boot: BOOT,
      };
      const topic = bus.topics.gesture(gesture);
      bus.say(topic, { ...gesture, phase: "start", at: Date.now() });
      bus.say(topic, { ...gesture, phase: "end", at: Date.now(), heldMs: 1 });
    }
    expect(desk().past.value).toHaveLength(12);
    expect(desk().past.value[0]?.gesture).toBe("g14");
  });

  it("may have any name without being more than a name", () => {
    const hostile = '<img src=x onerror="alert(1)">';
    sayState({ gesture: hostile });
    expect(letters()?.steady.value?.gesture).toBe(hostile);
  });
});
