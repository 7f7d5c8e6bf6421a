import { createTopics } from "@beckon/protocol";
import { createMemoryBus, MemoryHub, Stats } from "@beckon/runtime";
import { describe, expect, it } from "vitest";
import { gestureSentence, narrate, relaySentence, textSentence } from "./narrator.ts";

const boot = "mg2k1x0z-a9f3";
const start = {
  camera: "desk",
  model: "letters",
  gesture: "L",
  phase: "start" as const,
  confidence: 0.964,
  seq: 7,
  boot,
  at: 1000,
};

describe("plain words", () => {
  it("name a gesture, how sure it is and how long it took", () => {
    expect(gestureSentence({ ...start, ms: { total: 4.31 } })).toBe(
      "desk shows L (96 % sure, read 4.3 ms after its frame arrived)",
    );
    expect(gestureSentence(start)).toBe("desk shows L (96 % sure)");
  });

  it("pass over the end of a gesture and an empty text", () => {
    expect(gestureSentence({ ...start, phase: "end", heldMs: 900 })).toBeUndefined();
    expect(textSentence("desk", { text: "", last: "", at: 1 })).toBeUndefined();
  });

  it("say what a relay does and why, or why not", () => {
    const cause = { by: "gesture" as const, camera: "desk", gesture: "L" };
    expect(relaySentence("lamp", { from: "OFF", to: "ON", at: 1, cause, ms: { total: 12.34 } })).toBe(
      "lamp is now ON because desk shows L, 12.3 ms after the camera's frame",
    );
    expect(relaySentence("lamp", { refused: "stale", at: 1, cause, suppressed: 4 })).toBe(
      "lamp was to switch because desk shows L, and does not: stale (and 4 more like it)",
    );
  });

  it("come in the order in which things happen on the bus, until the signal", async () => {
    const topics = createTopics();
    const bus = createMemoryBus(new MemoryHub(), new Stats());
    const lines: string[] = [];
    const stop = new AbortController();
    const narrating = narrate({ bus, topics, say: (line) => lines.push(line), signal: stop.signal });
    await bus.publish(topics.gesture({ camera: "desk", model: "letters" }), start);
    await bus.publish(topics.text({ camera: "desk" }), { text: "L", last: "L", at: 1001 });
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await narrating;
    expect(lines).toEqual(["desk shows L (96 % sure)", 'desk has spelled "L"']);
  });
});
