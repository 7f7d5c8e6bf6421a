import { setTimeout as sleep } from "node:timers/promises";
import { createBoot, createTopics, type RelayEvent, type RelayState, type Topic } from "@beckon/protocol";
import { type Bus, connectMqttBus, createLogger, now, runService, Stats } from "@beckon/runtime";
import { type AedesBroker, eventually, startAedes } from "@beckon/runtime/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RelayConfig } from "./config.ts";
import { foreignTopic } from "./drivers/mqtt.ts";
import { relay } from "./relay-service.ts";

const topics = createTopics();
const LAMP = topics.relaySet({ relay: "lamp" });
const config = RelayConfig.parse({
  relays: { lamp: { driver: { kind: "mqtt", plug: "tasmota", name: "plug" }, maxOn: 60_000, minOff: 0 } },
  rules: [{ when: { gesture: "A" }, relay: "lamp", do: "on" }],
});
const log = createLogger({ service: "relay", level: "silent", format: "json" });

let broker: AedesBroker;
let home: Bus;
const events: RelayEvent[] = [];
const states: RelayState[] = [];
const plug: string[] = [];
const ending = new AbortController();
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  broker = await startAedes();
  home = connectMqttBus({ url: broker.url, clientId: "home", log, stats: new Stats() });
  await eventually(() => home.connected);
});

afterEach(async () => {
  stop.abort();
  await running;
  ending.abort();
  await home.close();
  await broker.stop();
});

/** The service, connected for more than a second; what it says is collected. */
async function start(): Promise<void> {
  const { signal } = ending;
  const collect = async <T>(messages: AsyncIterable<{ value: T }>, into: T[]): Promise<void> => {
    for await (const { value } of messages) into.push(value);
  };
  void collect(home.subscribe(topics.relayEvent.matching(), { signal }), events);
  void collect(home.subscribe(topics.relayState.matching(), { signal }), states);
  void collect(home.subscribe(foreignTopic("cmnd/plug/POWER1"), { signal }), plug);
  stop = new AbortController();
  const shared = { prefix: "beckon", mqtt: { url: broker.url } };
  await new Promise<void>((ready) => {
    running = runService(relay, { config, shared, log, id: "test", signal: stop.signal, ready: () => ready() });
  });
}

const refusals = (): string[] => events.flatMap((event) => ("refused" in event ? [event.refused] : []));

test("over a real broker a plug obeys gestures and commands of now, and nothing retained, doubtful or old", async () => {
  await home.publish({ ...LAMP, retain: true } as Topic<{ state: "ON" }>, { state: "ON" });
  await start();
  await eventually(() => refusals().length === 1);
  expect(refusals()).toEqual(["retained"]);

  const boot = createBoot(Date.now());
  const beat = async (seq: number) => {
    const at = now();
    await home.publish(topics.state({ camera: "desk", model: "letters" }), {
      ...{ gesture: null, since: at, confidence: 0, at, boot, seq, frameAt: at },
    });
  };
  let seq = 0;
  const gesture = async (at: number) => {
    const stamp = { seq, boot, at, confidence: 0.9, phase: "start" } as const;
    await home.publish(topics.gesture({ camera: "desk", model: "letters" }), {
      ...{ camera: "desk", model: "letters", gesture: "A", ...stamp },
    });
  };
  const beating = setInterval(() => void beat(seq++), 200);
  try {
    await eventually(async () => {
      await gesture(now());
      await sleep(250);
      return states.at(-1)?.state === "ON";
    });
    expect(plug.at(-1)).toBe("ON");
    expect(states.at(-1)?.cause).toMatchObject({ by: "gesture", gesture: "A", camera: "desk" });

    await eventually(async () => {
      await home.publish(LAMP, { state: "TOGGLE" });
      await sleep(250);
      return refusals().includes("twice");
    });
    expect(states.at(-1)?.state).toBe("ON");
    await eventually(async () => {
      await home.publish({ ...LAMP, qos: 0 }, { state: "TOGGLE" });
      await sleep(250);
      return states.at(-1)?.state === "OFF";
    });
    await gesture(now() - 5000);
    await eventually(() => refusals().includes("stale"));
    await home.publish(LAMP, { state: "ON", at: Date.now(), id: "page-1" });
    await eventually(() => states.at(-1)?.state === "ON");
  } finally {
    clearInterval(beating);
  }
  stop.abort();
  await running;
  await eventually(() => states.at(-1)?.state === "OFF" && plug.at(-1) === "OFF");
});
