import { beforeEach, expect, test } from "vitest";
import { type EventStamp, LiveSource } from "./live-source.ts";

const BOOT = "mg2k1x0z-a9f3";
const OLDER = "mg2k1x0y-zzzz";
const NEWER = "mg2k1x10-0000";
/** The camera's clock is a day behind ours. */
const BEHIND = 86_400_000;
const START = 1_800_000_000_000;

let source: LiveSource;
beforeEach(() => {
  source = new LiveSource({ maxAge: 1000, timeout: 2000 });
});

/** A heartbeat of a frame that took 30 ms to here. */
function beat(arrivedAt: number, { boot = BOOT, seq = (arrivedAt - START) / 10, late = 0 } = {}): number | undefined {
  const frameAt = arrivedAt - 30 - late - BEHIND;
  return source.beat({ gesture: null, since: 0, confidence: 0, at: arrivedAt, boot, seq, frameAt }, arrivedAt);
}

/** A gesture of a frame that took 30 ms to here. */
const gesture = (arrivedAt: number, more: Partial<EventStamp> = {}): EventStamp => ({
  boot: BOOT,
  seq: (arrivedAt - START) / 10,
  at: arrivedAt - 30 - BEHIND,
  phase: "start",
  ...more,
});

function live(): void {
  beat(START);
  beat(START + 500);
}

const judge = (arrivedAt: number, more?: Partial<EventStamp>) =>
  source.judge("gesture", gesture(arrivedAt, more), arrivedAt);

test("believes a gesture of a live source, whatever its clock says", () => {
  live();
  expect(judge(START + 600)).toEqual({ capturedAt: expect.closeTo(START + 600, 0) });
});

test("believes nothing without heartbeats", () => {
  expect(judge(START)).toBe("no-source");
});

test("believes nothing after one heartbeat, or after several at once", () => {
  beat(START);
  beat(START + 10);
  beat(START + 20);
  expect(judge(START + 300)).toBe("no-source");
});

test("believes nothing of a source that has been silent for 2 s, until it lives again", () => {
  live();
  expect(judge(START + 2500)).toBe("no-source");
  beat(START + 3000);
  expect(judge(START + 3010)).toBe("no-source");
  beat(START + 3500);
  expect(judge(START + 3510)).toMatchObject({ capturedAt: expect.any(Number) });
});

test("a heartbeat without a frame, of an old frame, or of the last frame again is no sign of life", () => {
  live();
  expect(source.beat({ gesture: null, since: 0, confidence: 0, at: 0 }, START + 600)).toBeUndefined();
  expect(beat(START + 700, { late: 1100 })).toBeUndefined();
  expect(beat(START + 1700, { seq: 70 })).toBeUndefined();
  expect(judge(START + 2600)).toBe("no-source");
});

test("an old heartbeat keeps its age", () => {
  live();
  expect(beat(START + 1000, { late: 300 })).toBeCloseTo(START + 700, 0);
});

test.each<[string, Partial<EventStamp>, string]>([
  ["from before", { at: START - BEHIND - 500 }, "stale"],
  ["from the future", { at: START - BEHIND + 1000 }, "clock"],
  ["of an older boot", { boot: OLDER }, "older-boot"],
  ["of a boot nobody has heard of", { boot: NEWER }, "no-source"],
])("refuses a gesture %s", (_, more, reason) => {
  live();
  expect(judge(START + 600, more)).toBe(reason);
});

test("refuses a gesture that comes twice, or after a later one", () => {
  live();
  expect(judge(START + 600)).toBeTypeOf("object");
  expect(source.judge("gesture", gesture(START + 600), START + 610)).toBe("duplicate");
  expect(source.judge("gesture", gesture(START + 600, { phase: "end" }), START + 610)).toBeTypeOf("object");
  expect(source.judge("gesture", gesture(START + 550), START + 620)).toBe("out-of-order");
  expect(source.judge("text", gesture(START + 550), START + 620)).toBeTypeOf("object");
});

test("is not taught by gestures: a refused one leaves all as it was", () => {
  live();
  for (let i = 0; i < 20; i += 1) expect(judge(START + 600 + i, { at: START + 3000, seq: 1000 + i })).toBe("clock");
  expect(judge(START + 700)).toBeTypeOf("object");
});
