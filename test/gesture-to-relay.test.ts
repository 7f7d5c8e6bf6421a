import { interpreter } from "@beckon/interpreter";
import { createBoot, createTopics, type RelayState } from "@beckon/protocol";
import { relay } from "@beckon/relay";
import {
  createLogger,
  createMemoryBus,
  MemoryHub,
  now,
  type Service,
  type ServiceContext,
  Stats,
} from "@beckon/runtime";
import { noVisits } from "@beckon/runtime/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const topics = createTopics();
const FRAME_MS = 50;
const WAY_MS = 30;
/** The camera's clock is a minute ahead. */
const AHEAD = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start<C>(service: Service<C>, config: unknown, hub: MemoryHub, signal: AbortSignal): Promise<void> {
  const context: ServiceContext<C> = {
    config: service.config.parse(config),
    id: "test",
    boot: createBoot(0),
    bus: createMemoryBus(hub, new Stats()),
    topics,
    log: createLogger({ service: service.kind, level: "silent", format: "json" }),
    stats: new Stats(),
    signal,
    visit: noVisits,
    onChange: () => {},
    ready: () => {},
  };
  return service.run(context);
}

/** The real interpreter and the real relay, and results as a classifier sends them. */
class Home {
  readonly switches: { readonly state: string; readonly at: number }[] = [];
  readonly #hub = new MemoryHub();
  readonly #bus = createMemoryBus(this.#hub, new Stats());
  readonly #boot = createBoot(1_763_632_801_234);
  readonly #ending = new AbortController();
  readonly #running: Promise<void>[] = [];
  #seq = 0;

  constructor(rule: object) {
    const { signal } = this.#ending;
    this.#running.push(start(interpreter, {}, this.#hub, signal));
    const lamp = { driver: { kind: "simulated" } };
    this.#running.push(start(relay, { relays: { lamp }, rules: [{ relay: "lamp", ...rule }] }, this.#hub, signal));
    void this.#watch(this.#bus.subscribe(topics.relayState.matching(), { signal }));
  }

  get states(): string[] {
    return this.switches.map(({ state }) => state);
  }

  /** Frames with this label, for so long. */
  async see(label: string, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= FRAME_MS) {
      await this.#bus.publish(topics.result({ camera: "desk", model: "letters" }), {
        ...{ camera: "desk", model: "letters", version: "1", engine: "onnx-cpu", ms: { total: WAY_MS } },
        ...{ seq: this.#seq++, boot: this.#boot, at: now() - WAY_MS + AHEAD },
        ...{ label, confidence: 0.97, top: [{ label, confidence: 0.97 }] },
      });
      await vi.advanceTimersByTimeAsync(FRAME_MS);
    }
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await vi.advanceTimersByTimeAsync(1000);
    await Promise.all(this.#running);
  }

  async #watch(states: AsyncIterable<{ value: RelayState }>): Promise<void> {
    for await (const { value } of states) {
      if (value.state !== this.switches.at(-1)?.state)
        this.switches.push({ state: value.state, at: performance.now() });
    }
  }
}

test("a steady gesture switches a relay, and it is off within 2 s of the camera's last frame", async () => {
  const home = new Home({ when: { gesture: "A" }, do: "on" });
  await home.see("unknown", 2000);
  await home.see("A", 1500);
  expect(home.states).toEqual(["OFF", "ON"]);
  await home.see("unknown", 5000);
  expect(home.states).toEqual(["OFF", "ON"]);
  const lastFrame = performance.now() - FRAME_MS - WAY_MS;
  await vi.advanceTimersByTimeAsync(5000);
  expect(home.states).toEqual(["OFF", "ON", "OFF"]);
  expect((home.switches.at(-1)?.at ?? 0) - lastFrame).toBeLessThanOrEqual(2000);
  await home.close();
});

test("a relay is on while a gesture is held", async () => {
  const home = new Home({ when: { gesture: "A" }, do: "hold" });
  await home.see("unknown", 2000);
  await home.see("A", 5000);
  expect(home.states).toEqual(["OFF", "ON"]);
  await home.see("unknown", 1500);
  expect(home.states).toEqual(["OFF", "ON", "OFF"]);
  await home.close();
});

test("a spelled word switches a relay once a rest has ended it", async () => {
  const home = new Home({ when: { word: "AB" }, do: "on" });
  await home.see("unknown", 2000);
  await home.see("A", 1500);
  await home.see("unknown", 600);
  await home.see("B", 1500);
  expect(home.states).toEqual(["OFF"]);
  await home.see("unknown", 3000);
  expect(home.states).toEqual(["OFF", "ON"]);
  await home.close();
});
