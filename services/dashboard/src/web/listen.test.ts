import { once } from "node:events";
import { connect } from "node:net";
import { eventually } from "@beckon/runtime/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createAuthority, issueCertificate } from "../certificate/authority.ts";
import { type Listener, type ListenOptions, listen } from "./listen.ts";

let listener: Listener;
let secure: Listener;
const asked: string[] = [];
const MUCH = Buffer.alloc(50_000_000);
const muchEnded: Promise<unknown>[] = [];

beforeAll(async () => {
  const options: ListenOptions = {
    host: "127.0.0.1",
    port: 0,
    search: false,
    setting: "dashboard.port",
    maxConnections: 8,
    answer: ({ url }, response) => {
      asked.push(url ?? "");
      if (url === "/much") muchEnded.push(once(response, "close"));
      response.end(url === "/much" ? MUCH : "hello");
    },
    upgrade: (_, socket) => socket.destroy(),
  };
  listener = await listen(options);
  const certificate = await issueCertificate(await createAuthority("test", []), ["localhost"]);
  secure = await listen({ ...options, certificate });
});
afterAll(() => Promise.all([listener.close(), secure.close()]));

/**
 * @param drip sent again and again, twice a second
 * @returns what came back until the other side hung up
 */
function say(text: string, drip?: string, { port } = listener): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    const dripping = setInterval(() => drip && socket.write(drip), 500);
    let heard = "";
    socket.setEncoding("utf8");
    socket.on("data", (more: string) => {
      heard += more;
    });
    // What is still dripping when the other side is gone.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (!["ECONNRESET", "EPIPE"].includes(error.code ?? "")) reject(error);
    });
    socket.on("close", () => {
      clearInterval(dripping);
      resolve(heard);
    });
  });
}

// At the same time: they wait for limits of many seconds, by the clock of Node's server.
describe.concurrent("a connection", { timeout: 60_000 }, () => {
  it("is cut off when the head of a request is not whole in time, however steadily it comes", async ({ expect }) => {
    const answer = await say("GET /slow HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "x");
    expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect(asked).not.toContain("/slow");
  });

  it("is cut off when it asks for nothing more", async ({ expect }) => {
    expect(await say("GET /once HTTP/1.1\r\nHost: localhost\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*hello/);
    expect(asked).toContain("/once");
  });

  it("is cut off with a head of more than 16 kB", async ({ expect }) => {
    const answer = await say(`GET /long HTTP/1.1\r\nHost: localhost\r\nX-Long: ${"x".repeat(17_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(asked).not.toContain("/long");
  });

  it("is cut off when it speaks no HTTP", async ({ expect }) => {
    expect(await say("\u0016\u0003\u0001\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("is cut off when it never ends its TLS handshake, whatever it has said of it", async ({ expect }) => {
    const record = "\u0016\u0003\u0001\u0002\u0000";
    expect(await Promise.all([say("", undefined, secure), say(record, undefined, secure)])).toEqual(["", ""]);
  });

  it("is cut off when it does not read its answer", async ({ expect }) => {
    const socket = connect(listener.port, "127.0.0.1", () =>
      socket.write("GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    );
    await eventually(() => muchEnded.length === 1);
    await muchEnded[0];
    let heard = 0;
    socket.on("data", (more) => {
      heard += more.length;
    });
    socket.on("error", () => {});
    // It may end by a reset, which `once` would throw.
    await new Promise((resolve) => socket.once("close", resolve));
    expect(heard).toBeLessThan(MUCH.length);
  });

  it("is cut off when it asks again before it is answered", async ({ expect }) => {
    const ask = "GET /again HTTP/1.1\r\nHost: localhost\r\n\r\n";
    await say(ask.repeat(100));
    expect(asked.filter((path) => path === "/again")).toEqual(["/again"]);
  });
});
