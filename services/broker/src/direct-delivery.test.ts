import { afterEach, describe, expect, it } from "vitest";
import { openAccess } from "./access.ts";
import { type Broker, openBroker } from "./broker.ts";
import { encodePublish } from "./direct-delivery.ts";
import { publishPacket, RawClient } from "./testing/raw-client.ts";

describe("a PUBLISH of QoS 0", () => {
  it.each([
    ["a", ""],
    ["a/ü/日本", "ö"],
    ["a", Buffer.alloc(122, "x")],
    ["a", Buffer.alloc(125, "x")],
    ["a", Buffer.alloc(16_380, "x")],
    ["a", Buffer.alloc(16_381, "x")],
    ["a", Buffer.alloc(2_097_149, "x")],
  ])("has the bytes that the specification wants (3.3): %s", (topic, payload) => {
    for (const retain of [false, true]) {
      const expected = publishPacket(topic, payload, { retain });
      expect(encodePublish({ topic, payload, retain }).equals(expected)).toBe(true);
    }
  });
});

describe("direct delivery", () => {
  let broker: Broker;
  const drops: string[] = [];
  const clients: RawClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.abort();
    drops.length = 0;
    await broker.close();
  });

  const connected = async () => {
    const client = new RawClient(broker.connect());
    clients.push(client);
    expect(await client.connect({ clientId: `client-${clients.length}` })).toBe(0);
    return client;
  };
  const open = async () => {
    const stats = { count: () => {}, drop: (reason: string) => drops.push(reason), gauge: () => {} };
    broker = await openBroker({ access: openAccess(), stats, lost: () => {} });
  };

  it("gives every subscriber each message, as it is and in order", async () => {
    await open();
    const readers = [await connected(), await connected(), await connected()];
    for (const reader of readers) await reader.subscribe(["+/frame", 0]);
    const sender = await connected();
    // The same bytes on another topic, and other bytes on the same one.
    const sent = Array.from({ length: 300 }, (_, index) => ({
      topic: `camera-${index % 3}/frame`,
      payload: String(index >> 1),
    }));
    for (const { topic, payload } of sent) sender.send(publishPacket(topic, payload));
    for (const reader of readers)
      for (const message of sent) expect(await reader.nextMessage()).toMatchObject({ ...message, qos: 0, dup: false });
  });

  it("does not take many frames that come in one piece for a reader that is slow", async () => {
    await open();
    const reader = await connected();
    await reader.subscribe(["+/frame", 0]);
    const sender = await connected();
    const frames = Array.from({ length: 100 }, () => publishPacket("desk/frame", Buffer.alloc(35_000, "f")));
    sender.send(...frames);
    await sender.settle();
    await reader.settle();
    expect(drops).toEqual([]);
    expect(reader.messages()).toHaveLength(frames.length);
  });

  it("replays what is retained as retained, to QoS 0 and to QoS 1, and what comes later behind it", async () => {
    await open();
    const sender = await connected();
    sender.send(publishPacket("a", "kept", { retain: true }));
    await sender.settle();
    const reader = await connected();
    await reader.subscribe(["a", 1]);
    sender.send(publishPacket("a", "live", { retain: true }));
    expect(await reader.nextMessage()).toMatchObject({ payload: "kept", retain: true, qos: 0 });
    expect(await reader.nextMessage()).toMatchObject({ payload: "live", retain: false, qos: 0 });
  });
});
