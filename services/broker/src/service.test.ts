import { mkdtempSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { type BusHost, createLogger, runService, ServiceFailure } from "@beckon/runtime";
import mqtt from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import { createWebSocketStream, WebSocket } from "ws";
import { BrokerConfig } from "./config.ts";
import { hashPassword } from "./password.ts";
import { createBrokerService } from "./service.ts";
import { openTestBroker, type TestBroker } from "./testing/open-test-broker.ts";
import { PACKET, publishPacket, RawClient } from "./testing/raw-client.ts";
import { selfSignedCertificate } from "./testing/self-signed-certificate.ts";

describe("the broker service", () => {
  const ends: (() => unknown)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const open = async (config: Record<string, unknown> = {}): Promise<TestBroker> => {
    const broker = await openTestBroker(config);
    ends.push(() => broker.close());
    return broker;
  };
  const raw = (port: number) => {
    const client = RawClient.to(port);
    ends.push(() => client.abort());
    return client;
  };
  const failure = async (config: Record<string, unknown>): Promise<string> => {
    const error = await open(config).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ServiceFailure);
    const { message } = error as ServiceFailure;
    expect(message).not.toContain("\n");
    return message;
  };
  const occupied = async (): Promise<number> => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    ends.push(() => server.close());
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  };

  describe("and where it listens", () => {
    it("says which port is in use and which setting to change", async () => {
      const port = await occupied();
      expect(await failure({ port })).toBe(
        `port ${port} on 127.0.0.1 is in use: set broker.port to another, or stop what listens there`,
      );
      expect(await failure({ websocketPort: port })).toContain("set broker.websocketPort");
    });

    it("takes the next free port when it may, and says where it is", async () => {
      const port = await occupied();
      const broker = await open({ port, portSearch: true });
      expect(broker.port).toBeGreaterThan(port);
      expect(broker.url).toBe(`mqtt://127.0.0.1:${broker.port}`);
      expect(await raw(broker.port).connect()).toBe(0);
    });

    it("leaves nothing open when one of its ports is in use", async () => {
      const [free, taken] = [await occupied(), await occupied()];
      await ends.splice(0, 1)[0]?.();
      await failure({ port: free, websocketPort: taken });
      const socket = connectTcp({ port: free, host: "127.0.0.1" });
      await expect(new Promise((resolve, reject) => socket.on("connect", resolve).on("error", reject))).rejects.toThrow(
        "ECONNREFUSED",
      );
    });

    it("refuses to be reached from outside without users, or on an address that is none of its own", async () => {
      expect(await failure({ host: "0.0.0.0" })).toBe(
        "the broker would let in everybody at 0.0.0.0:0: add broker.users, or set the host to 127.0.0.1",
      );
      expect(await failure({ host: "192.0.2.1", users: { a: await user("admin") } })).toContain(
        "no address of this machine",
      );
      expect(await failure({ port: null, websocketPort: null })).toContain("set broker.port");
    });

    it("is closed for good: its clients are gone, and the port is free again", async () => {
      const broker = await openTestBroker();
      const client = raw(broker.port);
      await client.connect();
      await broker.close();
      await client.ended();
      await (await open({ port: broker.port })).close();
    });

    it("lets mqtt.js work with it as with any broker", async () => {
      const { url, websocketUrl = "" } = await open();
      const [sender, receiver] = [await mqtt.connectAsync(url), await mqtt.connectAsync(websocketUrl)];
      ends.push(() => Promise.all([sender.endAsync(true), receiver.endAsync(true)]));
      const received = new Promise<string>((resolve) =>
        receiver.on("message", (_topic, bytes) => resolve(String(bytes))),
      );
      await receiver.subscribeAsync("desk/frame", { qos: 1 });
      await expect(receiver.subscribeAsync("$share/g/desk/frame")).rejects.toThrow();
      const payload = "p".repeat(300_000);
      await sender.publishAsync("desk/frame", payload, { qos: 1 });
      expect(await received).toBe(payload);
    });
  });

  describe("over WebSocket", () => {
    const upgrade = (port: number, headers: Record<string, string> = {}, protocol = "mqtt") =>
      new Promise<WebSocket | number>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocol, { headers });
        ends.push(() => socket.terminate());
        socket.on("open", () => resolve(socket));
        socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
        socket.on("error", () => {});
      });
    const isOpen = async (port: number, headers: Record<string, string>) =>
      (await upgrade(port, headers)) instanceof WebSocket;

    it("lets in programs, and the pages that are configured", async () => {
      const { websocketPort } = await open({ origins: ["http://127.0.0.1:8080", "https://home.example"] });
      expect(await isOpen(websocketPort, {})).toBe(true);
      expect(await isOpen(websocketPort, { Origin: "http://127.0.0.1:8080" })).toBe(true);
      expect(await isOpen(websocketPort, { Origin: "https://home.example" })).toBe(true);
    });

    it("answers 403 to every other page", async () => {
      const broker = await open({ origins: ["http://127.0.0.1:8080"] });
      const foreign = [
        "http://evil.example",
        "http://127.0.0.1:8081",
        "https://127.0.0.1:8080",
        "http://127.0.0.1:8080.evil.example",
        "http://localhost:8080",
        "null",
        "file://",
        "",
      ];
      for (const Origin of foreign) expect(await upgrade(broker.websocketPort, { Origin }), Origin).toBe(403);
      expect(broker.drops()["foreign-origin"]).toBe(foreign.length);
      expect(broker.warnings[0]).toContain('foreign-origin: a page of "http://evil.example"');
    });

    it("answers 403 to a name that is not its own, which a page could have led here", async () => {
      const { websocketPort, drops } = await open({ hosts: ["pi.local"] });
      for (const Host of [
        "evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.1:9001",
        "evil@127.0.0.1",
        "localhost.evil",
      ])
        expect(await upgrade(websocketPort, { Host }), Host).toBe(403);
      expect(drops()["foreign-host"]).toBe(5);
      for (const Host of ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9001", "pi.local:9001", "PI.local"])
        expect(await isOpen(websocketPort, { Host }), Host).toBe(true);
    });

    it("takes a page for its own that came from the very host and port it connects to", async () => {
      const { websocketPort } = await open({ hosts: ["home.example"] });
      expect(await isOpen(websocketPort, { Host: "home.example:8080", Origin: "http://home.example:8080" })).toBe(true);
      expect(await upgrade(websocketPort, { Host: "evil.example", Origin: "http://evil.example" })).toBe(403);
    });

    it("refuses other subprotocols, and plain requests", async () => {
      const { websocketPort } = await open();
      expect(await upgrade(websocketPort, {}, "soap")).toBe(400);
      expect((await fetch(`http://127.0.0.1:${websocketPort}/`)).status).toBe(426);
    });

    it("cuts off a message that is larger than any packet", async () => {
      const broker = await open({ maxPacketBytes: 65_536 });
      const socket = await upgrade(broker.websocketPort);
      if (!(socket instanceof WebSocket)) throw new Error("not open");
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket.send(Buffer.alloc(1_000_000, 0x30));
      await closed;
      expect(await raw(broker.port).connect()).toBe(0);
    });

    it("gives a healthy page every frame beside one that reads nothing", async () => {
      const broker = await open();
      const page = async () => {
        const socket = await upgrade(broker.websocketPort);
        if (!(socket instanceof WebSocket)) throw new Error("not open");
        const client = new RawClient(createWebSocketStream(socket));
        expect(await client.connect()).toBe(0);
        await client.subscribe(["desk/frame", 0]);
        return client;
      };
      const [healthy, frozen] = [await page(), await page()];
      frozen.stream.pause();
      const camera = raw(broker.port);
      await camera.connect();
      await sendFrames(camera, healthy);
      expect(healthy.messages()).toHaveLength(FRAMES);
      expect(broker.drops()["slow-subscriber"]).toBeGreaterThan(0);
    });
  });

  describe("over TLS", () => {
    const files = () => {
      const folder = mkdtempSync(join(tmpdir(), "beckon-broker-"));
      const { cert, key } = selfSignedCertificate();
      writeFileSync(join(folder, "cert.pem"), cert);
      writeFileSync(join(folder, "key.pem"), key);
      return { certificate: cert, tls: { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") } };
    };

    it("serves MQTT and WebSocket to who trusts its certificate", async () => {
      const { certificate, tls } = files();
      const broker = await open({ tls: { ...tls, port: 0, websocketPort: 0 } });
      const { "broker.tls.port": port = 0, "broker.tls.websocketPort": webPort = 0 } = broker.ports;
      for (const url of [`mqtts://127.0.0.1:${port}`, `wss://127.0.0.1:${webPort}`]) {
        const client = await mqtt.connectAsync(url, { ca: certificate });
        ends.push(() => client.endAsync(true));
        const received = new Promise<number>((resolve) =>
          client.on("message", (_topic, bytes) => resolve(bytes.length)),
        );
        await client.subscribeAsync("a");
        await client.publishAsync("a", Buffer.alloc(1_000_000));
        expect(await received).toBe(1_000_000);
      }
    });

    it("gives a healthy reader every frame beside one that reads nothing", async () => {
      const { certificate, tls } = files();
      const broker = await open({ tls: { ...tls, port: 0 } });
      const reader = () => {
        const port = broker.ports["broker.tls.port"] ?? 0;
        const client = new RawClient(connectTls({ port, host: "127.0.0.1", ca: certificate }));
        ends.push(() => client.abort());
        return client;
      };
      const [healthy, frozen] = [reader(), reader()];
      for (const client of [healthy, frozen]) {
        expect(await client.connect()).toBe(0);
        await client.subscribe(["desk/frame", 0]);
      }
      frozen.stream.pause();
      const camera = raw(broker.port);
      await camera.connect();
      await sendFrames(camera, healthy);
      expect(healthy.messages()).toHaveLength(FRAMES);
      expect(broker.drops()["slow-subscriber"]).toBeGreaterThan(0);
    });

    it("counts what is no TLS, and says which file is missing or none", async () => {
      const { tls } = files();
      const broker = await open({ tls: { ...tls, port: 0 } });
      const client = raw(broker.ports["broker.tls.port"] ?? 0);
      client.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
      await client.ended();
      expect(broker.drops()["tls"]).toBe(1);
      expect(await failure({ tls: { ...tls, cert: "/no/such.pem", port: 0 } })).toBe(
        'cannot read broker.tls.cert "/no/such.pem": ENOENT',
      );
      expect(await failure({ tls: { cert: tls.key, key: tls.key, port: 0 } })).toContain("no certificate with its key");
    });
  });

  describe("with users", () => {
    const house = async () =>
      open({
        users: {
          porch: { ...(await user("camera", "p")), cameras: ["porch"] },
          worker: await user("service", "w"),
          guest: await user("viewer", "g"),
        },
      });

    it("lets in who knows the password, and nobody else, from this machine neither", async () => {
      const { port, drops } = await house();
      expect(await raw(port).connect({ user: "worker", password: "w" })).toBe(0);
      expect(await raw(port).connect({ user: "worker", password: "w" })).toBe(0);
      expect(await raw(port).connect({ user: "worker", password: "g" })).toBe(4);
      expect(await raw(port).connect({ user: "nobody", password: "w" })).toBe(4);
      expect(await raw(port).connect({ user: "worker" })).toBe(4);
      expect(await raw(port).connect({ user: "__proto__", password: "w" })).toBe(4);
      expect(await raw(port).connect()).toBe(4);
      expect(drops()["refused-login"]).toBe(5);
    });

    it("holds everybody to the role", async () => {
      const { port, drops } = await house();
      const [porch, worker, guest] = [raw(port), raw(port), raw(port)];
      await porch.connect({ user: "porch", password: "p" });
      await worker.connect({ user: "worker", password: "w" });
      await guest.connect({ user: "guest", password: "g" });
      expect(await guest.subscribe(["beckon/#", 0], ["#", 0])).toEqual([0, 0x80]);
      expect(await porch.subscribe(["beckon/+/frame", 0])).toEqual([0x80]);
      const publish = async (client: RawClient, topic: string) => {
        client.send(publishPacket(topic, "x"));
        await client.settle();
      };
      await publish(porch, "beckon/desk/frame");
      await publish(porch, "beckon/relay/lamp/set");
      await publish(guest, "beckon/relay/lamp/set");
      await publish(porch, "beckon/porch/frame");
      await publish(worker, "beckon/relay/lamp/set");
      await guest.settle();
      expect(guest.messages().map(({ topic }) => topic)).toEqual(["beckon/porch/frame", "beckon/relay/lamp/set"]);
      expect(drops()).toMatchObject({ "refused-publish": 3, "refused-subscribe": 2 });
    });

    it("keeps a last will to the role too", async () => {
      const { port, drops } = await house();
      const [guest, porch] = [raw(port), raw(port)];
      await guest.connect({ user: "guest", password: "g" });
      await guest.subscribe(["beckon/#", 1]);
      await porch.connect({ user: "porch", password: "p", will: { topic: "beckon/relay/lamp/set", payload: "ON" } });
      porch.abort();
      await porch.ended();
      const worker = raw(port);
      await worker.connect({ user: "worker", password: "w", will: { topic: "beckon/relay/lamp/set", payload: "OFF" } });
      worker.abort();
      expect((await guest.nextMessage()).payload).toBe("OFF");
      expect(drops()["refused-publish"]).toBe(1);
    });

    it("lets no user end another's connection or take what waits for it, and each its own", async () => {
      const { port } = await house();
      const worker = raw(port);
      await worker.connect({ clientId: "relay-1", clean: false, user: "worker", password: "w" });
      await worker.subscribe(["beckon/relay/lamp/set", 1]);
      const thief = raw(port);
      expect(await thief.connect({ clientId: "relay-1", clean: false, user: "guest", password: "g" })).toBe(0);
      await worker.settle();
      await worker.disconnect();
      const sender = raw(port);
      await sender.connect({ user: "worker", password: "w" });
      sender.send(publishPacket("beckon/relay/lamp/set", "ON", { qos: 1, id: 1 }));
      await sender.next(PACKET.puback);
      await thief.settle();
      expect(thief.messages()).toEqual([]);
      const back = raw(port);
      await back.connect({ clientId: "relay-1", clean: false, user: "worker", password: "w" });
      expect((await back.nextMessage()).payload).toBe("ON");
      await raw(port).connect({ clientId: "relay-1", clean: false, user: "worker", password: "w" });
      await back.ended();
    });

    it("queues nothing of what an absent client was refused", async () => {
      const { port } = await house();
      const client = raw(port);
      await client.connect({ clientId: "c", clean: false, user: "guest", password: "g" });
      expect(await client.subscribe(["beckon/desk/text", 1], ["#", 1])).toEqual([1, 0x80]);
      await client.disconnect();
      const sender = raw(port);
      await sender.connect({ user: "worker", password: "w" });
      for (const topic of ["secret/topic", "beckon/desk/text"]) {
        sender.send(publishPacket(topic, topic, { qos: 1, id: 1 }));
        await sender.next(PACKET.puback);
      }
      const back = raw(port);
      await back.connect({ clientId: "c", clean: false, user: "guest", password: "g" });
      expect((await back.nextMessage()).topic).toBe("beckon/desk/text");
      await back.settle();
      expect(back.messages()).toEqual([]);
    });

    it("turns most of a flood of wrong passwords away untried, and lets in who was in before", async () => {
      const { port, drops } = await house();
      await raw(port).connect({ user: "worker", password: "w" });
      const flood = Array.from({ length: 40 }, () => raw(port).connect({ user: "worker", password: "wrong" }));
      expect(await raw(port).connect({ user: "worker", password: "w" })).toBe(0);
      const codes = await Promise.all(flood);
      expect(codes).not.toContain(0);
      expect(drops()["busy-login"]).toBeGreaterThan(20);
    });

    it("may listen wider, and warns that it does so in the clear", async () => {
      const broker = await open({ host: "0.0.0.0", users: { worker: await user("service", "w") } });
      expect(await raw(broker.port).connect({ user: "worker", password: "w" })).toBe(0);
      expect(await raw(broker.port).connect()).toBe(4);
      expect(broker.warnings.join()).toContain("in the clear");
    });
  });

  describe("and a visitor from within the process", () => {
    const visit = (broker: TestBroker, address = "192.0.2.7") => {
      const client = new RawClient(broker.visit(address));
      ends.push(() => client.abort());
      return client;
    };

    it("logs in as one that came by TCP, and may do what its role says", async () => {
      const users = { guest: await user("viewer", "g"), worker: await user("service", "w") };
      const broker = await open({ users });
      expect(await visit(broker).connect({ user: "guest", password: "no" })).toBe(4);
      expect(await visit(broker).connect()).toBe(4);
      expect(broker.warnings.join()).toContain('"guest" from 192.0.2.7');
      const guest = visit(broker);
      expect(await guest.connect({ user: "guest", password: "g" })).toBe(0);
      expect(await guest.subscribe(["beckon/desk/text", 1], ["elsewhere", 1])).toEqual([1, 128]);
      const worker = raw(broker.port);
      expect(await worker.connect({ user: "worker", password: "w" })).toBe(0);
      guest.send(publishPacket("beckon/desk/text", "refused"));
      await guest.settle();
      worker.send(publishPacket("beckon/desk/text", "heard"));
      expect((await guest.nextMessage()).payload).toBe("heard");
    });

    it("is counted among the connections, and closed when it says nothing, and with the broker", async () => {
      const broker = await open({ maxConnections: 2 });
      const guest = visit(broker);
      expect(await guest.connect()).toBe(0);
      const silent = visit(broker);
      const third = visit(broker);
      await third.ended();
      expect(broker.drops()["too-many-connections"]).toBe(1);
      await silent.ended();
      expect(broker.drops()["silent"]).toBe(1);
      await guest.settle();
      await broker.close();
      await guest.ended();
    });
  });

  it("lives like every service: online on its own broker, past its own log-in, until it is stopped", async () => {
    const stop = new AbortController();
    ends.push(() => stop.abort());
    let tell: (host: BusHost) => void = () => {};
    const hosted = new Promise<BusHost>((resolve) => {
      tell = resolve;
    });
    const life = runService(createBrokerService(), {
      config: BrokerConfig.parse({ port: 0, websocketPort: null, users: { guest: await user("viewer", "g") } }),
      shared: { prefix: "beckon", mqtt: { url: "mqtt://127.0.0.1:1883" } },
      log: createLogger({ service: "test", level: "error", format: "json" }),
      signal: stop.signal,
      id: "hall",
      hosted: (host) => tell(host),
    });
    const port = Number(new URL((await hosted).url).port);
    const guest = raw(port);
    expect(await guest.connect({ user: "guest", password: "g" })).toBe(0);
    await guest.subscribe(["beckon/service/broker/hall/status", 1]);
    const status = async () => JSON.parse((await guest.nextMessage()).payload).state;
    expect(await status()).toBe("online");
    stop.abort();
    await life;
    expect(await status()).toBe("offline");
    await guest.ended();
  });

  describe("and its configuration", () => {
    it("is loopback without users unless told otherwise", () => {
      expect(BrokerConfig.parse({})).toMatchObject({ host: "127.0.0.1", port: 1883, users: {}, origins: [] });
    });

    it("wants a hash in place of a password, and a name that is one level of a topic", async () => {
      const parse = (users: unknown) => BrokerConfig.safeParse({ users }).error?.message ?? "";
      expect(parse({ a: { password: "tulip", role: "admin" } })).toContain("must be a hash");
      expect(parse({ "a/b": await user("admin") })).toContain("without white space");
      expect(parse({ a: { ...(await user("admin")), role: "root" } })).toContain("role");
    });
  });
});

/** 21 MB: more than the system keeps for a socket. */
const FRAMES = 600;

/** To a reader that is never behind by more than 350 kB, however busy the machine. */
async function sendFrames(camera: RawClient, healthy: RawClient): Promise<void> {
  const frame = publishPacket("desk/frame", Buffer.alloc(35_000));
  for (let sent = 1; sent <= FRAMES; sent++) {
    camera.send(frame);
    if (sent % 10 === 0) await camera.settle();
    if (sent % 10 === 0) await healthy.settle();
  }
}

async function user(role: string, password = "secret") {
  return { role, password: await hashPassword(password) };
}
