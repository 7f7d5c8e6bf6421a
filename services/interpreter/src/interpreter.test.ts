import {
  createTopics,
  type Gesture,
  type GestureState,
  type Result,
  type SpelledText,
  type TopicFilter,
} from "@beckon/protocol";
import { type Bus, createLogger, createMemoryBus, MemoryHub, now, Stats } from "@beckon/runtime";
import { noVisits } from "@beckon/runtime/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InterpreterConfig } from "./config.ts";
import { interpreter } from "./interpreter.ts";

const topics = createTopics();
const BOOT = "mg2k1x0z-a9f3";
const FRAME_MS = 50;

/** The service on a memory bus, and a camera that is classified 20 times a second. */
class Stage {
  readonly stopping = new AbortController();
  readonly stats = new Stats();
  readonly bus: Bus;
  readonly running: Promise<void>;
  readonly gestures: Gesture[];
  readonly states: GestureState[];
  readonly texts: SpelledText[];
  ready = false;
  change: (config: InterpreterConfig) => void | Promise<void> = () => {};
  #seq = 0;

  constructor(hub: MemoryHub, config: object = {}) {
    this.bus = createMemoryBus(hub, new Stats());
    this.gestures = this.#collect(topics.gesture.matching());
    this.states = this.#collect(topics.state.matching());
    this.texts = this.#collect(topics.text.matching());
    this.running = interpreter.run({
      config: InterpreterConfig.parse(config),
      id: "main",
      boot: BOOT,
      bus: createMemoryBus(hub, this.stats),
      topics,
      log: createLogger({ service: "interpreter", level: "silent", format: "json" }),
      stats: this.stats,
      signal: this.stopping.signal,
      visit: noVisits,
      onChange: (listener) => {
        this.change = listener;
      },
      ready: () => {
        this.ready = true;
      },
    });
  }

  /** Shows a label for a while. */
  async show(label: string, ms: number, about: Partial<Result> = {}): Promise<void> {
    for (let shown = 0; shown < ms; shown += FRAME_MS) {
      await this.publish({ label, ...about });
      await vi.advanceTimersByTimeAsync(FRAME_MS);
    }
  }

  async publish(about: Partial<Result>, camera = about.camera ?? "desk"): Promise<void> {
    const result: Result = {
      camera: "desk",
      model: "letters",
      version: "1.0.0",
      seq: this.#seq++,
      boot: BOOT,
      at: now() - 5,
      label: "A",
      confidence: 0.95,
      top: [],
      engine: "onnx-cpu",
      ms: { decode: 1.5, total: 3 },
      ...about,
    };
    await this.bus.publish(topics.result({ camera, model: result.model }), result);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await vi.advanceTimersByTimeAsync(0);
  }

  #collect<T>(filter: TopicFilter<T>): T[] {
    const values: T[] = [];
    const messages = this.bus.subscribe(filter, { signal: new AbortController().signal });
    void (async () => {
      for await (const { value } of messages) values.push(value);
    })();
    return values;
  }
}

/** What a reader that comes now is told of a camera. */
async function retainedState(hub: MemoryHub, camera: string): Promise<GestureState | undefined> {
  const filter = topics.state.matching({ camera, model: "letters" });
  const { signal } = new AbortController();
  for await (const { value } of createMemoryBus(hub, new Stats()).subscribe(filter, { signal })) return value;
  return undefined;
}

describe("the interpreter", () => {
  let hub: MemoryHub;
  let stage: Stage;

  beforeEach(() => {
    vi.useFakeTimers();
    hub = new MemoryHub();
  });

  afterEach(async () => {
    await stage.stop();
    vi.useRealTimers();
  });

  it("publishes start and end, with the way from capture to here", async () => {
    stage = new Stage(hub);
    await stage.show("A", 1000);
    await stage.show("nothing", 1000);
    expect(stage.ready).toBe(true);
    expect(stage.gestures).toMatchObject([
      {
        gesture: "A",
        phase: "start",
        camera: "desk",
        model: "letters",
        seq: 12,
        boot: BOOT,
        ms: { decode: 1.5, total: 3, interpret: expect.any(Number) },
      },
      { gesture: "A", phase: "end", heldMs: 700 },
    ]);
  });

  it("keeps the state up to date for whoever comes later, and repeats it every half second", async () => {
    stage = new Stage(hub);
    await stage.show("A", 3000);
    expect(stage.states.map(({ gesture, seq }) => [gesture, seq])).toEqual([
      [null, 0],
      [null, 9],
      ["A", 12],
      ["A", 21],
      ["A", 31],
      ["A", 41],
      ["A", 51],
    ]);
    expect(await retainedState(hub, "desk")).toEqual(stage.states.at(-1));
  });

  it("says null when the results stop, and then nothing more", async () => {
    stage = new Stage(hub);
    await stage.show("A", 1000);
    await vi.advanceTimersByTimeAsync(1100);
    expect(stage.states.at(-1)).toEqual({
      gesture: null,
      since: expect.any(Number),
      confidence: 0,
      at: expect.any(Number),
    });
    expect(stage.gestures.at(-1)).toMatchObject({ phase: "end", seq: 19 });
    const told = stage.states.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.states).toHaveLength(told);
  });

  it("says null when it stops, after the gesture's end", async () => {
    stage = new Stage(hub);
    await stage.show("A", 1000);
    await stage.stop();
    expect(stage.gestures.at(-1)).toMatchObject({ gesture: "A", phase: "end" });
    expect(stage.states.at(-1)).toMatchObject({ gesture: null });
  });

  it("withdraws on start what an earlier life left behind, and leaves what other cameras have", async () => {
    const before = createMemoryBus(hub, new Stats());
    const left: GestureState = { gesture: "A", since: 1, confidence: 0.9, at: 1 };
    await before.publish(topics.state({ camera: "desk", model: "letters" }), left);
    await before.publish(topics.state({ camera: "hall", model: "letters" }), left);
    stage = new Stage(hub, { cameras: ["desk"] });
    await vi.advanceTimersByTimeAsync(0);
    expect(await retainedState(hub, "desk")).toMatchObject({ gesture: null });
    expect(await retainedState(hub, "hall")).toEqual(left);
  });

  it("keeps the cameras and the models apart", async () => {
    stage = new Stage(hub);
    for (let shown = 0; shown < 1000; shown += FRAME_MS) {
      await stage.publish({ label: "A" });
      await stage.publish({ label: "B", camera: "hall" });
      await stage.publish({ label: "hand", model: "hand" });
      await vi.advanceTimersByTimeAsync(FRAME_MS);
    }
    expect(stage.gestures.map(({ camera, model, gesture }) => `${camera} ${model} ${gesture}`).sort()).toEqual([
      "desk hand hand",
      "desk letters A",
      "hall letters B",
    ]);
    expect(stage.texts).toMatchObject([{ text: "A" }, { text: "B" }]);
  });

  it("reads a word with a double letter, a space, and an end", async () => {
    stage = new Stage(hub);
    for (const letter of "HELLO") {
      await stage.show(letter, 1000);
      await stage.show("nothing", 800);
    }
    expect(stage.texts.map(({ text }) => text)).toEqual(["H", "HE", "HEL", "HELL", "HELLO"]);
    await stage.show("nothing", 2000);
    expect(stage.texts.at(-1)).toMatchObject({ text: "HELLO ", last: " ", boot: BOOT });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stage.texts.at(-1)).toEqual({ text: "", last: "", at: expect.any(Number) });
  });

  it("reads no text from models that are not configured to spell", async () => {
    stage = new Stage(hub);
    await stage.show("5", 1000, { model: "fingers" });
    expect(stage.gestures).toHaveLength(1);
    expect(stage.texts).toEqual([]);
  });

  it("sees no space while another model that spells reads a hand", async () => {
    stage = new Stage(hub, { text: { models: ["letters", "fingers"] } });
    await stage.show("A", 1000);
    for (let shown = 0; shown < 3000; shown += FRAME_MS) {
      await stage.publish({ label: "nothing" });
      await stage.publish({ label: "5", model: "fingers", confidence: 0.6 });
      await vi.advanceTimersByTimeAsync(FRAME_MS);
    }
    expect(stage.texts.map(({ text }) => text)).toEqual(["A"]);
  });

  it("accounts for every result: interpreted, or dropped by reason", async () => {
    stage = new Stage(hub);
    await vi.advanceTimersByTimeAsync(100);
    await stage.publish({ seq: 10 });
    await stage.publish({ seq: 10 });
    await stage.publish({ seq: 9 });
    await stage.publish({ seq: 13 });
    await stage.publish({ seq: 14, boot: "mg2k1x00-a9f3" });
    await stage.publish({ seq: 15, at: now() + 60_000 });
    await stage.publish({ seq: 16, at: now() - 60_000 });
    await stage.bus.publish(topics.result({ camera: "hall", model: "letters" }), { camera: "desk" } as Result);
    await vi.advanceTimersByTimeAsync(0);
    const { counters, drops, parts } = stage.stats.takeAll();
    expect(counters["received"]).toBe(7);
    expect(drops).toEqual({ "bad-shape": 1 });
    expect(parts["letters"]?.counters).toMatchObject({ interpreted: 2, gap: 2 });
    expect(parts["letters"]?.drops).toEqual({ duplicate: 1, "out-of-order": 1, "older-boot": 1, clock: 1, stale: 1 });
  });

  it("refuses a result that speaks for another camera than its topic", async () => {
    stage = new Stage(hub);
    await stage.publish({});
    await stage.publish({ camera: "hall" }, "desk");
    await vi.advanceTimersByTimeAsync(0);
    expect(stage.stats.takeAll().drops).toEqual({ "bad-topic": 1 });
  });

  it("goes by changed thresholds at once", async () => {
    stage = new Stage(hub);
    await vi.advanceTimersByTimeAsync(0);
    await stage.change(InterpreterConfig.parse({ hold: 2000 }));
    await stage.show("A", 1500);
    expect(stage.gestures).toEqual([]);
  });

  it("follows only so many cameras at once, and finds room again when they are gone", async () => {
    stage = new Stage(hub);
    for (let camera = 0; camera < 300; camera++) await stage.publish({ camera: `camera-${camera}` });
    await vi.advanceTimersByTimeAsync(0);
    expect(stage.stats.takeAll()).toMatchObject({ drops: { "too-many": 44 }, gauges: { channels: 256 } });
    await vi.advanceTimersByTimeAsync(62_000);
    expect(stage.stats.takeAll().gauges["channels"]).toBe(0);
  });
});
