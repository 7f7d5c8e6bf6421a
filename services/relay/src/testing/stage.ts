import { Writable } from "node:stream";
import {
  createBoot,
  createTopics,
  type Gesture,
  type GestureState,
  type RelayCommand,
  type RelayEvent,
  type RelayState,
  type Topic,
} from "@beckon/protocol";
import { type Bus, createLogger, createMemoryBus, MemoryHub, now, Stats } from "@beckon/runtime";
import { noVisits } from "@beckon/runtime/testing";
import { vi } from "vitest";
import { RelayConfig } from "../config.ts";
import { relay } from "../relay-service.ts";

const topics = createTopics();
const HEARTBEAT_MS = 500;
/** The way of a frame from the camera to here. */
const WAY_MS = 30;
const FRAME_MS = 33;

export interface StageOptions {
  readonly openBroker?: string;
  readonly hub?: MemoryHub;
}

/**
 * The relay service on a memory bus in fake time, and a camera `desk` with a model `letters` before it. The camera's
 * clock is an hour behind.
 */
export class Stage {
  readonly hub: MemoryHub;
  readonly events: RelayEvent[] = [];
  readonly states: RelayState[] = [];
  readonly log: string[] = [];
  readonly stats = new Stats();
  readonly boot = createBoot(1_763_632_801_234);
  /** As the service's bus says. */
  connected = true;
  readonly #bus: Bus;
  readonly #ending = new AbortController();
  readonly #watching = new AbortController();
  readonly #running: Promise<void>;
  readonly #connects: (() => void)[] = [];
  #lastBeat = Number.NEGATIVE_INFINITY;

  /** Resolves when the service runs, has been connected for a while, and its camera is live. */
  static async open(config: object, options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(config, options);
    await stage.live(1500);
    return stage;
  }

  constructor(config: object, { hub = new MemoryHub(), openBroker }: StageOptions) {
    this.hub = hub;
    this.#bus = createMemoryBus(hub, new Stats());
    this.#watch();
    const destination = new Writable({
      write: (line, _encoding, done) => {
        this.log.push(JSON.parse(line).msg);
        done();
      },
    });
    this.#running = relay.run({
      config: RelayConfig.parse(config),
      id: "test",
      boot: createBoot(0),
      bus: this.#serviceBus(createMemoryBus(hub, this.stats)),
      topics,
      log: createLogger({ service: "relay", level: "info", format: "json", destination }),
      stats: this.stats,
      signal: this.#ending.signal,
      visit: noVisits,
      onChange: () => {},
      ready: () => {},
      ...(openBroker !== undefined && { openBroker }),
    });
    // Whoever closes the stage hears of it.
    this.#running.catch(() => {});
  }

  /** Capture time, by the camera's clock, of the frame that is here now. */
  get frameAt(): number {
    return now() - WAY_MS - 3_600_000;
  }

  get seq(): number {
    return Math.floor(performance.now() / FRAME_MS);
  }

  /** Switches so far. */
  get switches(): string[] {
    return this.events.flatMap((event) => ("to" in event ? [`${event.to} by ${event.cause.by}`] : []));
  }

  get refusals(): string[] {
    return this.events.flatMap((event) => ("refused" in event ? [event.refused] : []));
  }

  /** Time passes, with heartbeats. */
  async live(ms: number, sees: string | null = null): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      if (performance.now() - this.#lastBeat >= HEARTBEAT_MS) await this.beat(sees);
      await vi.advanceTimersByTimeAsync(Math.min(100, left));
    }
  }

  /** Time passes, and nothing is heard. */
  async silence(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  async beat(gesture: string | null = null, more: Partial<GestureState> = {}): Promise<void> {
    this.#lastBeat = performance.now();
    const { boot, seq, frameAt } = this;
    const value = { gesture, since: frameAt, confidence: 0.9, at: now(), boot, seq, frameAt, ...more };
    await this.#bus.publish(topics.state({ camera: "desk", model: "letters" }), value);
    await this.settle();
  }

  /** A gesture of the frame that is here now. */
  stamp(gesture: string, more: Partial<Gesture> = {}): Gesture {
    const { boot, seq, frameAt: at } = this;
    return { camera: "desk", model: "letters", gesture, phase: "start", confidence: 0.9, seq, boot, at, ...more };
  }

  async send(gesture: Gesture): Promise<void> {
    await this.#bus.publish(this.#gestureTopic, gesture);
    await this.settle();
  }

  async sendFrom(camera: string, gesture: Gesture): Promise<void> {
    await this.#bus.publish(topics.gesture({ camera, model: "letters" }), { ...gesture, camera });
    await this.settle();
  }

  /** As a broker gives to a subscriber what was retained. */
  async sendRetained(gesture: Gesture): Promise<void> {
    await this.#deliverRetained(this.#gestureTopic, gesture);
  }

  async word(text: string): Promise<void> {
    const { boot, seq, frameAt: at } = this;
    await this.#bus.publish(topics.text({ camera: "desk" }), { text, last: text.at(-1) ?? "", at, boot, seq });
    await this.settle();
  }

  async command(command: RelayCommand, { retained = false } = {}): Promise<void> {
    const topic = topics.relaySet({ relay: "lamp" });
    if (retained) await this.#deliverRetained(topic, command);
    else await this.#bus.publish(topic, command);
    await this.settle();
  }

  /** The service's connection comes back. */
  reconnect(): void {
    this.connected = true;
    for (const listener of this.#connects) listener();
  }

  async settle(): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.settle();
    await this.#running;
    await this.settle();
    this.#watching.abort();
  }

  get #gestureTopic(): Topic<Gesture> {
    return topics.gesture({ camera: "desk", model: "letters" });
  }

  async #deliverRetained<T>(topic: Topic<T>, value: T): Promise<void> {
    const { path, qos } = topic;
    for (const listener of this.hub.listeners)
      listener.deliver({ path, payload: topic.codec.encode(value), qos, retained: true });
    await this.settle();
  }

  /** Connected as the test says. */
  #serviceBus(bus: Bus): Bus {
    const connected = (): boolean => this.connected;
    return {
      publish: async (topic, value) => connected() && (await bus.publish(topic, value)),
      subscribe: (filter, options) => bus.subscribe(filter, options),
      backlog: 0,
      get connected() {
        return connected();
      },
      onConnect: (listener) => {
        this.#connects.push(listener);
        listener();
        return () => {};
      },
      onDisconnect: () => () => {},
      close: () => bus.close(),
    };
  }

  #watch(): void {
    const { signal } = this.#watching;
    void (async () => {
      for await (const { value } of this.#bus.subscribe(topics.relayEvent.matching(), { signal }))
        this.events.push(value);
    })();
    void (async () => {
      for await (const { value } of this.#bus.subscribe(topics.relayState.matching(), { signal }))
        this.states.push(value);
    })();
  }
}
