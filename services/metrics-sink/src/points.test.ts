import { describe, expect, it } from "vitest";
import { pointOf, timeOf } from "./point.ts";
import {
  pointsOfGesture,
  pointsOfRelayEvent,
  pointsOfResult,
  pointsOfStats,
  pointsOfStatus,
  pointsOfText,
} from "./points.ts";

const AT = 1_763_632_801_234;
const BOOT = "mg2k1x0z-a9f3";
const desk = { camera: "desk", model: "letters" };
const instance = { kind: "classifier", id: "attic" };

const result = {
  ...desk,
  version: "1.0.0",
  seq: 17,
  boot: BOOT,
  at: AT + 0.5,
  label: "A",
  confidence: 0.97,
  top: [],
  engine: "onnx-cpu",
  ms: { decode: 1.5, total: 3 },
};
const figures = {
  counters: { received: 5 },
  drops: { stale: 2, duplicate: 1 },
  gauges: { waiting: 3 },
  latency: { total: { count: 4, p50: 1, p95: 2, p99: 3, max: 4 } },
};

describe("points", () => {
  it("are made of results, with the time of every stage", () => {
    expect(pointsOfResult({ value: result, names: desk, arrivedAt: AT })).toEqual([
      {
        measurement: "result",
        tags: { camera: "desk", model: "letters", label: "A" },
        fields: { confidence: 0.97, unknown: 0, seq: 17, ms_decode: 1.5, ms_total: 3 },
        time: AT * 1000 + 17,
      },
    ]);
  });

  it("are made of gestures, whose starts can be summed", () => {
    const value = {
      ...desk,
      gesture: "A",
      phase: "end" as const,
      confidence: 0.2,
      seq: 9,
      boot: BOOT,
      at: AT,
      heldMs: 750,
    };
    expect(pointsOfGesture({ value, names: desk, arrivedAt: AT })).toMatchObject([
      {
        measurement: "gesture",
        tags: { ...desk, label: "A" },
        fields: { phase: "end", starts: 0, held_ms: 750 },
        time: AT * 1000 + 9,
      },
    ]);
  });

  it("have what a user wrote as a field, never as a tag", () => {
    const text = pointsOfText({
      value: { text: "MY SECRET", last: "T", at: AT },
      names: { camera: "desk" },
      arrivedAt: AT,
    });
    const cause = { by: "text" as const, camera: "desk", word: "SESAME", detail: "by rule 3" };
    const value = { from: "OFF" as const, to: "ON" as const, at: AT, cause };
    const relay = pointsOfRelayEvent({ value, names: { relay: "lamp" }, arrivedAt: AT });
    expect(text).toMatchObject([{ tags: { camera: "desk" }, fields: { text: "MY SECRET", length: 9 } }]);
    expect(relay).toMatchObject([
      {
        measurement: "relay_switch",
        tags: { relay: "lamp", camera: "desk", reason: "text" },
        fields: { word: "SESAME", on: 1 },
      },
    ]);
    expect(JSON.stringify([...text, ...relay].map(({ tags }) => tags))).not.toMatch(/SECRET|SESAME|rule/);
  });

  it("are made of refusals, with those that were only counted", () => {
    const value = { refused: "stale", at: AT, cause: { by: "gesture" as const, gesture: "A" }, suppressed: 4 };
    expect(pointsOfRelayEvent({ value, names: { relay: "lamp" }, arrivedAt: AT })).toMatchObject([
      {
        measurement: "relay_refusal",
        tags: { relay: "lamp", label: "A", reason: "stale" },
        fields: { refusals: 5, by: "gesture" },
      },
    ]);
  });

  it("are made of a last will, which has no time of its own", () => {
    expect(pointsOfStatus({ value: { state: "offline", boot: BOOT }, names: instance, arrivedAt: AT })).toEqual([
      {
        measurement: "status",
        tags: { service: "classifier", instance: "attic" },
        fields: { online: 0 },
        time: AT * 1000,
      },
    ]);
  });

  it("are made of all figures of a service and its parts, drops by reason", () => {
    const value = {
      ...figures,
      at: AT,
      boot: BOOT,
      uptime: 5,
      host: "attic",
      version: "0.1.0",
      process: { cpu: 4, memory: 80, eventLoopDelay: 1 },
      parts: { letters: figures },
    };
    const points = pointsOfStats({ value, names: instance, arrivedAt: AT });
    expect(points).toHaveLength(11);
    expect(points).toContainEqual({
      measurement: "drops",
      tags: { service: "classifier", instance: "attic", part: "letters", reason: "stale" },
      fields: { count: 2 },
      time: AT * 1000,
    });
    expect(points).toContainEqual(
      expect.objectContaining({ measurement: "latency", fields: expect.objectContaining({ total_p99: 3 }) }),
    );
  });

  it("leave out what InfluxDB refuses: empty tags, numbers that are none, points without fields", () => {
    const raw = { measurement: "gauges" as const, time: 1 };
    expect(
      pointOf({
        ...raw,
        tags: { camera: "", label: " ", part: undefined, reason: "a\\" },
        fields: { a: Number.NaN, b: 1, time: 2 },
      }),
    ).toEqual([{ measurement: "gauges", tags: { reason: "a/" }, fields: { b: 1, time_: 2 }, time: 1 }]);
    expect(pointOf({ ...raw, tags: {}, fields: { a: Number.POSITIVE_INFINITY, b: undefined } })).toEqual([]);
  });
});

describe("points of relay events", () => {
  const event = (to: "ON" | "OFF") => ({
    ...{ from: to === "ON" ? ("OFF" as const) : ("ON" as const), to, at: AT },
    cause: { by: "command" as const },
  });
  const timeOfEvent = (to: "ON" | "OFF") =>
    pointsOfRelayEvent({ value: event(to), names: { relay: "lamp" }, arrivedAt: AT })[0]?.time;

  it("of one ms are two, and the same event is the same point", () => {
    expect(timeOfEvent("ON")).not.toBe(timeOfEvent("OFF"));
    expect(timeOfEvent("ON")).toBe(timeOfEvent("ON"));
  });
});

describe("the time of a point", () => {
  it.each([
    ["keeps the microseconds of its sender where there is no number", AT + 0.25, undefined, AT * 1000 + 250],
    ["puts its number below the ms", AT + 0.25, 17, AT * 1000 + 17],
    ["tells points of one ms apart by their number", AT, 1017, AT * 1000 + 17],
    ["is that of the arrival where the sender says none", undefined, 0, (AT + 10) * 1000],
    ["is that of the arrival where the sender's clock is hours off", 5, 0, (AT + 10) * 1000],
    ["is that of the arrival where it is no time at all", 1e300, 0, (AT + 10) * 1000],
  ])("%s", (_, at, seq, expected) => {
    expect(timeOf(at, AT + 10, seq)).toBe(expected);
  });
});
