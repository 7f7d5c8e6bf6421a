import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EVERYTHING } from "./access.ts";
import { type Broker, joinedPair, openBroker } from "./broker.ts";
import { PACKET, packet, publishPacket, RawClient } from "./testing/raw-client.ts";

describe("a broker that is sent messages one by one", () => {
  let broker: Broker;
  const drops: string[] = [];
  const clients: RawClient[] = [];

  beforeEach(async () => {
    const identity = { ...EVERYTHING, mayPublish: (path: string) => path !== "theirs" };
    broker = await openBroker({
      access: { named: false, login: async () => identity },
      stats: { count: () => {}, drop: (reason) => drops.push(reason), gauge: () => {} },
      lost: () => {},
    });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.abort();
    drops.length = 0;
    await broker.close();
  });

  const connected = async (keepalive = 0) => {
    const client = new RawClient(broker.connect());
    clients.push(client);
    expect(await client.connect({ clientId: `client-${clients.length}`, keepalive })).toBe(0);
    return client;
  };

  /** One whose rights are asked for; whoever is of this process may do everything. */
  const outsider = async () => {
    const [near, far] = joinedPair();
    broker.handle(near, { address: "test", admitted: () => {} });
    const client = new RawClient(far);
    clients.push(client);
    expect(await client.connect({ clientId: "outside" })).toBe(0);
    return client;
  };

  it("keeps their order, whether they come alone, in pieces or together", async () => {
    const reader = await connected();
    await reader.subscribe(["a", 0]);
    const sender = await connected();
    const numbers = Array.from({ length: 400 }, (_, index) => String(index));
    for (const number of numbers) {
      const bytes = publishPacket("a", number);
      // So that there are all kinds of neighbours.
      const way = (Number(number) * 7) % 4;
      if (way === 0) sender.send(bytes);
      if (way === 1) for (const byte of bytes) sender.send(Buffer.of(byte));
      if (way === 2) sender.send(bytes.subarray(0, 5));
      if (way === 2) sender.send(bytes.subarray(5));
      if (way === 3) sender.send(packet(PACKET.pingreq, 0), bytes);
      if (Number(number) % 10 === 0) await reader.settle();
    }
    for (const number of numbers) expect((await reader.nextMessage()).payload).toBe(number);
  });

  it("takes no part of a payload for a message", async () => {
    const reader = await connected();
    await reader.subscribe(["#", 0]);
    const sender = await connected();
    const inner = publishPacket("inner", "x");
    const outer = publishPacket("outer", Buffer.concat([Buffer.alloc(9), inner]));
    sender.send(outer.subarray(0, -inner.length));
    await reader.settle();
    sender.send(inner);
    expect((await reader.nextMessage()).topic).toBe("outer");
    await reader.settle();
    expect(reader.messages()).toEqual([]);
  });

  it("lets none overtake those that came just before, as the messages of a WebSocket do", async () => {
    const reader = await connected();
    await reader.subscribe(["a", 0]);
    const [near, far] = joinedPair();
    broker.handle(near, { address: "test", admitted: () => {} });
    const sender = new RawClient(far);
    clients.push(sender);
    await sender.connect();
    await sender.settle();
    near.push(Buffer.concat([publishPacket("a", "1"), publishPacket("a", "2")]));
    near.push(publishPacket("a", "3"));
    for (const payload of ["1", "2", "3"]) expect((await reader.nextMessage()).payload).toBe(payload);
  });

  it("takes them for signs of life", async () => {
    const sender = await connected(1);
    for (let sent = 0; sent < 30; sent++) {
      sender.send(publishPacket("a", "x"));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await sender.settle();
    expect(sender.closed).toBe(false);
  });

  it("refuses what may not be published, and keeps the sender", async () => {
    const outside = await outsider();
    const reader = await connected();
    await reader.subscribe(["#", 0]);
    outside.send(publishPacket("theirs", "x"));
    await outside.settle();
    outside.send(publishPacket("$nowhere", "x"));
    await outside.settle();
    outside.send(publishPacket("mine", "y"));
    expect(await reader.nextMessage()).toMatchObject({ topic: "mine", payload: "y" });
    expect(drops).toEqual(["refused-publish", "refused-publish"]);
  });

  it("ends the connection of one with a wildcard in its topic, or with no topic", async () => {
    for (const topic of ["a/+", "#", "", "a/".repeat(40)]) {
      const sender = await connected();
      await sender.settle();
      sender.send(publishPacket(topic, "x"));
      await sender.ended();
    }
  });

  it("gives answers within the process a stack of their own, however many follow each other", async () => {
    const [one, two] = [await connected(), await connected()];
    await one.subscribe(["a", 0]);
    await two.subscribe(["b", 0]);
    let answers = 0;
    const most = 20_000;
    const done = new Promise<void>((resolve) => {
      const answer = (client: RawClient, topic: string) =>
        client.stream.on("data", () => {
          answers += 1;
          if (answers >= most) resolve();
          else client.send(publishPacket(topic, "x"));
        });
      answer(one, "b");
      answer(two, "a");
    });
    one.send(publishPacket("b", "x"));
    await done;
  });
});
