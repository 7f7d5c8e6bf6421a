/** A client of its own that sees what travels, and sends what it likes. */
import { createTopics, type ServiceStats, type Topic, type TopicFilter } from "@beckon/protocol";
import { connectMqttBus, createLogger, type Message, type MqttBus, Stats } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";

export const topics = createTopics();

export class Onlooker {
  readonly bus: MqttBus;
  readonly #stop = new AbortController();

  constructor(url: string, login: { readonly username?: string; readonly password?: string } = {}) {
    this.bus = connectMqttBus({
      url,
      ...login,
      clientId: `onlooker-${Math.random().toString(36).slice(2)}`,
      log: createLogger({ service: "onlooker", level: "silent", format: "json" }),
      stats: new Stats(),
    });
    this.bus.failed.catch(() => {});
  }

  /** Everything that comes there from now on, in its order. */
  async sees<T, N extends string>(filter: TopicFilter<T, N>): Promise<Message<T, N>[]> {
    const seen: Message<T, N>[] = [];
    const subscription = this.bus.subscribe(filter, { signal: this.#stop.signal });
    void (async () => {
      for await (const message of subscription) seen.push(message);
    })().catch(() => {});
    await subscription.granted;
    return seen;
  }

  /** Any bytes to any topic. */
  async sends(path: string, payload: Uint8Array | string, qos: 0 | 1 = 0): Promise<boolean> {
    return this.bus.publish(rawTopic(path, qos), Buffer.from(payload));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.bus.close();
  }
}

/** @returns once connected */
export async function onlooker(url: string, login?: { username: string; password: string }): Promise<Onlooker> {
  const it = new Onlooker(url, login);
  await eventually(() => it.bus.connected);
  return it;
}

/** The books of a model add up, exactly: each frame is a result, a named loss or in hand. */
export function balance(stats: ServiceStats, model: string): { received: number; answeredForLostAndInHand: number } {
  const { counters = {}, drops = {}, gauges = {} } = stats.parts[model] ?? {};
  const lost = Object.values(drops).reduce((sum, count) => sum + count, 0);
  return {
    received: counters["received"] ?? Number.NaN,
    answeredForLostAndInHand: (counters["results"] ?? Number.NaN) + lost + (gauges["inHand"] ?? Number.NaN),
  };
}

function rawTopic(path: string, qos: 0 | 1): Topic<Buffer> {
  return {
    path,
    filters: [path],
    qos,
    retain: false,
    codec: { encode: (bytes) => bytes, decode: (bytes) => Buffer.from(bytes) },
    match: () => ({}),
  };
}
