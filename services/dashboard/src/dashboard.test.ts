import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createTopics } from "@beckon/protocol";
import { connectMqttBus, Stats } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createAuthority, issueCertificate } from "./certificate/authority.ts";
import { RawPage } from "./gate/testing/raw-page.ts";
import {
  ADMIN,
  ASKING,
  ask,
  type OpenDashboard,
  openDashboard,
  outerAddress,
  PAGE_SCRIPT,
} from "./testing/open-dashboard.ts";

const topics = createTopics();

describe("a dashboard on loopback", () => {
  let open: OpenDashboard;
  let port: number;
  beforeAll(async () => {
    open = await openDashboard({ config: { hosts: ["kitchen.example"], origins: ["https://home.example:8123"] } });
    ({ port } = open);
  });
  afterAll(() => open.stop());

  const introduced = async (token: string): Promise<void> => {
    const bus = connectMqttBus({
      ...{ url: open.broker.url, clientId: `page-${randomBytes(4).toString("hex")}`, stats: new Stats() },
      log: { info: () => {}, warn: () => {} },
    });
    await new Promise<void>((resolve) => bus.onConnect(resolve));
    const session = createHash("sha256").update(token).digest("hex");
    await bus.publish(topics.serviceSet({ kind: "dashboard", id: "test" }), { session });
    await bus.close();
  };

  it("says with everything what a browser may do with it", async () => {
    expect(open.address).toBe(`http://127.0.0.1:${port}`);
    for (const path of ["/", "/page.js", "/page.json", "/nothing", "/api/teach"]) {
      const { headers } = await ask({ port, path });
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "DENY",
        "permissions-policy": expect.stringContaining("camera=(self), microphone=()"),
      });
      const policy = new Map(
        String(headers["content-security-policy"])
          .split("; ")
          .map((line) => [line.split(" ")[0], line.split(" ").slice(1).join(" ")]),
      );
      expect(Object.fromEntries(policy)).toMatchObject({
        "default-src": "'self'",
        "img-src": "'self' blob: data:",
        "media-src": "'self' blob:",
        "connect-src": `'self' ws://127.0.0.1:${port}`,
        "object-src": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
      });
      expect(headers["content-security-policy"]).not.toContain("unsafe");
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  it("shows the page, compressed as the browser likes, and not again while it stays the same", async () => {
    expect(await ask({ port, path: "/" })).toMatchObject({ status: 200, body: "<!doctype html><title>Beckon</title>" });
    const script = await ask({ port, path: "/page.js?v=1" });
    expect(script).toMatchObject({ status: 200, body: PAGE_SCRIPT });
    expect(script.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "no-cache",
      vary: "accept-encoding",
    });
    const brotli = await ask({ port, path: "/page.js", headers: { "accept-encoding": "gzip, br" } });
    expect(brotli.headers["content-encoding"]).toBe("br");
    expect(brotli.bytes.length).toBeLessThan(PAGE_SCRIPT.length / 10);
    const again = await ask({ port, path: "/page.js", headers: { "if-none-match": String(script.headers.etag) } });
    expect(again).toMatchObject({ status: 304, body: "" });
    expect(await ask({ port, path: "/page.js", method: "HEAD" })).toMatchObject({ status: 200, body: "" });
  });

  it("tells the page what it must know", async () => {
    const { status, headers, body } = await ask({ port, path: "/page.json" });
    expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/json" });
    expect(JSON.parse(body)).toEqual({
      prefix: "beckon",
      id: "test",
      version: expect.any(String),
      now: expect.any(Number),
    });
    expect(Math.abs(JSON.parse(body).now - Date.now())).toBeLessThan(60_000);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it.each([
    "/../outside.js",
    "/..%2foutside.js",
    "/%2e%2e/outside.js",
    "/..\\outside.js",
    "//outside.js",
    "/.env",
    "/build.json",
    "/page.js/",
    "/page.js%00.css",
    "/index.html/../../outside.js",
    "/constructor",
    "/__proto__",
    "/%",
    "/beckon-ca.crt",
    "/trust",
  ])("finds nothing at %s", async (path) => {
    const { status, body } = await ask({ port, path });
    expect([400, 404]).toContain(status);
    expect(body).not.toContain("secret");
  });

  it("is no proxy", async () => {
    for (const path of ["http://127.0.0.1/page.js", "*"])
      expect(await ask({ port, path })).toMatchObject({ status: 400 });
  });

  it.each([["POST"], ["PUT"], ["DELETE"], ["PATCH"], ["OPTIONS"]])("lets nobody %s the page", async (method) => {
    for (const path of ["/", "/page.js", "/page.json"]) {
      const { status, headers } = await ask({ port, path, method });
      expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: "GET, HEAD" });
    }
  });

  it.each([
    ["localhost", 200],
    ["localhost:1234", 200],
    ["127.0.0.1", 200],
    ["[::1]:8080", 200],
    ["kitchen.example:8080", 200],
    ["KITCHEN.example", 200],
    ["evil.example", 421],
    ["127.0.0.1.evil.example", 421],
    ["localhost.evil.example", 421],
    ["kitchen.example.evil.example", 421],
    ["192.168.1.5", 421],
    ["evil.example@127.0.0.1", 421],
  ])("judges each request by its host: %j gets %i", async (host, status) => {
    for (const path of ["/", "/page.json", "/api/teach"]) {
      const answer = await ask({ port, path, headers: { host } });
      expect(answer.status).toBe(status === 200 && path === "/api/teach" ? 401 : status);
      if (status === 421) expect(answer.body.split("\n")).toEqual([expect.stringContaining("dashboard.hosts"), ""]);
      if (status === 421) expect(answer.headers["content-security-policy"]).not.toContain("ws:");
    }
  });

  it("answers nobody who does not say whom he asks", async () => {
    for (const request of ["GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]) {
      const socket = connect(port, "127.0.0.1");
      socket.write(request);
      const [data] = await once(socket, "data");
      expect(String(data)).toMatch(/^HTTP\/1\.1 4(21|00) /);
      socket.destroy();
    }
  });

  it.each([
    ["SAME", true],
    ["https://home.example:8123", true],
    ["http://evil.example", false],
    ["https://127.0.0.1", false],
    ["http://127.0.0.1:1", false],
    ["http://localhost", false],
    ["null", false],
    ["file://", false],
    ["https://home.example:8123.evil.example", false],
  ])("judges each request by the page that sends it: %s", async (given, isOurs) => {
    const origin = given === "SAME" ? `http://127.0.0.1:${port}` : given;
    for (const [method, path] of [
      ["GET", "/page.json"],
      ["GET", "/api/teach"],
      ["POST", "/api/teach/training"],
      ["DELETE", "/api/teach/gestures/A"],
    ]) {
      const { status, headers, body } = await ask({ port, path, method, headers: { origin } });
      if (isOurs) expect(status).toBe(path?.startsWith("/api") ? 401 : 200);
      else expect({ status, body }).toEqual({ status: 403, body: expect.stringContaining("dashboard.origins") });
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  it("asks for a session before anything of the API, and lets in who the broker let publish", async () => {
    const token = randomBytes(32).toString("hex");
    const as = (value: string) => ask({ port, path: "/api/teach", headers: { authorization: `Bearer ${value}` } });
    const none = await ask({ port, path: "/api/teach" });
    expect(none).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer", "cache-control": "no-store" } });
    expect(JSON.parse(none.body)).toEqual({ error: expect.stringContaining("logged in") });
    expect(JSON.parse((await as(token)).body)).toEqual({
      error: "this user may not change anything here: log in as an admin",
    });
    await introduced(token);
    const state = await as(token);
    expect(state.status).toBe(200);
    expect(JSON.parse(state.body)).toMatchObject({ recordings: [], folders: { samples: `${open.folder}/samples` } });
    expect((await as(`${token}x`)).status).toBe(401);
    expect(await ask({ port, path: "/api/nothing", headers: { authorization: `Bearer ${token}` } })).toMatchObject({
      status: 404,
      headers: { "content-type": "application/json" },
    });
  });

  it("hears a page that asks before its session has come", async () => {
    const token = randomBytes(32).toString("hex");
    const asked = ask({ port, path: "/api/teach", headers: { authorization: `Bearer ${token}` } });
    await introduced(token);
    expect((await asked).status).toBe(200);
  });

  it("sends the list of pictures compressed to who understands it", async () => {
    const token = randomBytes(32).toString("hex");
    await introduced(token);
    const headers = { authorization: `Bearer ${token}`, "accept-encoding": "gzip, br" };
    const answer = await ask({ port, path: "/api/teach", headers });
    expect(answer.headers).toMatchObject({ "content-encoding": "gzip", "cache-control": "no-store" });
    expect(JSON.parse(gunzipSync(answer.bytes).toString())).toMatchObject({ recordings: [] });
  });

  it("reads no long bodies", async () => {
    const token = randomBytes(32).toString("hex");
    await introduced(token);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const long = "x".repeat(1_000_000);
    const announced = { ...headers, "content-length": String(long.length) };
    expect(
      (await ask({ port, path: "/api/teach/recordings", method: "POST", headers: announced, body: long })).status,
    ).toBe(413);
  });

  it("takes no body that does not say how long it is", async () => {
    const token = randomBytes(32).toString("hex");
    await introduced(token);
    const headers = { authorization: `Bearer ${token}`, "transfer-encoding": "chunked" };
    for (const path of ["/api/teach/recordings", "/api/teach/training", "/api/nothing"])
      for (const body of ['{"gesture":"wave","camera":"desk"}', "x".repeat(1_000_000)])
        expect((await ask({ port, path, method: "POST", headers, body })).status).toBe(411);
    expect((await ask({ port, path: "/api/teach", headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  it("reads no long headers", async () => {
    expect((await ask({ port, path: "/", headers: { cookie: "x".repeat(20_000) } })).status).toBe(431);
    expect((await ask({ port, path: `/${"x".repeat(20_000)}` })).status).toBe(431);
  });

  it("answers what is no HTTP with a refusal, and goes on", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.write("\x16\x03\x01 this is no request\r\n\r\n");
    const [data] = await once(socket, "data");
    expect(String(data)).toMatch(/^HTTP\/1\.1 400 /);
    await once(socket, "close");
    expect((await ask({ port, path: "/" })).status).toBe(200);
  });

  it("carries MQTT between a page of its own and the broker, and under no other path or origin", async () => {
    const page = new RawPage(`ws://127.0.0.1:${port}/mqtt`, { headers: { origin: open.address } });
    expect(await page.connect()).toBe(0);
    page.socket.close();
    expect((await refused(`ws://127.0.0.1:${port}/elsewhere`, { origin: open.address })).status).toBe(404);
    expect((await refused(`ws://127.0.0.1:${port}/mqtt`, { origin: "http://evil.example" })).status).toBe(403);
    expect((await refused(`ws://127.0.0.1:${port}/mqtt`, { host: "evil.example" })).status).toBe(403);
  });
});

async function refused(url: string, headers: object): Promise<RawPage> {
  const page = new RawPage(url, { headers });
  await page.ended();
  return page;
}

describe("starting and stopping", () => {
  it("says that the page is not built, and how it is", async () => {
    await expect(openDashboard({ isBuilt: false })).rejects.toThrow(/^the page is not built: .*; run npm run setup$/);
  });

  it("says that a port is in use, or takes the next free one", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    try {
      await expect(openDashboard({ config: { port } })).rejects.toThrow(
        `port ${port} on 127.0.0.1 is in use: set dashboard.port to another, or stop what listens there`,
      );
      const open = await openDashboard({ config: { port, portSearch: true } });
      expect(open.port).toBeGreaterThan(port);
      expect(open.log).toContain(`port ${port} is in use: dashboard.port is ${open.port} instead`);
      await open.stop();
    } finally {
      taken.close();
    }
  });

  it("says that a host is none of this machine", async () => {
    await expect(
      openDashboard({ config: { host: "192.0.2.199", https: { enabled: false } }, broker: ASKING, user: ADMIN }),
    ).rejects.toThrow('"192.0.2.199" is no address of this machine: set the host of dashboard.port');
  });

  it("stops with connections that are open, idle, half a request or a WebSocket", async () => {
    const open = await openDashboard();
    const idle = connect(open.port, "127.0.0.1");
    const half = connect(open.port, "127.0.0.1");
    half.write("POST /api/teach HTTP/1.1\r\nHost: localhost\r\nContent-Le");
    for (const socket of [idle, half]) socket.on("error", () => {});
    const page = new RawPage(`ws://127.0.0.1:${open.port}/mqtt`);
    expect(await page.connect()).toBe(0);
    await open.stop();
    await page.ended();
    expect(page.socket.readyState).toBe(WebSocket.CLOSED);
    await eventually(() => idle.destroyed && half.destroyed);
    await expect(ask({ port: open.port, path: "/" })).rejects.toThrow("ECONNREFUSED");
    expect(open.log.filter((line) => line.includes("going without it"))).toEqual([]);
  });

  it("shows the page without a broker, and says over the API that it is away", async () => {
    const open = await openDashboard();
    await open.broker.stop();
    expect((await ask({ port: open.port, path: "/" })).status).toBe(200);
    const answer = await ask({ port: open.port, path: "/api/teach", headers: { authorization: "Bearer x" } });
    expect({ status: answer.status, ...JSON.parse(answer.body) }).toEqual({
      status: 503,
      error: expect.stringContaining("the broker is away"),
    });
    await open.stop();
  });
});

describe("a dashboard that other machines reach", () => {
  it("does not start before a broker that asks nobody who he is", async () => {
    await expect(openDashboard({ config: { host: "0.0.0.0" } })).rejects.toThrow(
      /^the dashboard would let in everybody at 0\.0\.0\.0:0, .*: add broker\.users, or set dashboard\.host to 127\.0\.0\.1$/,
    );
  });

  it("stops when the broker comes back without users", async () => {
    let isAsking = true;
    const authenticate: NonNullable<(typeof ASKING)["authenticate"]> = (client, username, password, done) =>
      isAsking ? ASKING.authenticate?.(client, username, password, done) : done(null, true);
    const open = await openDashboard({ config: { host: "0.0.0.0" }, broker: { authenticate }, user: ADMIN });
    isAsking = false;
    await open.broker.restart();
    await expect(open.ended).rejects.toThrow("would let in everybody");
    await open.stop();
  });

  const outer = outerAddress();
  it.skipIf(outer === undefined)("shows them the page over HTTPS, and over HTTP how to get there", async () => {
    const open = await openDashboard({ config: { host: "0.0.0.0" }, broker: ASKING, user: ADMIN });
    const { port, securePort = 0 } = open;
    try {
      const host = outer ?? "";
      const authority = await ask({ host, port, path: "/beckon-ca.crt" });
      expect(authority.headers["content-type"]).toBe("application/x-x509-ca-cert");
      const ca = `-----BEGIN CERTIFICATE-----\n${authority.bytes.toString("base64")}\n-----END CERTIFICATE-----\n`;
      const secured = await ask({ host, port: securePort, path: "/page.json", ca });
      expect(JSON.parse(secured.body)).toMatchObject({ id: "test", secureUrl: `https://${host}:${securePort}/` });
      expect(secured.headers["content-security-policy"]).toContain(` wss://${host}:${securePort};`);

      const trust = await ask({ host, port, path: "/" });
      expect(trust.body).toContain(`href="https://${host}:${securePort}/"`);
      const said = open.log.find((line) => line.includes("SHA-256")) ?? "";
      expect(trust.body).toContain(/([0-9A-F]{2}:){31}[0-9A-F]{2}/.exec(said)?.[0]);
      expect(trust.body).not.toMatch(/<script|style=|<style/);
      for (const name of ["iPhone", "Android", "Windows", "macOS", "Linux"]) expect(trust.body).toContain(name);
      expect((await ask({ host, port, path: "/trust.css" })).headers["content-type"]).toContain("text/css");

      for (const path of ["/page.js", "/page.json", "/api/teach", "/x?a=1", "//evil.example/x"]) {
        const { status, headers } = await ask({ host, port, path });
        expect(status).toBe(307);
        expect(new URL(String(headers.location)).origin).toBe(`https://${host}:${securePort}`);
      }
      expect((await ask({ host, port, path: "/api/teach", method: "POST" })).status).toBe(403);
      expect((await ask({ host, port, path: "/", headers: { host: "evil.example" } })).status).toBe(421);
      expect((await refused(`ws://${host}:${port}/mqtt`, {})).status).toBe(404);

      const page = new RawPage(`ws://127.0.0.1:${port}/mqtt`);
      expect(await page.connect()).toBe(5);
      expect((await ask({ port, path: "/page.js" })).body).toBe(PAGE_SCRIPT);
    } finally {
      await open.stop();
    }
  });

  it.skipIf(outer === undefined)("lets none of them take all connections", async () => {
    const config = { host: "0.0.0.0", https: { enabled: false }, maxConnections: 8 };
    const open = await openDashboard({ config, broker: ASKING, user: ADMIN });
    const greedy = Array.from({ length: 8 }, () => connect(open.port, outer ?? ""));
    for (const socket of greedy) socket.on("error", () => {});
    await eventually(() => greedy.filter(({ destroyed }) => destroyed).length === 4);
    expect((await ask({ port: open.port, path: "/page.js" })).body).toBe(PAGE_SCRIPT);
    for (const socket of greedy) socket.destroy();
    await open.stop();
  });

  it.skipIf(outer === undefined)("serves the page in the clear where it is told to, and warns of it", async () => {
    const config = { host: "0.0.0.0", https: { enabled: false } };
    const open = await openDashboard({ config, broker: ASKING, user: ADMIN });
    expect((await ask({ host: outer ?? "", port: open.port, path: "/page.js" })).body).toBe(PAGE_SCRIPT);
    expect(open.log).toContainEqual(expect.stringContaining("in the clear"));
    await open.stop();
  });
});

it("serves HTTPS on loopback where it is told to, beside HTTP", async () => {
  const open = await openDashboard({ config: { https: { enabled: true } } });
  const { port, securePort = 0 } = open;
  const { bytes } = await ask({ port, path: "/beckon-ca.crt" });
  const ca = `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64")}\n-----END CERTIFICATE-----\n`;
  expect((await ask({ port: securePort, path: "/page.js", ca })).body).toBe(PAGE_SCRIPT);
  expect((await ask({ port, path: "/page.js" })).body).toBe(PAGE_SCRIPT);
  expect((await ask({ port, path: "/trust" })).status).toBe(200);
  for (const path of ["/authority.pem", "/server.pem", "/beckon-ca.key"])
    expect((await ask({ port, path })).status).toBe(404);
  await open.stop();
});

it("says of a certificate of the user's own that there is nothing of ours to trust", async () => {
  const folder = await mkdtemp(join(tmpdir(), "beckon-own-certificate-"));
  const made = await issueCertificate(await createAuthority("elsewhere", []), ["localhost", "127.0.0.1"]);
  const own = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  await writeFile(own.cert, made.cert);
  await writeFile(own.key, made.key);
  const open = await openDashboard({ config: { https: { enabled: true, ...own } } });
  const { port, securePort } = open;
  try {
    const { status, body } = await ask({ port, path: "/trust" });
    expect(status).toBe(200);
    expect(body).toContain("a certificate of its owner");
    expect(body).toContain(`href="https://127.0.0.1:${securePort}/"`);
    expect(body).not.toContain("beckon-ca");
    expect((await ask({ port, path: "/beckon-ca.crt" })).status).toBe(404);
  } finally {
    await open.stop();
    await rm(folder, { recursive: true });
  }
});
