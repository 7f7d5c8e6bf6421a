import { createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { createTopics, FAMILIES, type FamilyName, ROLE_PERMISSIONS } from "@beckon/protocol";
import { dialBroker } from "@beckon/runtime";
import { type AedesBroker, eventually, startAedes, startMosquitto, withDebian } from "@beckon/runtime/testing";
import fc from "fast-check";
import mqtt, { type MqttClient } from "mqtt";
import { generate } from "mqtt-packet";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { MqttGateOptions } from "./mqtt-gate.ts";
import { type OpenGate, openGate } from "./testing/open-gate.ts";
import { CONNECT, RawPage } from "./testing/raw-page.ts";

const FRAME = Buffer.alloc(35_000, "f");
const topics = createTopics();
const names = { camera: "desk", relay: "lamp", kind: "dashboard", id: "main", model: "letters" };
const pathOf = (family: FamilyName): string =>
  topics[family].pattern.replace(/<(\w+)>/g, (_, slot) => names[slot as keyof typeof names]);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Home {
  readonly broker: AedesBroker;
  readonly gate: OpenGate;
  /** On the broker itself. */
  readonly inside: MqttClient;
}

async function home(options: Partial<MqttGateOptions> = {}, broker?: Parameters<typeof startAedes>[0]): Promise<Home> {
  const started = await startAedes(broker);
  ends.push(() => started.stop());
  const gate = await gateTo(started.url, options);
  const inside = await mqtt.connectAsync(started.url, { username: "inside", password: "right" });
  ends.push(() => inside.end(true));
  return { broker: started, gate, inside };
}

async function gateTo(url: string, options: Parameters<typeof openGate>[1] = {}): Promise<OpenGate> {
  const gate = await openGate(url, options);
  ends.push(() => gate.close());
  return gate;
}

function rawPage({ url }: OpenGate, options: ConstructorParameters<typeof RawPage>[1] = {}): RawPage {
  const page = new RawPage(url, options);
  ends.push(() => page.socket.terminate());
  return page;
}

async function connected(gate: OpenGate): Promise<RawPage> {
  const page = rawPage(gate);
  expect(await page.connect()).toBe(0);
  return page;
}

/** What arrives at the broker. */
async function heard(inside: MqttClient): Promise<string[]> {
  const paths: string[] = [];
  inside.on("message", (path) => paths.push(path));
  await inside.subscribeAsync("#", { qos: 1 });
  return paths;
}

describe("a page at the gate", () => {
  it("speaks with the broker through it, as mqtt.js does", async () => {
    const { gate, inside } = await home();
    const paths = await heard(inside);
    const page = await mqtt.connectAsync(gate.url, { protocolVersion: 4, keepalive: 5, reconnectPeriod: 0 });
    ends.push(() => page.end(true));
    const messages: string[] = [];
    page.on("message", (path, payload) => messages.push(`${path} ${payload}`));
    await page.subscribeAsync(["beckon/+/text", "beckon/relay/+/state"], { qos: 1 });
    await inside.publishAsync("beckon/desk/text", "HELLO", { qos: 1 });
    await inside.publishAsync("beckon/relay/lamp/state", "{}", { qos: 0 });
    await eventually(() => messages.length === 2);
    expect(messages.sort()).toEqual(["beckon/desk/text HELLO", "beckon/relay/lamp/state {}"]);
    await page.publishAsync("beckon/relay/lamp/set", "ON", { qos: 1 });
    await page.publishAsync("beckon/phone/frame", FRAME, { qos: 0 });
    await page.unsubscribeAsync("beckon/+/text");
    await eventually(() => paths.includes("beckon/phone/frame"));
    expect(paths).toContain("beckon/relay/lamp/set");
    expect(gate.stats.read()).toMatchObject({ drops: {}, counters: { logins: 1 }, gauges: { pages: 1 } });
    await page.endAsync();
    await eventually(() => gate.stats.read().gauges["pages"] === 0);
  });

  it("ends where the page ends, and the page where the broker ends", async () => {
    const { gate, broker } = await home();
    const [leaving, staying] = [await connected(gate), await connected(gate)];
    expect(broker.broker.connectedClients).toBe(3);
    leaving.socket.terminate();
    await eventually(() => broker.broker.connectedClients === 2);
    await broker.stop();
    await staying.ended();
    expect(gate.drops()).toEqual({});
  });

  it("has a client id of its own, whatever it calls itself", async () => {
    const { gate, broker } = await home();
    const ids: string[] = [];
    broker.broker.on("clientReady", ({ id }) => {
      if (!id.startsWith("mqttjs")) ids.push(id);
    });
    const pages = [await connected(gate), await connected(gate)];
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^beckon-page-[0-9a-f]{16}$/);
    for (const page of pages) expect(await page.settle()).toBe(true);
  });

  it("is told goodbye when the gate closes, and no other is let in", async () => {
    const { gate } = await home();
    const page = await connected(gate);
    gate.gate.close();
    await page.ended();
    const late = await rawPage(gate).opened();
    expect(late.status).toBe(503);
  });
});

describe("what a page publishes", () => {
  const allowed: readonly string[] = ROLE_PERMISSIONS.admin.publish.map(({ topics: name }) => name);

  it.each(FAMILIES.map((family) => [family, allowed.includes(family)] as const))(
    "under %s is passed on: %s",
    async (family, passes) => {
      const { gate, inside } = await home();
      const paths = await heard(inside);
      const page = await connected(gate);
      page.send({
        cmd: "publish",
        topic: pathOf(family),
        payload: "x",
        qos: 1,
        messageId: 7,
        dup: false,
        retain: false,
      });
      if (passes) {
        expect((await page.next("puback"))?.messageId).toBe(7);
        await eventually(() => paths.includes(pathOf(family)));
      } else {
        await page.ended();
        expect(gate.drops()).toEqual({ "refused-publish": 1 });
        expect(gate.warnings.join()).toContain(JSON.stringify(pathOf(family)));
        await inside.publishAsync("end", "");
        await eventually(() => paths.includes("end"));
        expect(paths).toEqual(["end"]);
      }
    },
  );

  it.each([
    "beckon/relay/lamp/set/more",
    "beckon/relay/<script>/set",
    "beckon/relay/../set",
    "beckon/Phone/frame",
    "elsewhere/relay/lamp/set",
    "beckon",
    "$SYS/x",
    "cmnd/plug/POWER",
  ])("to %s ends it", async (topic) => {
    const { gate } = await home();
    const page = await connected(gate);
    page.send({ cmd: "publish", topic, payload: "x", qos: 0, dup: false, retain: false });
    await page.ended();
    expect(gate.drops()).toEqual({ "refused-publish": 1 });
  });

  it("is the frames of one camera", async () => {
    const { gate, inside } = await home();
    const paths = await heard(inside);
    const page = await connected(gate);
    const frame = (topic: string) =>
      page.send({ cmd: "publish", topic, payload: FRAME, qos: 0, dup: false, retain: false });
    frame("beckon/phone/frame");
    frame("beckon/phone/frame");
    await eventually(() => paths.length === 2);
    frame("beckon/desk/frame");
    await page.ended();
    expect(gate.drops()).toEqual({ "second-camera": 1 });
    expect(paths).toEqual(["beckon/phone/frame", "beckon/phone/frame"]);
    const other = await connected(gate);
    other.send({ cmd: "publish", topic: "beckon/desk/frame", payload: FRAME, qos: 0, dup: false, retain: false });
    await eventually(() => paths.length === 3);
  });

  const publish = { cmd: "publish", topic: "beckon/relay/lamp/set", payload: "ON", dup: false, retain: false } as const;
  it.each([
    ["retained", { ...publish, qos: 1, messageId: 1, retain: true }, "refused-publish"],
    ["of QoS 2", { ...publish, qos: 2, messageId: 1 }, "refused-packet"],
    ["a command of over 64 kB", { ...publish, qos: 0, payload: Buffer.alloc(65_537) }, "too-large"],
    [
      "a frame of over 2 MB",
      { ...publish, topic: "beckon/desk/frame", qos: 0, payload: Buffer.alloc(2_000_001) },
      "too-large",
    ],
  ] as const)("ends it when it is %s", async (_, packet, loss) => {
    const { gate, inside } = await home();
    const paths = await heard(inside);
    const page = await connected(gate);
    page.send(packet);
    await page.ended();
    expect(gate.drops()).toEqual({ [loss]: 1 });
    await inside.publishAsync("end", "");
    await eventually(() => paths.includes("end"));
    expect(paths).toEqual(["end"]);
  });
});

describe("what a page subscribes to", () => {
  it.each([
    ...FAMILIES.map(pathOf),
    ...FAMILIES.map((family) => topics[family].pattern.replace(/<\w+>/g, "+")),
    "beckon/#",
  ])("is granted: %s", async (filter) => {
    const { gate } = await home();
    const page = await connected(gate);
    expect(await page.subscribe([filter], 1)).toEqual([1]);
    expect(gate.drops()).toEqual({});
  });

  it.each([
    "#",
    "+/desk/text",
    "elsewhere/#",
    "$SYS/#",
    "$share/group/beckon/+/frame",
    "beckon",
    "beckonx/#",
    "/beckon/#",
  ])("is refused, and the rest goes on: %s", async (filter) => {
    const { gate, inside } = await home();
    const page = await connected(gate);
    expect(await page.subscribe([filter])).toEqual([0x80]);
    expect(await page.subscribe(["beckon/desk/text", filter, "beckon/+/frame"], 1, 2)).toEqual([1, 0x80, 1]);
    await inside.publishAsync("elsewhere/x", "secret");
    await inside.publishAsync("beckon/desk/text", "HELLO");
    await eventually(() => page.messages().length > 0);
    expect(page.messages()).toEqual([{ topic: "beckon/desk/text", payload: "HELLO" }]);
    expect(gate.drops()).toEqual({ "refused-subscribe": 2 });
  });

  it("is given with QoS 1 at most, and is left again", async () => {
    const { gate, inside } = await home();
    const page = await connected(gate);
    expect(await page.subscribe(["beckon/desk/text"], 2)).toEqual([1]);
    page.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: ["beckon/desk/text", "never/had"] });
    expect((await page.next("unsuback"))?.messageId).toBe(9);
    page.send({ cmd: "unsubscribe", messageId: 10, unsubscriptions: ["never/had"] });
    expect((await page.next("unsuback"))?.messageId).toBe(10);
    await inside.publishAsync("beckon/desk/text", "HELLO", { qos: 1 });
    await page.settle();
    expect(page.messages()).toEqual([]);
  });

  it("is at most 256 filters", async () => {
    const { gate } = await home();
    const page = await connected(gate);
    const filters = Array.from({ length: 257 }, (_, index) => `beckon/c${index}/text`);
    expect(await page.subscribe(filters)).toEqual([...filters.slice(1).map(() => 0), 0x80]);
  });
});

describe("a CONNECT", () => {
  it.each([
    ["with a last will", { will: { topic: "beckon/relay/lamp/set", payload: "ON", qos: 0, retain: false } }],
    ["for a lasting session", { clean: false }],
    ["without a keepalive", { keepalive: 0 }],
    ["with a keepalive of an hour", { keepalive: 3600 }],
  ] as const)("%s is not answered", async (_, fields) => {
    const { gate } = await home();
    expect(await rawPage(gate).connect(fields)).toBeUndefined();
    expect(gate.drops()).toEqual({ "refused-connect": 1 });
  });

  it("of MQTT 5 is answered with return code 1", async () => {
    const { gate } = await home();
    expect(await rawPage(gate).connect({ protocolVersion: 5 })).toBe(1);
    expect(gate.drops()).toEqual({ "refused-connect": 1 });
  });

  it("hands the user and password to the broker, and its yes or no to the page", async () => {
    const { gate } = await home(
      {},
      {
        authenticate: (_client, user, password, done) => {
          const isRight = user !== undefined && String(password) === "right";
          const error = Object.assign(new Error("no"), { returnCode: user === undefined ? 5 : 4 });
          if (isRight) done(null, true);
          else done(error as never, null);
        },
      },
    );
    expect(await rawPage(gate).connect({ username: "anna", password: Buffer.from("right") })).toBe(0);
    const refused = rawPage(gate);
    expect(await refused.connect({ username: "anna", password: Buffer.from("wrong") })).toBe(4);
    await refused.ended();
    expect(await rawPage(gate).connect()).toBe(5);
    expect(gate.drops()).toEqual({});
    expect(gate.stats.read().counters).toEqual({ logins: 1 });
  });

  it("without a user is refused with 5 where one is required, unless it comes from this machine", async () => {
    const { gate } = await home({ requireLogin: true });
    expect(await rawPage(gate).connect()).toBe(0);
    const elsewhere = await gateTo("mqtt://127.0.0.1:1", { requireLogin: true, from: "192.0.2.7" });
    expect(await rawPage(elsewhere).connect()).toBe(5);
    expect(await rawPage(elsewhere).connect({ username: "" })).toBe(5);
    expect(await rawPage(elsewhere).connect({ username: "anna" })).toBe(3);
  });

  it("is answered with 3 while the broker is away, and let in when it is back", async () => {
    const { gate, broker } = await home();
    await broker.stop();
    const page = rawPage(gate);
    expect(await page.connect()).toBe(3);
    await page.ended();
    expect(gate.drops()).toEqual({ "no-broker": 1 });
    await broker.restart();
    await connected(gate);
  });

  it.each([
    ["says nothing", (_: Socket) => {}, "no answer"],
    ["closes", (socket: Socket) => socket.end(), "closed by the broker"],
    ["cannot be dialled", undefined, "no way"],
  ])("is answered with 3 when the broker %s", async (_, behave, cause) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      behave?.(socket);
    }).listen(0, "127.0.0.1");
    await eventually(() => server.listening);
    ends.push(() => server.close());
    const { port } = server.address() as { port: number };
    const visit = (): Duplex => {
      if (!behave) throw new Error("no way");
      return dialBroker({ url: `mqtt://127.0.0.1:${port}` });
    };
    const gate = await gateTo("", { visit, limits: { loginMs: 200 } });
    expect(await rawPage(gate).connect()).toBe(3);
    expect(gate.drops()).toEqual({ "no-broker": 1 });
    expect(gate.warnings.join()).toContain(cause);
  });

  it("is waited for so long and no longer", async () => {
    const { gate } = await home({ limits: { loginMs: 100 } });
    const [silent, slow] = [await rawPage(gate).opened(), await rawPage(gate).opened()];
    slow.send(generate(CONNECT).subarray(0, 5));
    await silent.ended();
    await slow.ended();
    expect(gate.drops()).toEqual({ silent: 2 });
  });
});

describe("an upgrade", () => {
  it.each([
    ["a foreign origin", { headers: { Origin: "http://evil.example" } }, 403, "foreign-origin"],
    ["another port of this machine", { headers: { Origin: "http://127.0.0.1:1" } }, 403, "foreign-origin"],
    ["no origin that is one", { headers: { Origin: "null" } }, 403, "foreign-origin"],
    ["a foreign host", { headers: { Host: "evil.example" } }, 403, "foreign-host"],
    [
      "a foreign host and its own page",
      { headers: { Host: "evil.example", Origin: "http://evil.example" } },
      403,
      "foreign-host",
    ],
    ["no subprotocol", { protocol: "" }, 400, "no-mqtt"],
    ["another subprotocol", { protocol: "soap" }, 400, "no-mqtt"],
  ])("with %s is refused", async (_, options, status, loss) => {
    let visits = 0;
    const gate = await gateTo("", {
      visit: () => {
        visits += 1;
        return new Duplex();
      },
    });
    expect((await rawPage(gate, options).opened()).status).toBe(status);
    expect(gate.drops()).toEqual({ [loss]: 1 });
    expect(gate.warnings[0]).toContain(loss);
    expect(visits).toBe(0);
  });

  it("of a program, of the page of its own origin and of one that is configured is taken", async () => {
    const { gate } = await home({ origins: ["https://home.example"], hosts: ["pi.local"] });
    const own = { Host: `pi.local:${gate.port}`, Origin: `http://pi.local:${gate.port}` };
    for (const headers of [{}, own, { Origin: "https://home.example" }])
      expect(await rawPage(gate, { headers }).connect()).toBe(0);
  });

  it("is refused while so many pages are open, and taken when one has gone", async () => {
    const { gate } = await home({ limits: { pages: 2 } });
    const [first] = [await connected(gate), await connected(gate)];
    expect((await rawPage(gate).opened()).status).toBe(503);
    expect(gate.drops()).toEqual({ "too-many-pages": 1 });
    first.socket.close();
    await first.ended();
    await connected(gate);
  });

  it("is refused to an address of which so many have not logged in, and taken when one has", async () => {
    const { gate } = await home({ limits: { strangers: 2 } });
    await connected(gate);
    const [first] = [await rawPage(gate).opened(), await rawPage(gate).opened()];
    expect((await rawPage(gate).opened()).status).toBe(503);
    expect(gate.warnings.join()).toContain("2 of 127.0.0.1 have not logged in");
    expect(await first?.connect()).toBe(0);
    await connected(gate);
  });
});

describe("bytes that are no MQTT", () => {
  it.each([
    ["a text", "hello", "malformed"],
    ["garbage", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "refused-connect"],
    ["a reserved type", Buffer.from([0xf0, 0]), "refused-connect"],
    ["a length without an end", Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff]), "malformed"],
    ["an announced packet of 200 MB", Buffer.from([0x10, 0xff, 0xff, 0xff, 0x5f]), "too-large"],
    [
      "a CONNECT of 100 kB",
      generate({ ...CONNECT, username: "u".repeat(50_000), password: Buffer.alloc(50_000) }),
      "too-large",
    ],
    ["a WebSocket message of 3 MB", Buffer.alloc(3_000_000), "too-large"],
    ["another packet first", generate({ cmd: "pingreq" }), "refused-connect"],
  ])("end it: %s", async (_, bytes, loss) => {
    const { gate } = await home();
    const page = await rawPage(gate).opened();
    page.socket.send(bytes);
    await page.ended();
    expect(gate.drops()).toEqual({ [loss]: 1 });
  });

  it.each([
    ["a second CONNECT", generate(CONNECT), "refused-packet"],
    ["a packet of the broker's", generate({ cmd: "pingresp" }), "refused-packet"],
    ["a SUBSCRIBE without a filter", Buffer.from([0x82, 2, 0, 1]), "malformed"],
    ["a SUBSCRIBE with the identifier 0", Buffer.from([0x82, 6, 0, 0, 0, 1, 97, 0]), "malformed"],
    ["a topic that is cut off", Buffer.from([0x30, 3, 0, 9, 97]), "malformed"],
    ["PUBREL", generate({ cmd: "pubrel", messageId: 1 }), "refused-packet"],
  ])("end it after the log-in: %s", async (_, bytes, loss) => {
    const { gate } = await home();
    const page = await connected(gate);
    page.send(bytes);
    await page.ended();
    expect(gate.drops()).toEqual({ [loss]: 1 });
  });

  it("are taken in whatever pieces they come", async () => {
    const { gate } = await home();
    const page = await rawPage(gate).opened();
    for (const byte of generate(CONNECT)) page.send(Buffer.from([byte]));
    expect((await page.next("connack"))?.cmd).toBe("connack");
    page.send(Buffer.concat([generate({ cmd: "pingreq" }), generate({ cmd: "pingreq" })]));
    await page.next("pingresp");
    await page.next("pingresp");
  });

  it("keep nobody waiting, for a message of a million packets ends it, and one of a thousand does not", async () => {
    const { gate } = await home();
    const page = await connected(gate);
    const ping = generate({ cmd: "pingreq" });
    page.send(Buffer.concat(Array.from({ length: 1000 }, () => ping)));
    await eventually(() => page.packets.length === 1000);
    page.send(Buffer.alloc(2_000_000, ping));
    await page.ended();
    expect(gate.drops()).toEqual({ "refused-packet": 1 });
    expect(gate.warnings.join()).toContain("more than 1024 packets in one message");
  });

  it("keep nobody waiting, for of many messages one is heard at a turn", async () => {
    let turn = 0;
    let turning = setImmediate(function next() {
      turn += 1;
      turning = setImmediate(next);
    });
    ends.push(() => clearImmediate(turning));
    const heardAt: number[] = [];
    const broker = new Duplex({
      read: () => {},
      write: (_packet, _encoding, done) => {
        if (heardAt.push(turn) === 1) broker.push(Buffer.from([0x20, 2, 0, 0]));
        done();
      },
    });
    const page = await connected(await gateTo("", { visit: () => broker }));
    for (let sent = 0; sent < 50; sent++) page.send({ cmd: "pingreq" });
    await eventually(() => heardAt.length === 51);
    expect(new Set(heardAt).size).toBe(51);
  });

  it("never do more than end it, whatever they are", async () => {
    const { gate, inside } = await home();
    const paths = await heard(inside);
    const packet = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc
        .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 40 }))
        .map(([first, body]) => Uint8Array.from([first, body.length, ...body])),
      fc.constant(generate({ cmd: "pingreq" })),
      fc.constant(generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "beckon/+/text", qos: 1 }] })),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(packet, { minLength: 1, maxLength: 8 }), async (logsIn, packets) => {
        const page = rawPage(gate);
        if (logsIn) expect(await page.connect()).toBe(0);
        else await page.opened();
        for (const bytes of packets) if (page.socket.readyState === WebSocket.OPEN) page.send(bytes);
        // It serves, or it has ended; what it waits for is cut off by the page's going.
        page.socket.close();
        await page.ended();
      }),
      { numRuns: 200 },
    );
    expect(await (await connected(gate)).settle()).toBe(true);
    expect(paths.filter((path) => path !== "beckon/relay/lamp/set")).toEqual([]);
    await eventually(() => gate.stats.read().gauges["pages"] === 1);
  });
});

describe("a page that reads nothing", () => {
  const FRAMES = 600;

  it("misses frames, gets the newest when it reads again, and delays nobody", async () => {
    const { gate, inside } = await home();
    const [slow, quick] = [await connected(gate), await connected(gate)];
    for (const page of [slow, quick]) await page.subscribe(["beckon/+/frame"]);
    slow.socket.pause();
    for (let sent = 1; sent <= FRAMES; sent++) {
      const frame = Buffer.from(FRAME);
      frame.write(`${sent};`);
      await inside.publishAsync("beckon/desk/frame", frame);
      // A quick reader is never behind by more than it may be, however busy the machine.
      if (sent % 4 === 0) await eventually(() => quick.packets.length === sent);
    }
    expect(quick.messages().map(({ payload }) => Number.parseInt(payload, 10))).toEqual(
      Array.from({ length: FRAMES }, (_, index) => index + 1),
    );
    const dropped = gate.drops()["slow-page"] ?? 0;
    expect(dropped).toBeGreaterThan(FRAMES / 2);
    slow.socket.resume();
    await eventually(() => slow.packets.length === FRAMES - dropped);
    const seen = slow.messages().map(({ payload }) => Number.parseInt(payload, 10));
    expect(seen.at(-1)).toBe(FRAMES);
    // Not even the system's buffers were filled with old pictures.
    expect(seen.length * FRAME.length).toBeLessThan(500_000);
    expect(gate.drops()).toEqual({ "slow-page": dropped });
    await inside.publishAsync("beckon/desk/frame", FRAME);
    await eventually(() => slow.packets.length === FRAMES - dropped + 1);
  });

  it("is disconnected when more waits than may, and the others stay", async () => {
    const { gate, inside } = await home({ limits: { stuckBytes: 1_000_000 } });
    const [stuck, quick] = [await connected(gate), await connected(gate)];
    for (const page of [stuck, quick]) await page.subscribe(["beckon/desk/text"], 1);
    stuck.socket.pause();
    for (let sent = 1; sent <= 40; sent++) {
      await inside.publishAsync("beckon/desk/text", FRAME, { qos: 0 });
      await inside.publishAsync("beckon/desk/text", FRAME, { qos: 1 });
      await eventually(() => quick.packets.length === 2 * sent);
    }
    await eventually(() => gate.drops()["stuck-page"] === 1);
    stuck.socket.resume();
    await stuck.ended();
    expect(await quick.settle()).toBe(true);
  });
});

describe("a broker that does what none should", () => {
  /** Says yes to a CONNECT, and then what it is told. */
  async function gateBefore(then: (socket: Socket) => void, limits: MqttGateOptions["limits"] = {}): Promise<OpenGate> {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      ends.push(() => socket.destroy());
      socket.once("data", () => {
        socket.write(Buffer.from([0x20, 2, 0, 0]));
        then(socket);
      });
    }).listen(0, "127.0.0.1");
    await eventually(() => server.listening);
    ends.push(() => server.close());
    return gateTo(`mqtt://127.0.0.1:${(server.address() as { port: number }).port}`, { limits });
  }

  it.each([
    ["a second CONNACK", Buffer.from([0x20, 2, 0, 0])],
    ["a packet that only a client sends", generate({ cmd: "pingreq" })],
    ["a length that is none", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff])],
    ["a SUBACK without a code", Buffer.from([0x90, 2, 0, 1])],
    ["a SUBACK of 2 MB", Buffer.concat([Buffer.from([0x90, 0x80, 0x92, 0xf4, 1]), Buffer.alloc(100)])],
  ])("ends the page by %s", async (_, bytes) => {
    const gate = await gateBefore((socket) => socket.write(bytes));
    const page = await connected(gate);
    await page.ended();
    expect(gate.drops()["bad-broker"]).toBe(1);
  });

  it("sends more than a page is given, which the page never sees", async () => {
    const publish = { cmd: "publish", topic: "beckon/desk/snapshot", qos: 0, dup: false, retain: false } as const;
    const gate = await gateBefore((socket) => {
      socket.write(generate({ ...publish, payload: Buffer.alloc(2_100_000) }));
      socket.write(generate({ ...publish, payload: "small" }));
    });
    const page = await connected(gate);
    await eventually(() => page.messages().length > 0);
    expect(page.messages()).toEqual([{ topic: "beckon/desk/snapshot", payload: "small" }]);
    expect(gate.drops()).toEqual({ "too-large": 1 });
  });

  it("takes nothing, which only the page that sends must wait for, and not for ever", async () => {
    const gate = await gateBefore((socket) => socket.pause(), { stuckMs: 300 });
    const page = await connected(gate);
    const frame = { cmd: "publish", topic: "beckon/phone/frame", payload: Buffer.alloc(1_900_000), qos: 0 } as const;
    for (let sent = 0; sent < 12; sent++) page.send({ ...frame, dup: false, retain: false });
    await page.ended();
    expect(gate.drops()).toEqual({ "stuck-broker": 1 });
  });
});

withDebian("mosquitto")("a page before mosquitto", () => {
  it("sees, switches and is refused as before any broker", async () => {
    const mosquitto = await startMosquitto();
    ends.push(() => mosquitto.stop());
    const gate = await gateTo(mosquitto.url);
    const page = await connected(gate);
    expect(await page.subscribe(["beckon/relay/+/set", "#", "$SYS/#"], 1)).toEqual([1, 0x80, 0x80]);
    page.send({
      cmd: "publish",
      topic: "beckon/relay/lamp/set",
      payload: "ON",
      qos: 1,
      messageId: 3,
      dup: false,
      retain: false,
    });
    expect((await page.next("puback"))?.messageId).toBe(3);
    await eventually(() => page.messages().length === 1);
    page.send({ cmd: "publish", topic: "beckon/relay/lamp/state", payload: "{}", qos: 0, dup: false, retain: false });
    await page.ended();
    expect(gate.drops()).toEqual({ "refused-subscribe": 2, "refused-publish": 1 });
  });
});
