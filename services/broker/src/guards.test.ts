import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { eventually } from "@beckon/runtime/testing";
import { afterEach, describe, expect, it } from "vitest";
import { EVERYTHING, openAccess } from "./access.ts";
import { type Broker, type BrokerLimits, type BrokerOptions, openBroker } from "./broker.ts";
import { type Listener, listen } from "./listener.ts";
import { Lobby } from "./lobby.ts";
import { connectPacket, PACKET, packet, publishPacket, RawClient, remainingLength } from "./testing/raw-client.ts";

const FRAME = Buffer.alloc(35_000, "f");

describe("the guards of the broker", () => {
  const clients: RawClient[] = [];
  const stops: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.abort();
    for (const stop of stops.splice(0)) await stop();
  });

  interface Opened {
    readonly broker: Broker;
    readonly port: number;
    readonly drops: Record<string, number>;
    readonly gauges: Record<string, () => number>;
  }

  const open = async (
    options: Partial<BrokerOptions> & { loginMs?: number; strangers?: number } = {},
  ): Promise<Opened> => {
    const drops: Record<string, number> = {};
    const gauges: Record<string, () => number> = {};
    const stats = {
      count: () => {},
      drop: (reason: string) => {
        drops[reason] = (drops[reason] ?? 0) + 1;
      },
      gauge: (name: string, read: () => number) => {
        gauges[name] = read;
      },
    };
    const broker = await openBroker({ access: openAccess(), stats, lost: () => {}, ...options });
    const { loginMs = 4500, strangers = 64 } = options;
    const lobby = new Lobby({ connections: 256, strangers, loginMs }, (loss) => stats.drop(loss));
    const listener: Listener = await listen(
      { host: "127.0.0.1", port: 0, setting: "test", search: false },
      (socket) => {
        const visitor = lobby.enter(socket, socket.remoteAddress);
        if (visitor) broker.handle(socket, visitor);
      },
    );
    stops.push(async () => {
      listener.close();
      await broker.close();
      lobby.clear();
    });
    return { broker, port: listener.port, drops, gauges };
  };
  const withLimits = (limits: Partial<BrokerLimits>) => open({ limits });
  const raw = (port: number) => {
    const client = RawClient.to(port);
    clients.push(client);
    return client;
  };
  const connected = async (port: number, clientId = "") => {
    const client = raw(port);
    expect(await client.connect({ clientId })).toBe(0);
    return client;
  };
  /** Subscribes to everything, and then reads no byte. */
  const frozen = async (port: number, qos = 0) => {
    const client = await connected(port);
    await client.subscribe(["#", qos]);
    client.stream.pause();
    client.stream.removeAllListeners("data");
    return client;
  };

  it("gives a healthy subscriber every frame beside ten frozen ones, and takes every command meanwhile", async () => {
    const { port, drops } = await withLimits({ stuckMs: 60_000 });
    const healthy = await connected(port);
    await healthy.subscribe(["+/frame", 0], ["relay/set", 1]);
    for (let index = 0; index < 10; index++) await frozen(port);
    const camera = await connected(port);
    const commander = await connected(port);
    // 35 MB for each of the frozen ones: more than the system keeps for a socket.
    const frames = 1000;
    for (let sent = 0; sent < frames; sent++) {
      camera.send(publishPacket(`camera-${sent % 5}/frame`, FRAME));
      // So that no more than 350 kB are ever under way to the healthy one, however busy the machine.
      if (sent % 10 === 0) await camera.settle();
      if (sent % 10 === 0) await healthy.settle();
      if (sent % 100 !== 0) continue;
      commander.send(publishPacket("relay/set", "ON", { qos: 1, id: 1 + sent }));
      expect(await commander.next(PACKET.puback)).toBeDefined();
    }
    let commands = 0;
    for (let received = 0; received < frames + frames / 100; received++)
      if ((await healthy.nextMessage()).topic === "relay/set") commands += 1;
    expect(commands).toBe(frames / 100);
    expect(drops["slow-subscriber"]).toBeGreaterThan(1000);
    expect(drops["stuck-subscriber"]).toBeUndefined();
  });

  it("drops frames for a slow subscriber, not the connection, and it still gets each one whole", async () => {
    const { port, drops } = await withLimits({ stuckMs: 60_000 });
    const slow = await connected(port);
    await slow.subscribe(["+/frame", 0]);
    slow.stream.pause();
    const camera = await connected(port);
    for (let sent = 0; sent < 500; sent++) camera.send(publishPacket("desk/frame", FRAME));
    await camera.settle();
    expect(drops["slow-subscriber"]).toBeGreaterThan(0);
    slow.stream.resume();
    const received = 500 - (drops["slow-subscriber"] ?? 0);
    for (let index = 0; index < received; index++)
      expect((await slow.nextMessage()).payload).toHaveLength(FRAME.length);
    await slow.settle();
    expect(slow.messages()).toHaveLength(0);
  });

  it("disconnects a subscriber that reads nothing for a while, with its last will", async () => {
    const { port, drops } = await withLimits({ stuckMs: 300 });
    const watcher = await connected(port);
    await watcher.subscribe(["will", 0]);
    const deaf = raw(port);
    await deaf.connect({ clientId: "deaf", will: { topic: "will", payload: "stuck" } });
    await deaf.subscribe(["+/frame", 0]);
    deaf.stream.pause();
    const camera = await connected(port);
    for (let sent = 0; sent < 500; sent++) camera.send(publishPacket("desk/frame", FRAME));
    expect((await watcher.nextMessage()).payload).toBe("stuck");
    expect(drops["stuck-subscriber"]).toBe(1);
  });

  it("disconnects a frozen subscriber before QoS 1 fills the memory, and the sender never waits for it", async () => {
    const { port, drops } = await withLimits({ stuckMs: 60_000, stuckBytes: 2_000_000 });
    await frozen(port, 1);
    const sender = await connected(port);
    const messages = 500;
    for (let id = 1; id <= messages; id++) sender.send(publishPacket("a", FRAME, { qos: 1, id }));
    for (let id = 1; id <= messages; id++) expect((await sender.next(PACKET.puback))?.body.readUInt16BE()).toBe(id);
    expect(drops["stuck-subscriber"]).toBe(1);
  });

  it("cuts off a stranger that streams 230 MB, without keeping them", async () => {
    const { port, drops } = await open();
    const claims: readonly [Buffer, string][] = [
      [Buffer.from([PACKET.publish << 4, ...remainingLength(230_000_000)]), "no-connect"],
      [Buffer.from([PACKET.connect << 4, ...remainingLength(230_000_000)]), "too-large"],
    ];
    for (const [header, reason] of claims) {
      const socket = connectTcp({ port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(header);
      const written = await pour(socket, 230_000_000);
      expect(written).toBeLessThan(50_000_000);
      expect(drops[reason]).toBe(1);
    }
  });

  it("refuses a publish of 100 MB at its header, and delivers one of 2 MB", async () => {
    const { port, drops } = await open();
    const watcher = await connected(port);
    await watcher.subscribe(["#", 0]);
    const sender = await connected(port);
    sender.send(publishPacket("desk/frame", Buffer.alloc(2_000_000, "x")));
    expect((await watcher.nextMessage()).payload).toHaveLength(2_000_000);
    sender.send(Buffer.from([PACKET.publish << 4, ...remainingLength(100_000_000)]));
    await sender.ended();
    expect(drops["too-large"]).toBe(1);
    await watcher.settle();
    expect(watcher.messages()).toHaveLength(0);
  });

  it("closes who says nothing, and who logs in a byte at a time, at the same deadline", async () => {
    const { port, drops } = await open({ loginMs: 400 });
    const silent = raw(port);
    const slow = raw(port);
    const bytes = [...connectPacket({ clientId: "a".repeat(200) })];
    const drip = setInterval(() => slow.stream.write(Uint8Array.of(bytes.shift() ?? 0)), 10);
    const quick = await connected(port, "quick");
    await Promise.all([silent.ended(), slow.ended()]);
    clearInterval(drip);
    expect(drops["silent"]).toBe(2);
    await quick.settle();
  });

  it("keeps places for those who log in, and gives them back", async () => {
    const { port, drops } = await open({ strangers: 2, loginMs: 400 });
    const strangers = [raw(port), raw(port)];
    await Promise.all(strangers.map(({ stream }) => once(stream, "connect")));
    await raw(port).ended();
    expect(drops["too-many-connections"]).toBe(1);
    await Promise.all(strangers.map((stranger) => stranger.ended()));
    for (let index = 0; index < 4; index++) await connected(port);
  });

  it("refuses shared subscriptions, which it would not deliver", async () => {
    const { port, drops } = await open();
    const client = await connected(port);
    expect(await client.subscribe(["$share/g/+/frame", 0], ["+/frame", 0])).toEqual([0x80, 0]);
    expect(drops["shared-subscription"]).toBe(1);
  });

  it("ends a connection with an endless topic, or with QoS 2 messages that are never completed", async () => {
    const { port } = await open();
    const deep = await connected(port);
    deep.send(publishPacket("a/".repeat(5000), ""));
    await deep.ended();
    const half = await connected(port);
    for (let id = 1; id <= 200; id++) half.send(publishPacket("a", "b", { qos: 2, id }));
    await half.ended();
    const client = await connected(port);
    await client.settle();
  });

  it("drops what goes to a topic that nobody could be sent, for bytes that are no text become longer", async () => {
    const { port, drops } = await open();
    const watcher = await connected(port);
    await watcher.subscribe(["#", 1]);
    const topic = "x".repeat(30_000);
    const noText = (bytes: Buffer) => Buffer.from(bytes.map((byte) => (byte === 0x78 ? 0xff : byte)));
    const sender = await connected(port);
    for (const options of [{}, { qos: 1 }, { retain: true }, { qos: 1, retain: true }]) {
      sender.send(noText(publishPacket(topic, "", options)));
      await sender.settle();
    }
    expect(drops["refused-publish"]).toBe(4);
    const dying = raw(port);
    dying.send(noText(connectPacket({ clientId: "dying", will: { topic, payload: "" } })));
    await dying.next(PACKET.connack);
    dying.abort();
    await eventually(() => drops["refused-publish"] === 5);
    sender.send(publishPacket("short", ""));
    expect(await watcher.nextMessage()).toMatchObject({ topic: "short" });
  });

  it("survives garbage, before and after the log-in", async () => {
    const { port } = await open();
    for (let round = 0; round < 50; round++) {
      const garbage = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 7919 + round * 104_729) % 256));
      const stranger = raw(port);
      stranger.send(garbage);
      const guest = await connected(port);
      guest.send(garbage, packet(PACKET.connack, 0), garbage);
      await Promise.all([stranger.ended(), guest.ended()]);
    }
    await (await connected(port)).settle();
  });

  it("keeps no more than it may for a session that is away", async () => {
    const sessions = { retained: 3, retainedBytes: 1000, queued: 5, queuedBytes: 100_000 };
    const { port, drops } = await withLimits({ sessions });
    const away = raw(port);
    await away.connect({ clientId: "away", clean: false });
    await away.subscribe(["a", 1]);
    await away.disconnect();
    const sender = await connected(port);
    for (let id = 1; id <= 8; id++) {
      sender.send(publishPacket("a", `${id}`, { qos: 1, id }));
      await sender.next(PACKET.puback);
    }
    await sender.settle();
    expect(drops["queue-full"]).toBe(3);
    // Once they are delivered there is room again.
    for (let round = 0; round < 2; round++) {
      const back = raw(port);
      await back.connect({ clientId: "away", clean: false });
      const count = round === 0 ? 5 : 1;
      for (let index = 0; index < count; index++) back.acknowledge(PACKET.puback, (await back.nextMessage()).id);
      await back.settle();
      expect(back.messages()).toEqual([]);
      await back.disconnect();
      sender.send(publishPacket("a", "again", { qos: 1, id: 9 }));
      await sender.next(PACKET.puback);
      await sender.settle();
    }
    expect(drops["queue-full"]).toBe(3);
  });

  it("retains no more messages than it may, and takes a new one when one is cleared", async () => {
    const sessions = { retained: 3, retainedBytes: 1000, queued: 5, queuedBytes: 100_000 };
    const { port, drops, gauges } = await withLimits({ sessions });
    const sender = await connected(port);
    const retain = async (topic: string, payload: string) => {
      sender.send(publishPacket(topic, payload, { retain: true }));
      await sender.settle();
    };
    for (const topic of ["a", "b", "c", "d", "a"]) await retain(topic, "x");
    expect(drops["retained-full"]).toBe(1);
    await retain("a", "");
    await retain("d", "x");
    await retain("b", "x".repeat(999));
    expect(drops["retained-full"]).toBe(2);
    expect(gauges["retained"]?.()).toBe(3);
    const late = await connected(port);
    await late.subscribe(["#", 0]);
    const topics = [];
    for (let index = 0; index < 3; index++) topics.push((await late.nextMessage()).topic);
    expect(topics.sort()).toEqual(["b", "c", "d"]);
  });

  it("serves this process through a pipe, past any log-in", async () => {
    const { broker, port } = await open({ access: { named: true, login: async () => "unknown" } });
    expect(await raw(port).connect({ clientId: "outside" })).toBe(4);
    const inside = new RawClient(broker.connect());
    clients.push(inside);
    expect(await inside.connect({ clientId: "inside" })).toBe(0);
    await inside.subscribe(["+/frame", 0]);
    for (let sent = 0; sent < 100; sent++) inside.send(publishPacket("desk/frame", FRAME));
    for (let received = 0; received < 100; received++)
      expect((await inside.nextMessage()).payload).toHaveLength(FRAME.length);
  });

  it("drops what a client may not publish, acknowledges it, and keeps the client", async () => {
    const nosy = { ...EVERYTHING, mayPublish: (path: string) => path === "mine" };
    const { port, drops } = await open({ access: { named: false, login: async () => nosy } });
    const watcher = await connected(port);
    await watcher.subscribe(["#", 1], ["$SYS/#", 1]);
    const client = await connected(port);
    client.send(
      publishPacket("theirs", "x", { qos: 1, id: 5, retain: true }),
      publishPacket("$SYS/x/new/clients", "y"),
    );
    expect(await client.next(PACKET.puback)).toBeDefined();
    client.send(publishPacket("mine", "z"));
    let message = await watcher.nextMessage();
    while (message.topic.startsWith("$SYS/")) {
      expect(message.payload).not.toBe("y");
      message = await watcher.nextMessage();
    }
    expect(message).toMatchObject({ topic: "mine", payload: "z" });
    expect(drops["refused-publish"]).toBe(2);
  });
});

/** Writes until the other side closes. @returns the bytes the system has taken */
async function pour(socket: Socket, bytes: number): Promise<number> {
  const chunk = Buffer.alloc(1_000_000, "x");
  let written = 0;
  while (written < bytes && !socket.destroyed) {
    written += chunk.length;
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
  }
  if (!socket.destroyed) await once(socket, "close");
  return written;
}
