import { type Codec, createTopics, type SpelledText, type Topic } from "@beckon/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Bus, Message, Subscription } from "./bus.ts";
import { createMemoryBus, MemoryHub } from "./memory-bus.ts";
import { connectMqttBus } from "./mqtt-bus.ts";
import { Stats } from "./stats.ts";
import { eventually, startAedes, startMosquitto, withDebian } from "./testing/index.ts";

/** Where buses of one kind meet. */
interface World {
  open(stats: Stats, clientId: string, warn: (message: string) => void): Bus;
  stop(): Promise<void>;
}

async function memory(): Promise<World> {
  let hub = new MemoryHub();
  return {
    open: (stats, clientId, warn) => {
      if (clientId === "writer") hub = new MemoryHub();
      return createMemoryBus(hub, stats, { warn: (_: unknown, message?: string) => warn(message ?? "") });
    },
    stop: async () => {},
  };
}

async function mqtt(broker: { url: string; stop(): Promise<void> }): Promise<World> {
  return {
    open: (stats, clientId, warn) =>
      connectMqttBus({
        url: broker.url,
        clientId,
        stats,
        log: { info: () => {}, warn: (_: unknown, message?: string) => warn(message ?? "") },
      }),
    stop: () => broker.stop(),
  };
}

const worlds: readonly [string, typeof describe, () => Promise<World>][] = [
  ["in memory", describe, memory],
  ["over aedes (MQTT 3.1.1)", describe, async () => mqtt(await startAedes())],
  ["over mosquitto (MQTT 5)", withDebian("mosquitto"), async () => mqtt(await startMosquitto())],
];

/** A prefix for each test, for a broker remembers what others left. */
let test = 0;

for (const [name, describeHere, start] of worlds)
  describeHere(`a bus ${name}`, () => {
    let world: World;
    let writer: Bus;
    let reader: Bus;
    let stats: Stats;
    let warnings: string[];
    let topics = createTopics();
    let stop: AbortController;

    beforeAll(async () => {
      world = await start();
    });
    afterAll(() => world.stop());

    beforeEach(async () => {
      test += 1;
      topics = createTopics(`test-${test}`);
      stats = new Stats();
      warnings = [];
      stop = new AbortController();
      writer = world.open(new Stats(), "writer", () => {});
      reader = world.open(stats, "reader", (message) => warnings.push(message));
      await eventually(() => writer.connected && reader.connected);
    });
    afterEach(async () => {
      await writer.close();
      await reader.close();
    });

    const text = (camera: string, qos: 0 | 1 = 1): Topic<SpelledText> => ({ ...topics.text({ camera }), qos });
    const spelled = (word: string): SpelledText => ({ text: word, last: word.slice(-1), at: 1 });
    const { signal } = new AbortController();

    it.each([0, 1] as const)("delivers in the order of publication with QoS %i", async (qos) => {
      const topic = text("desk", qos);
      const messages = await subscribed(reader.subscribe(topic, { signal }));
      const words = Array.from({ length: 200 }, (_, index) => `w${index}`);
      for (const word of words) void writer.publish(topic, spelled(word));
      const got = await take(messages, words.length);
      expect(got.map(({ value }) => value.text)).toEqual(words);
      expect(got.every((message) => message.qos === qos)).toBe(true);
    });

    it("says where a message came from, its names, its size and when", async () => {
      const messages = await subscribed(reader.subscribe(topics.text.matching(), { signal }));
      const before = performance.timeOrigin + performance.now();
      await writer.publish(text("desk"), spelled("HI"));
      const [message] = await take(messages, 1);
      expect(message).toMatchObject({
        path: `test-${test}/desk/text`,
        names: { camera: "desk" },
        value: { text: "HI", at: 1 },
        retained: false,
        size: text("desk").codec.encode(spelled("HI")).length,
      });
      expect(message?.arrivedAt).toBeGreaterThanOrEqual(before);
    });

    it("marks as retained what was kept, and only that", async () => {
      const topic = topics.state({ camera: "desk", model: "letters" });
      const state = (at: number) => ({ gesture: null, since: 0, confidence: 0, at });
      await writer.publish(topic, state(1));
      await writer.publish(topic, state(2));
      const messages = await subscribed(reader.subscribe(topic, { signal }));
      const [kept] = await take(messages, 1);
      await writer.publish(topic, state(3));
      const [live] = await take(messages, 1);
      expect([kept, live].map((message) => [message?.value.at, message?.retained])).toEqual([
        [2, true],
        [3, false],
      ]);
    });

    it("keeps nothing of a topic that is not retained", async () => {
      await writer.publish(text("desk"), spelled("OLD"));
      const messages = await subscribed(reader.subscribe(text("desk"), { signal }));
      await writer.publish(text("desk"), spelled("NEW"));
      expect((await take(messages, 1))[0]?.value.text).toBe("NEW");
    });

    it("counts what does not fit by its reason, tells of it, and goes on", async () => {
      const refused: string[] = [];
      const messages = await subscribed(
        reader.subscribe(text("desk"), {
          signal,
          refused: ({ reason }, path) => refused.push(`${reason} ${path}`),
        }),
      );
      const raw: Topic<Uint8Array> = { ...topics.text({ camera: "desk" }), codec: bytes };
      for (const payload of ["{", '{"text":1}', "]", "[".repeat(70_000)])
        await writer.publish(raw, new TextEncoder().encode(payload));
      await writer.publish(text("desk"), spelled("GOOD"));
      expect((await take(messages, 1))[0]?.value.text).toBe("GOOD");
      expect(stats.take().drops).toEqual({ "bad-json": 2, "bad-shape": 1, "too-large": 1 });
      const path = `test-${test}/desk/text`;
      expect(refused).toEqual([`bad-json ${path}`, `bad-shape ${path}`, `bad-json ${path}`, `too-large ${path}`]);
      expect(warnings).toHaveLength(3);
      expect(warnings[0]).toBe(`dropped a message on ${path}: not JSON in UTF-8`);
    });

    it("takes several filters as one subscription", async () => {
      const filter = topics.text.matching({ camera: ["desk", "door"] });
      const messages = await subscribed(reader.subscribe(filter, { signal }));
      for (const camera of ["desk", "hall", "door"]) await writer.publish(text(camera), spelled(camera));
      expect((await take(messages, 2)).map(({ names }) => names.camera)).toEqual(["desk", "door"]);
    });

    it("gives a message to each subscription that it matches", async () => {
      const every = await subscribed(reader.subscribe(topics.text.matching(), { signal }));
      const one = await subscribed(reader.subscribe(text("desk"), { signal }));
      for (const camera of ["hall", "desk"]) await writer.publish(text(camera), spelled(camera));
      expect((await take(every, 2)).map(({ value }) => value.text)).toEqual(["hall", "desk"]);
      expect((await take(one, 1)).map(({ value }) => value.text)).toEqual(["desk"]);
    });

    it("hears itself", async () => {
      const messages = await subscribed(reader.subscribe(text("desk"), { signal }));
      await reader.publish(text("desk"), spelled("ME"));
      expect((await take(messages, 1))[0]?.value.text).toBe("ME");
    });

    it("leaves the other subscription to a filter alone when one ends", async () => {
      const first = await subscribed(reader.subscribe(text("desk"), { signal: stop.signal }));
      const second = await subscribed(reader.subscribe(text("desk"), { signal }));
      stop.abort();
      await writer.publish(text("desk"), spelled("ON"));
      expect((await take(second, 1))[0]?.value.text).toBe("ON");
      expect(await take(first, 1)).toEqual([]);
    });

    it("ends a subscription by its signal, also one that was aborted before", async () => {
      const waiting = take(await subscribed(reader.subscribe(text("desk"), { signal: stop.signal })), 1);
      stop.abort();
      expect(await waiting).toEqual([]);
      const late = reader.subscribe(text("desk"), { signal: stop.signal });
      await late.granted;
      expect(await take(late, 1)).toEqual([]);
    });

    it("receives nothing more for a reader that left its loop", async () => {
      const messages = await subscribed(
        reader.subscribe(text("desk"), { signal, refused: () => expect.unreachable() }),
      );
      await writer.publish(text("desk"), spelled("ONE"));
      for await (const _ of messages) break;
      const after = await subscribed(reader.subscribe(text("door"), { signal }));
      await writer.publish({ ...topics.text({ camera: "desk" }), codec: bytes }, new Uint8Array());
      await writer.publish(text("door"), spelled("TWO"));
      await take(after, 1);
      expect(stats.take().drops).toEqual({});
    });

    it("drops the oldest that waits for a slow reader, and counts it", async () => {
      const messages = await subscribed(reader.subscribe(text("desk"), { signal, waiting: 3 }));
      const last = await subscribed(reader.subscribe(text("desk"), { signal }));
      for (const word of ["1", "2", "3", "4", "5"]) await writer.publish(text("desk"), spelled(word));
      await take(last, 5);
      expect((await take(messages, 3)).map(({ value }) => value.text)).toEqual(["3", "4", "5"]);
      expect(stats.take().drops).toEqual({ overrun: 2 });
    });

    it("says whether a message was sent, and sends nothing after its end", async () => {
      expect(await writer.publish(text("desk", 0), spelled("A"))).toBe(true);
      expect(await writer.publish(text("desk", 1), spelled("A"))).toBe(true);
      await writer.close();
      await writer.close();
      expect(writer.connected).toBe(false);
      expect(await writer.publish(text("desk", 0), spelled("A"))).toBe(false);
      expect(await writer.publish(text("desk", 1), spelled("A"))).toBe(false);
    });

    it("ends all subscriptions when it is closed, and those that come later", async () => {
      const open = [text("desk"), topics.text.matching()].map((filter) => reader.subscribe(filter, { signal }));
      await Promise.all(open.map(({ granted }) => granted));
      const waiting = open.map((messages) => take(messages, 1));
      await reader.close();
      expect(await Promise.all(waiting)).toEqual([[], []]);
      expect(await take(reader.subscribe(text("desk"), { signal }), 1)).toEqual([]);
    });

    it("tells who asks that it is connected, and that it no longer is", async () => {
      const told: string[] = [];
      const forget = reader.onConnect(() => told.push("never again"));
      forget();
      reader.onConnect(() => told.push("up"));
      reader.onDisconnect(() => told.push("down"));
      reader.onDisconnect(() => told.push("forgotten"))();
      expect(reader.backlog).toBe(0);
      await reader.close();
      expect(told).toEqual(["never again", "up", "down"]);
    });
  });

const bytes: Codec<Uint8Array> = { encode: (value) => value, decode: (value) => value };

async function subscribed<T, N extends string>(subscription: Subscription<T, N>): Promise<Subscription<T, N>> {
  await subscription.granted;
  return subscription;
}

/** Takes so many, or fewer when it ends; the subscription goes on. */
async function take<T, N extends string>(messages: Subscription<T, N>, count: number): Promise<Message<T, N>[]> {
  const iterator = messages[Symbol.asyncIterator]();
  const taken: Message<T, N>[] = [];
  while (taken.length < count) {
    const { value, done } = await iterator.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
