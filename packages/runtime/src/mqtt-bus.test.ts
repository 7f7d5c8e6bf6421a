import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTopics } from "@beckon/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bus } from "./bus.ts";
import { SubscriptionRefused } from "./bus.ts";
import { connectMqttBus, type MqttBus, type MqttBusOptions } from "./mqtt-bus.ts";
import { ServiceFailure } from "./service.ts";
import { Stats } from "./stats.ts";
import {
  type AedesBroker,
  debianProgram,
  eventually,
  startAedes,
  startMosquitto,
  startTcpProxy,
  type TcpProxy,
  withDebian,
} from "./testing/index.ts";

const topics = createTopics();
const words = topics.text({ camera: "desk" });
const spelled = (text: string) => ({ text, last: "", at: 1 });
const status = topics.status({ kind: "relay", id: "desk" });
const { signal } = new AbortController();

/** What a test started, ended in reverse. */
const cleanups: (() => unknown)[] = [];
const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function open(options: Partial<MqttBusOptions> & { url: string }): MqttBus {
  const log = {
    info: (message: unknown) => lines.push(`info ${message}`),
    warn: (message: unknown) => lines.push(`warn ${message}`),
  };
  const bus = connectMqttBus({ clientId: "reader", stats: new Stats(), ...options, log });
  cleanups.push(() => bus.close());
  return bus;
}

async function up(bus: Bus): Promise<Bus> {
  await eventually(() => bus.connected);
  return bus;
}

async function proxied(port: number): Promise<TcpProxy & { url: string }> {
  const proxy = await startTcpProxy(port);
  cleanups.push(() => proxy.stop());
  return Object.assign(proxy, { url: `mqtt://127.0.0.1:${proxy.port}` });
}

async function aedes(options?: Parameters<typeof startAedes>[0]): Promise<AedesBroker> {
  const broker = await startAedes(options);
  cleanups.push(() => broker.stop());
  return broker;
}

async function mosquitto(settings: readonly string[] = []) {
  const broker = await startMosquitto({ lines: settings });
  cleanups.push(() => broker.stop());
  return broker;
}

const brokers = [
  ["aedes", describe, aedes],
  ["mosquitto", withDebian("mosquitto"), mosquitto],
] as const;

for (const [name, describeHere, start] of brokers)
  describeHere(`the bus over ${name}`, () => {
    it("comes back by itself with its subscriptions", async () => {
      const broker = await start();
      const bus = open({ url: broker.url });
      const told: string[] = [];
      bus.onConnect(() => told.push("up"));
      bus.onDisconnect(() => told.push("down"));
      const messages = bus.subscribe(words, { signal });
      await messages.granted;
      await broker.restart();
      await eventually(() => told.length === 3 && bus.connected);
      expect(told).toEqual(["up", "down", "up"]);
      expect(await bus.publish(words, spelled("BACK"))).toBe(true);
      for await (const { value } of messages) {
        expect(value.text).toBe("BACK");
        break;
      }
    });

    it("sends nothing later of what was published without a connection", async () => {
      const broker = await start();
      const proxy = await proxied(broker.port);
      const got: string[] = [];
      const reader = open({ url: broker.url });
      const messages = reader.subscribe(words, { signal });
      void (async () => {
        for await (const { value } of messages) got.push(value.text);
      })();
      await messages.granted;
      const writer = await up(open({ url: proxy.url, clientId: "writer" }));
      await proxy.cut();
      await eventually(() => !writer.connected);
      const sent = await Promise.all(
        Array.from({ length: 2000 }, (_, index) =>
          writer.publish({ ...words, qos: index % 2 === 0 ? 0 : 1 }, spelled(`OLD${index}`)),
        ),
      );
      expect(new Set(sent)).toEqual(new Set([false]));
      await proxy.restore();
      await up(writer);
      await writer.publish(words, spelled("NEW"));
      await eventually(() => got.includes("NEW"));
      expect(got).toEqual(["NEW"]);
    });

    it("answers false for what was on its way when the connection broke", async () => {
      const broker = await start();
      const proxy = await proxied(broker.port);
      const bus = await up(open({ url: proxy.url }));
      proxy.blackHole();
      const sent = [
        bus.publish(words, spelled("A")),
        bus.publish(
          { ...words, qos: 0, codec: { ...words.codec, encode: () => new Uint8Array(20_000_000) } },
          spelled("B"),
        ),
      ];
      await eventually(() => bus.backlog > 1_000_000);
      proxy.reset();
      expect(await Promise.all(sent)).toEqual([false, false]);
      expect(bus.backlog).toBe(0);
    });

    it("has its last will published when its link dies, and not when it says goodbye", async () => {
      const broker = await start();
      const proxy = await proxied(broker.port);
      const reader = open({ url: broker.url });
      const states = reader.subscribe(status, { signal })[Symbol.asyncIterator]();
      const will = {
        topic: status.path,
        payload: status.codec.encode({ state: "offline", boot: "mg2k1x0z-a9f3" } as never),
      };
      const polite = await up(open({ url: broker.url, clientId: "polite", will }));
      await polite.close();
      const writer = open({ url: proxy.url, clientId: "writer", will });
      await up(writer);
      await proxy.cut();
      const { value } = await states.next();
      expect(value).toMatchObject({ value: { state: "offline" }, retained: false });
      await reader.close();
      expect(await states.next()).toMatchObject({ done: true });
    });

    it("notices a link on which nothing passes, and leaves it", async () => {
      const broker = await start();
      const proxy = await proxied(broker.port);
      const bus = await up(open({ url: proxy.url }));
      proxy.blackHole();
      await eventually(() => !bus.connected);
      expect(lines.at(-1)).toBe(`warn lost the broker at ${proxy.url}: no answer`);
      await proxy.restore();
      await up(bus);
    });

    it("lets the newcomer go when two processes use one client id", async () => {
      const { url } = await start();
      const incumbent = await up(open({ url, clientId: "twin" }));
      await sleep(2100);
      const newcomer = open({ url, clientId: "twin" });
      await expect(newcomer.failed).rejects.toThrow(
        `the broker at ${url} closes each connection of the client id "twin" at once: another process uses it`,
      );
      expect(await newcomer.failed.catch((error: unknown) => error)).toBeInstanceOf(ServiceFailure);
      await up(incumbent);
      await sleep(1000);
      expect([incumbent.connected, newcomer.connected]).toEqual([true, false]);
      expect(await newcomer.publish(words, spelled("A"))).toBe(false);
    });

    it("waits for a broker that is not there, and says so once", async () => {
      const broker = await start();
      const proxy = await proxied(broker.port);
      await proxy.cut();
      const bus = open({ url: proxy.url });
      expect(await bus.publish(words, spelled("A"))).toBe(false);
      await sleep(1500);
      expect(lines).toEqual([`warn no broker at ${proxy.url}: connection refused; trying again and again`]);
      await proxy.restore();
      await up(bus);
    });
  });

withDebian("mosquitto")("the bus over a mosquitto that waits for each acknowledgement", () => {
  it("gets one message of QoS 1 after the other, alone or with others", async () => {
    const { url } = await mosquitto(["max_inflight_messages 1"]);
    const reader = await up(open({ url }));
    const messages = reader.subscribe(words, { signal });
    await messages.granted;
    const writer = await up(open({ url, clientId: "writer" }));
    const texts = Array.from({ length: 200 }, (_, index) => String(index));
    const sent = texts.map((text) => writer.publish(words, spelled(text)));
    const read: string[] = [];
    for await (const { value, qos } of messages) {
      expect(qos).toBe(1);
      if (read.push(value.text) === texts.length) break;
    }
    expect(read).toEqual(texts);
    expect(await Promise.all(sent)).not.toContain(false);
  });
});

describe("the bus over a broker without MQTT 5", () => {
  it("asks for 5 once, and from then on for 3.1.1", async () => {
    const broker = await aedes();
    const proxy = await proxied(broker.port);
    const bus = await up(open({ url: proxy.url }));
    expect(proxy.accepted).toBe(2);
    expect(lines).toEqual([`info connected to ${proxy.url} (MQTT 3.1.1)`]);
    proxy.reset();
    await eventually(() => !bus.connected);
    await up(bus);
    expect(proxy.accepted).toBe(3);
  });

  it("subscribes once, with all filters in one packet, at each connection", async () => {
    const broker = await aedes();
    const proxy = await proxied(broker.port);
    const bus = open({ url: proxy.url });
    const asked: string[][] = [];
    broker.broker.on("subscribe", (subscriptions) => asked.push(subscriptions.map(({ topic }) => topic)));
    bus.subscribe(topics.text.matching({ camera: ["a", "b"] }), { signal });
    bus.subscribe(topics.frame.matching(), { signal });
    const all = ["beckon/a/text", "beckon/b/text", "beckon/+/frame"];
    await eventually(() => asked.length === 1);
    proxy.reset();
    await eventually(() => asked.length > 1);
    await sleep(200);
    expect(asked).toEqual([all, all]);
  });

  it("does not fall back after a network error", async () => {
    const broker = await mosquittoOrAedes();
    const proxy = await proxied(broker.port);
    await proxy.cut();
    const bus = open({ url: proxy.url });
    await sleep(500);
    await proxy.restore();
    await up(bus);
    expect(lines.at(-1)).toBe(`info connected to ${proxy.url} (MQTT ${broker.newest})`);
  });

  it("ends a subscription that the broker refuses with an error, and leaves the others alone", async () => {
    const { url } = await aedes({
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, subscription.topic.startsWith("$share/") ? null : subscription),
    });
    const bus = open({ url });
    const fine = bus.subscribe(words, { signal });
    const shared = bus.subscribe(topics.frame.matching({}, "group"), { signal });
    await expect(shared.granted).rejects.toThrow(SubscriptionRefused);
    await expect(shared[Symbol.asyncIterator]().next()).rejects.toThrow(
      "the broker refuses a subscription to $share/group/beckon/+/frame",
    );
    await fine.granted;
    await bus.publish(words, spelled("A"));
    expect((await fine[Symbol.asyncIterator]().next()).value).toMatchObject({ value: { text: "A" } });
  });

  it("connects through a stream of this process in place of a socket", async () => {
    const { broker } = await aedes();
    const folder = mkdtempSync(join(tmpdir(), "beckon-bus-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "socket");
    const server = createServer((socket) => broker.handle(socket));
    cleanups.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const bus = await up(open({ url: "mqtt://here", stream: () => createConnection(path) }));
    expect(await bus.publish(words, spelled("A"))).toBe(true);
  });
});

async function mosquittoOrAedes() {
  const found = debianProgram("mosquitto") !== undefined;
  return found ? Object.assign(await mosquitto(), { newest: "5" }) : Object.assign(await aedes(), { newest: "3.1.1" });
}

describe("what cannot come back", () => {
  it("is a password that a broker with MQTT 3.1.1 refuses", async () => {
    const { port } = await aedes({
      authenticate: (_client, user, password, done) =>
        user === "me" && String(password) === "p:%w"
          ? done(null, true)
          : done(Object.assign(new Error("no"), { returnCode: 4 }), false),
    });
    const right = open({ url: `mqtt://me:p%3A%25w@127.0.0.1:${port}` });
    await up(right);
    expect(lines.join()).not.toContain("p:%w");
    const wrong = open({ url: `mqtt://me:no@127.0.0.1:${port}`, clientId: "wrong" });
    await expect(wrong.failed).rejects.toThrow(
      `the broker at mqtt://127.0.0.1:${port} refuses the user "me" or its password: see mqtt.username and mqtt.password`,
    );
    const nobody = open({ url: `mqtt://127.0.0.1:${port}`, clientId: "nobody" });
    await expect(nobody.failed).rejects.toThrow("refuses connections without a user");
  });

  it("is a URL that is none", () => {
    for (const url of ["127.0.0.1", "http://127.0.0.1", "mqtt://", "mqtt://h:99999"])
      expect(() => open({ url })).toThrow(`"${url}" is no URL of a broker: write mqtt://host:1883`);
  });

  withDebian("mosquitto")("at mosquitto", () => {
    it("is a user that a broker with MQTT 5 refuses", async () => {
      const { url } = await mosquitto(["allow_anonymous false"]);
      const bus = open({ url, username: "me", password: "no" });
      await expect(bus.failed).rejects.toThrow(`the broker at ${url} refuses the user "me" or its password`);
      expect(bus.connected).toBe(false);
    });
  });

  withDebian("openssl")("with TLS", () => {
    withDebian("mosquitto")("of mosquitto", () => {
      it("is a certificate that is not trusted, unless its authority is named", async () => {
        const folder = mkdtempSync(join(tmpdir(), "beckon-tls-"));
        cleanups.push(() => rmSync(folder, { recursive: true }));
        const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
        const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
        execFileSync(debianProgram("openssl") ?? "openssl", [...request, ...subject, "-keyout", key, "-out", cert], {
          stdio: "pipe",
        });
        const { port } = await mosquitto([`certfile ${cert}`, `keyfile ${key}`]);
        const url = `mqtts://127.0.0.1:${port}`;
        await expect(open({ url }).failed).rejects.toThrow(
          `the certificate of the broker at ${url} is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): name its authority's file in mqtt.ca`,
        );
        const bus = await up(open({ url, tls: { ca: readFileSync(cert) } }));
        expect(await bus.publish(words, spelled("A"))).toBe(true);
        await expect(open({ url, tls: { cert: Buffer.from("no"), key: Buffer.from("no") } }).failed).rejects.toThrow(
          `cannot connect to ${url}: `,
        );
      });
    });
  });
});
