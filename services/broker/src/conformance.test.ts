import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EVERYTHING } from "./access.ts";
import { openBroker } from "./broker.ts";
import { listen } from "./listener.ts";
import { type ConnectFields, PACKET, publishPacket, RawClient } from "./testing/raw-client.ts";

/**
 * The ground of the ten MQTT 3.1.1 tests of Eclipse Paho's paho.mqtt.testing, test by test, with the clause of the
 * specification each is about. Written anew: that suite is Python, and under another licence.
 */
describe("the broker, as MQTT 3.1.1 wants it", () => {
  const clients: RawClient[] = [];
  let stop: () => Promise<void>;
  let port: number;

  beforeEach(async () => {
    const access = {
      named: false,
      login: async () => ({ ...EVERYTHING, maySubscribe: (filter: string) => filter !== "test/nosubscribe" }),
    };
    const stats = { count: () => {}, drop: () => {}, gauge: () => {} };
    const broker = await openBroker({ access, stats, lost: () => {} });
    const listener = await listen({ host: "127.0.0.1", port: 0, setting: "test", search: false }, (socket) =>
      broker.handle(socket, { address: "test", admitted: () => {} }),
    );
    ({ port } = listener);
    stop = async () => {
      listener.close();
      await broker.close();
    };
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.abort();
    await stop();
  });

  const open = () => {
    const client = RawClient.to(port);
    clients.push(client);
    return client;
  };
  const connected = async (fields: ConnectFields = {}) => {
    const client = open();
    expect(await client.connect(fields)).toBe(0);
    return client;
  };
  /** Publishes with its QoS to the end of the exchange. */
  const publish = async (client: RawClient, topic: string, payload: string, qos: number, retain = false) => {
    const id = 100 + qos;
    client.send(publishPacket(topic, payload, { qos, retain, id }));
    if (qos === 1) await client.next(PACKET.puback);
    if (qos === 2) {
      await client.next(PACKET.pubrec);
      client.acknowledge(PACKET.pubrel, id);
      await client.next(PACKET.pubcomp);
    }
    await client.settle();
  };
  /** Everything that is there for it, each acknowledged as its QoS asks. */
  const receive = async (client: RawClient, count: number) => {
    const messages = [];
    for (let index = 0; index < count; index++) {
      const message = await client.nextMessage();
      if (message.qos === 1) client.acknowledge(PACKET.puback, message.id);
      if (message.qos === 2) {
        client.acknowledge(PACKET.pubrec, message.id);
        await client.next(PACKET.pubrel);
        client.acknowledge(PACKET.pubcomp, message.id);
      }
      messages.push(message);
    }
    await client.settle();
    expect(client.messages()).toEqual([]);
    return messages.sort((a, b) => a.qos - b.qos || a.payload.localeCompare(b.payload));
  };

  it("basic: delivers with QoS 0, 1 and 2 (4.3)", async () => {
    const client = await connected({ clientId: "one" });
    expect(await client.subscribe(["TopicA", 2])).toEqual([2]);
    for (const qos of [0, 1, 2]) await publish(client, "TopicA", `qos ${qos}`, qos);
    const messages = await receive(client, 3);
    expect(messages.map(({ payload, qos, retain }) => ({ payload, qos, retain }))).toEqual(
      [0, 1, 2].map((qos) => ({ payload: `qos ${qos}`, qos, retain: false })),
    );
  });

  it("basic: ends a connection that connects twice (MQTT-3.1.0-2), or speaks another protocol (MQTT-3.1.2-1)", async () => {
    const twice = await connected({ clientId: "one" });
    expect(await twice.connect({ clientId: "one" })).toBeUndefined();
    expect(await open().connect({ clientId: "one", protocol: "hj" })).toBeUndefined();
  });

  it("basic: refuses MQTT 5 with the return code of an unacceptable version (MQTT-3.1.2-2)", async () => {
    const client = open();
    // An empty property length stands before the client id.
    const five = Buffer.from([0x10, 14, 0, 4, ...Buffer.from("MQTT"), 5, 2, 0, 0, 0, 0, 1, 0x61]);
    client.send(five);
    expect((await client.next(PACKET.connack))?.body).toEqual(Buffer.from([0, 1]));
    await client.ended();
  });

  it("retained messages: gives the last of each topic to who subscribes later, and none that was cleared (3.3.1.3)", async () => {
    const client = await connected();
    for (const qos of [0, 1, 2]) await publish(client, `from/${qos}`, `qos ${qos}`, qos, true);
    expect(await client.subscribe(["from/+", 2])).toEqual([2]);
    const messages = await receive(client, 3);
    expect(messages.map(({ topic, retain, qos }) => ({ topic, retain, qos }))).toEqual(
      [0, 1, 2].map((qos) => ({ topic: `from/${qos}`, retain: true, qos })),
    );

    const clearing = await connected();
    for (const qos of [0, 1, 2]) await publish(clearing, `from/${qos}`, "", qos, true);
    const late = await connected();
    await late.subscribe(["from/+", 2]);
    await publish(late, "from/end", "end", 0);
    expect((await receive(late, 1))[0]?.payload).toBe("end");
  });

  it("zero-length client id: takes it for a clean session, refuses it for a lasting one (MQTT-3.1.3-8)", async () => {
    expect(await open().connect({ clientId: "", clean: true })).toBe(0);
    const lasting = open();
    expect(await lasting.connect({ clientId: "", clean: false })).toBe(2);
    await lasting.ended();
  });

  it("offline message queueing: keeps QoS 1 and 2 for a lasting session (3.1.2.4)", async () => {
    const away = await connected({ clientId: "away", clean: false });
    await away.subscribe(["#", 2]);
    await away.disconnect();
    const sender = await connected();
    for (const qos of [1, 2]) await publish(sender, "TopicA/C", `qos ${qos}`, qos);
    const back = await connected({ clientId: "away", clean: false });
    expect((await receive(back, 2)).map(({ payload, qos }) => ({ payload, qos }))).toEqual([
      { payload: "qos 1", qos: 1 },
      { payload: "qos 2", qos: 2 },
    ]);
    await back.disconnect();
    const again = await connected({ clientId: "away", clean: false });
    await again.settle();
    expect(again.messages()).toEqual([]);
  });

  it("overlapping subscriptions: delivers once with the higher QoS, or once for each (MQTT-3.3.5-1)", async () => {
    const client = await connected();
    expect(await client.subscribe(["TopicA/#", 2], ["TopicA/+", 1])).toEqual([2, 1]);
    await publish(client, "TopicA/C", "overlapping", 2);
    const first = await client.nextMessage();
    await client.settle();
    const qos = [first, ...client.messages()].map((message) => message.qos).sort();
    expect([[2], [1, 2]]).toContainEqual(qos);
  });

  it("keepalive: ends who is silent for one and a half times as long, and publishes its will (MQTT-3.1.2-24)", async () => {
    const watcher = await connected();
    await watcher.subscribe(["/TopicA", 2]);
    const silent = await connected({ keepalive: 1, will: { topic: "/TopicA", payload: "keepalive expiry" } });
    expect((await receive(watcher, 1))[0]?.payload).toBe("keepalive expiry");
    await silent.ended();
  });

  it("last will: is published when a connection breaks, and not after DISCONNECT (MQTT-3.1.2-8, -10)", async () => {
    const watcher = await connected();
    await watcher.subscribe(["will/+", 1]);
    const will = (topic: string) => ({ will: { topic, payload: "gone", qos: 1, retain: true } });
    await (await connected(will("will/polite"))).disconnect();
    (await connected(will("will/broken"))).abort();
    expect((await receive(watcher, 1))[0]).toMatchObject({ topic: "will/broken", qos: 1 });
    const late = await connected();
    await late.subscribe(["will/+", 1]);
    expect((await receive(late, 1))[0]).toMatchObject({ topic: "will/broken", retain: true });
  });

  it("redelivery on reconnect: sends again what was not acknowledged (MQTT-4.4.0-1)", async () => {
    const first = await connected({ clientId: "deaf", clean: false });
    await first.subscribe(["TopicA/#", 2]);
    const sender = await connected();
    await publish(sender, "TopicA/B", "one", 1);
    await publish(sender, "TopicA/C", "two", 2);
    await first.nextMessage();
    await first.nextMessage();
    await first.disconnect();
    const back = await connected({ clientId: "deaf", clean: false });
    expect((await receive(back, 2)).map(({ payload }) => payload)).toEqual(["one", "two"]);
  });

  it("subscribe failure: answers 0x80 for a filter that is refused, and grants the others (MQTT-3.9.3-2)", async () => {
    const client = await connected();
    expect(await client.subscribe(["test/nosubscribe", 2])).toEqual([0x80]);
    expect(await client.subscribe(["a", 1], ["test/nosubscribe", 2], ["b", 0])).toEqual([1, 0x80, 0]);
    await publish(client, "test/nosubscribe", "secret", 0);
    expect(client.messages()).toEqual([]);
  });

  it("dollar topics: matches them with no filter that begins with a wildcard (MQTT-4.7.2-1)", async () => {
    const client = await connected();
    await client.subscribe(["#", 2], ["+/B", 2]);
    await publish(client, "$TopicA/B", "hidden", 1);
    await publish(client, "TopicA/B", "seen", 0);
    await client.settle();
    expect(new Set(client.messages().map(({ payload }) => payload))).toEqual(new Set(["seen"]));
  });

  it("unsubscribe: delivers nothing more of that filter, and all of the others (MQTT-3.10.4-2)", async () => {
    const client = await connected();
    await client.subscribe(["a", 2], ["b", 2], ["c", 2]);
    await client.unsubscribe("b");
    for (const topic of ["a", "b", "c"]) await publish(client, topic, topic, 1);
    expect((await receive(client, 2)).map(({ payload }) => payload)).toEqual(["a", "c"]);
  });

  it("QoS 2: delivers exactly once, though PUBLISH and PUBREL come twice (MQTT-4.3.3-2)", async () => {
    const watcher = await connected();
    await watcher.subscribe(["exact", 2]);
    const sender = await connected();
    for (let times = 0; times < 2; times++) {
      sender.send(publishPacket("exact", "once", { qos: 2, id: 7 }));
      expect((await sender.next(PACKET.pubrec))?.body.readUInt16BE()).toBe(7);
    }
    for (let times = 0; times < 2; times++) {
      sender.acknowledge(PACKET.pubrel, 7);
      expect((await sender.next(PACKET.pubcomp))?.body.readUInt16BE()).toBe(7);
    }
    expect(await receive(watcher, 1)).toHaveLength(1);
  });
});
