import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import { dialBroker } from "./dial-broker.ts";
import { ServiceFailure } from "./service.ts";
import { startAedes } from "./testing/aedes.ts";
import { debianProgram, withDebian } from "./testing/debian.ts";
import { eventually } from "./testing/eventually.ts";

const ends: (() => unknown)[] = [];
/** MQTT 3.1.1, a clean session, a keepalive of 5 s and no client id; and the broker's yes. */
const CONNECT = Buffer.from([0x10, 12, 0, 4, ...Buffer.from("MQTT"), 4, 2, 0, 5, 0, 0]);
const ACCEPTED = Buffer.from([0x20, 2, 0, 0]);

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function broker() {
  const started = await startAedes();
  ends.push(() => started.stop());
  return started;
}

function dialled(options: Parameters<typeof dialBroker>[0]): Duplex {
  const stream = dialBroker(options);
  ends.push(() => stream.destroy());
  return stream;
}

async function answer(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.write(CONNECT);
  await eventually(() => Buffer.concat(chunks).length >= ACCEPTED.length);
  return Buffer.concat(chunks);
}

function certificate(): { cert: Buffer; key: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), "beckon-tls-"));
  ends.push(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const files = ["-keyout", key, "-out", cert];
  execFileSync(debianProgram("openssl") ?? "openssl", [...request, ...subject, ...files], { stdio: "pipe" });
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

describe("a raw connection to the broker", () => {
  it("leads to it over TCP, and says nothing by itself", async () => {
    const { port, broker: aedes } = await broker();
    const stream = dialled({ url: `tcp://127.0.0.1:${port}` });
    await once(stream, "connect");
    expect(aedes.connectedClients).toBe(0);
    expect(await answer(stream)).toEqual(ACCEPTED);
  });

  async function webSockets() {
    const http = createServer().listen(0, "127.0.0.1");
    await once(http, "listening");
    ends.push(() => http.close());
    const server = new WebSocketServer({ server: http, handleProtocols: (asked) => [...asked][0] ?? false });
    return { server, port: (http.address() as AddressInfo).port };
  }

  it("leads to it over WebSocket, without the user and password of the URL", async () => {
    const { broker: aedes } = await broker();
    const { server, port } = await webSockets();
    const requests: IncomingMessage[] = [];
    server.on("connection", (socket, request) => {
      requests.push(request);
      aedes.handle(createWebSocketStream(socket));
    });
    const stream = dialled({ url: `ws://me:secret@127.0.0.1:${port}/mqtt?a=b#c` });
    expect(await answer(stream)).toEqual(ACCEPTED);
    expect(requests[0]?.url).toBe("/mqtt?a=b");
    expect(requests[0]?.headers["sec-websocket-protocol"]).toBe("mqtt");
    expect(requests[0]?.headers.authorization).toBeUndefined();
  });

  it.each(["close", "terminate"] as const)("is closed when the other side of its WebSocket does %s", async (way) => {
    const { server, port } = await webSockets();
    server.on("connection", (socket) => socket[way]());
    const stream = dialled({ url: `ws://127.0.0.1:${port}` });
    await once(stream, "close");
    expect(stream.destroyed).toBe(true);
  });

  withDebian("openssl")("with TLS", () => {
    async function tlsBroker() {
      const { broker: aedes } = await broker();
      const { cert, key } = certificate();
      const peers: { certificate: object; asked: string | false | null }[] = [];
      const server = createTlsServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (socket) => {
        peers.push({ certificate: socket.getPeerCertificate(), asked: socket.servername });
        socket.on("error", () => {});
        aedes.handle(socket);
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      ends.push(() => server.close());
      return { peers, port: (server.address() as AddressInfo).port, tls: { ca: cert, cert, key } };
    }

    it("leads to the one of many behind an address that the URL names", async () => {
      const { peers, port, tls } = await tlsBroker();
      expect(await answer(dialled({ url: `mqtts://localhost:${port}`, tls }))).toEqual(ACCEPTED);
      expect(peers).toMatchObject([{ asked: "localhost" }]);
    });

    it("leads to it with the authority that is named, and without a certificate of our own", async () => {
      const { peers, port, tls } = await tlsBroker();
      const url = `mqtts://127.0.0.1:${port}`;
      expect(await answer(dialled({ url, tls }))).toEqual(ACCEPTED);
      expect(peers).toEqual([{ certificate: {}, asked: false }]);
      const [error] = await once(dialled({ url }), "error");
      expect((error as NodeJS.ErrnoException).code).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    });
  });

  it.each(["mqtt", "mqtts", "ws", "wss"])("fails as a stream when nothing listens at a URL of %s", async (scheme) => {
    const { port, stop } = await broker();
    await stop();
    const stream = dialled({ url: `${scheme}://127.0.0.1:${port}` });
    const [error] = await once(stream, "error");
    expect((error as NodeJS.ErrnoException).code).toBe("ECONNREFUSED");
  });

  it.each(["http://127.0.0.1", "mqtt:", "nothing"])("is refused in one line at %s", (url) => {
    expect(() => dialBroker({ url })).toThrow(ServiceFailure);
  });
});
