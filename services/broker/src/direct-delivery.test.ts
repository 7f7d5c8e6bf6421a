import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { openAccess } from "./access.ts";
import { type Broker, openBroker } from "./broker.ts";
import { connectPacket, PACKET, publishPacket, RawClient } from "./testing/raw-client.ts";

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

  it.each([0, 1])(
    "replays what is retained as retained to a filter of QoS %i, and what comes later behind it",
    async (qos) => {
      await open();
      const sender = await connected();
      sender.send(publishPacket("a", "kept", { retain: true }));
      await sender.settle();
      const reader = await connected();
      await reader.subscribe(["a", qos]);
      sender.send(publishPacket("a", "live", { retain: true }));
      expect(await reader.nextMessage()).toMatchObject({ payload: "kept", retain: true, qos: 0 });
      expect(await reader.nextMessage()).toMatchObject({ payload: "live", retain: false, qos: 0 });
    },
  );

  it("lets one who comes back know that it is let in before anything else, however much is sent meanwhile", async () => {
    await open();
    const first = new RawClient(broker.connect());
    await first.connect({ clientId: "lasting", clean: false });
    await first.subscribe(["a", 0]);
    first.abort();
    const sender = await connected();
    const flood = setInterval(() => sender.send(publishPacket("a", "x")), 0);
    try {
      for (let round = 0; round < 50; round++) {
        const again = new RawClient(broker.connect());
        again.send(connectPacket({ clientId: "lasting", clean: false }));
        await once(again.stream, "data");
        expect(again.packets[0]?.type).toBe(PACKET.connack);
        again.abort();
      }
    } finally {
      clearInterval(flood);
    }
  });
});
