import type { Result, ServiceStats } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { WatchState } from "./watch-state.ts";
import { watchTable } from "./watch-table.ts";

function result(camera: string, label: string, seq = 0): Result {
  return {
    camera,
    model: "letters",
    version: "1.0.0",
    seq,
    boot: "mg2k1x0z-a9f3",
    at: 1000,
    label,
    confidence: 0.974,
    top: [{ label, confidence: 0.974 }],
    engine: "onnx-cpu",
    ms: { total: 4.25 },
  };
}

const noFigures = { counters: {}, drops: {}, gauges: {}, latency: {} };

function stats(drops: Record<string, number>): ServiceStats {
  return {
    ...noFigures,
    at: 1000,
    boot: "mg2k1x0z-a9f3",
    uptime: 5,
    host: "box",
    version: "0.1.0",
    process: { cpu: 3, memory: 90, eventLoopDelay: 1 },
    parts: { letters: { ...noFigures, drops } },
  };
}

describe("the state of watch", () => {
  it("counts the results of the last three seconds as frames a second", () => {
    const state = new WatchState();
    for (let frame = 0; frame < 90; frame++) state.result(result("desk", "A", frame), frame * 100);
    const [row] = state.view(8999).rows;
    expect(row).toMatchObject({ camera: "desk", label: "A", age: 99 });
    expect(row?.fps).toBeCloseTo(10, 0);
  });

  it("shows the steady gesture and the text of the camera beside what the model sees now", () => {
    const state = new WatchState();
    state.result(result("desk", "B"), 0);
    state.gestureState("desk", "letters", { gesture: "A", since: 0, confidence: 0.9, at: 0 });
    state.text("desk", { text: "HA", last: "A", at: 0 });
    expect(state.view(0).rows[0]).toMatchObject({ gesture: "A", label: "B", text: "HA" });
  });

  it("forgets a camera that has been silent for a minute", () => {
    const state = new WatchState();
    state.result(result("desk", "A"), 0);
    expect(state.view(60_000).rows).toHaveLength(1);
    expect(state.view(60_001).rows).toHaveLength(0);
  });

  it("keeps no more cameras than a table can hold, whoever makes them up", () => {
    const state = new WatchState();
    for (let camera = 0; camera < 1000; camera++) state.result(result(`c${camera}`, "A"), 0);
    expect(state.view(0).rows).toHaveLength(100);
  });

  it("tells which service is there, which has gone, and what was lost where", () => {
    const state = new WatchState();
    const boot = "mg2k1x0z-a9f3";
    state.status("classifier", "box", { state: "online", boot });
    state.status("relay", "pi", { state: "offline", boot });
    state.stats("classifier", "box", stats({ superseded: 3, stale: 0 }));
    expect(state.view(0)).toMatchObject({
      online: ["classifier box"],
      offline: ["relay pi"],
      drops: ["classifier box letters: superseded 3"],
    });
  });
});

describe("the table of watch", () => {
  it("aligns its columns and cuts its lines at the edge of the terminal", () => {
    const state = new WatchState();
    state.result(result("desk", "A"), 0);
    state.result(result("front-door", "unknown"), 0);
    const lines = watchTable(state.view(12), 48);
    expect(lines.slice(0, 3)).toEqual([
      "camera      model    gesture  sure  sees     fps",
      "desk        letters  -        97 %  A        0.3",
      "front-door  letters  -        97 %  unknown  0.3",
    ]);
  });

  it("calls a camera silent that has sent nothing for a while", () => {
    const state = new WatchState();
    state.result(result("desk", "A"), 0);
    expect(watchTable(state.view(7000), 200)[1]).toContain("silent for 7 s");
  });

  it("lets no label or text drive the terminal", () => {
    const state = new WatchState();
    state.result(result("desk", "A"), 0);
    state.text("desk", { text: "\u001b[2Jgone", last: "e", at: 0 });
    expect(watchTable(state.view(0), 200).join("")).not.toContain("\u001b");
  });

  it("says what to look for when nothing comes", () => {
    expect(watchTable(new WatchState().view(0), 200)).toContain(
      "no results yet: is a classifier running, and a camera?",
    );
  });
});
