import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { debianProgram, withDebian } from "./debian.ts";
import { eventually } from "./eventually.ts";
import { startMosquitto } from "./mosquitto.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

describe("a Debian program", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("is found on the PATH", () => {
    vi.stubEnv("PATH", "/nowhere");
    expect(debianProgram("ffmpeg")).toBeUndefined();
  });

  it("is asked for with one line, and its tests skipped", () => {
    vi.stubEnv("PATH", "/nowhere");
    vi.stubEnv("CI", "");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(withDebian("ffmpeg")).not.toBe(describe);
    withDebian("ffmpeg");
    expect(warn.mock.calls).toEqual([
      ['Skipping tests: "ffmpeg" is not installed: apt-get install -y --no-install-recommends ffmpeg'],
    ]);
    warn.mockRestore();
  });

  it("fails in CI when it is absent", () => {
    vi.stubEnv("PATH", "/nowhere");
    vi.stubEnv("CI", "true");
    expect(() => withDebian("ffmpeg")).toThrow('"ffmpeg" is not installed');
  });
});

describe("eventually", () => {
  it("gives the first value that is something", async () => {
    let calls = 0;
    expect(await eventually(() => (++calls < 3 ? undefined : calls))).toBe(3);
  });

  it("throws the last error after the deadline", async () => {
    await expect(
      eventually(
        () => {
          throw new Error("still not");
        },
        { within: 30 },
      ),
    ).rejects.toThrow("still not");
    await expect(eventually(() => false, { within: 30 })).rejects.toThrow("did not come true within 30 ms");
  });
});

describe("the proxy", () => {
  let echo: Server;
  let proxy: TcpProxy;
  const peers = new Set<Socket>();
  const received: string[] = [];

  beforeEach(async () => {
    received.length = 0;
    echo = createServer((socket) => {
      peers.add(socket);
      socket.once("close", () => peers.delete(socket));
      socket.on("error", () => {});
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    proxy = await startTcpProxy((echo.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.stop();
    for (const peer of peers) peer.destroy();
    echo.close();
  });

  async function connect(): Promise<Socket> {
    const socket = createConnection(proxy.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("data", (chunk) => received.push(String(chunk)));
    await once(socket, "connect");
    return socket;
  }

  it("holds what is sent through a black hole, keeps the connection, and passes it on afterwards", async () => {
    const socket = await connect();
    socket.write("a");
    await eventually(() => received.join("") === "a");
    proxy.blackHole();
    socket.write("b");
    await sleep(200);
    expect(received.join("")).toBe("a");
    expect(proxy.connections).toBe(1);
    await proxy.restore();
    await eventually(() => received.join("") === "ab");
    socket.destroy();
  });

  it("tells nobody of an end inside of the black hole until it is restored", async () => {
    const socket = await connect();
    await eventually(() => peers.size === 1);
    proxy.blackHole();
    socket.end();
    await sleep(200);
    expect(peers.size).toBe(1);
    await proxy.restore();
    await eventually(() => peers.size === 0);
  });

  it("accepts connections into the black hole", async () => {
    proxy.blackHole();
    const socket = await connect();
    socket.write("c");
    await sleep(200);
    expect(received).toEqual([]);
    await proxy.restore();
    await eventually(() => received.join("") === "c");
    socket.destroy();
  });

  it("resets what it cuts, refuses what comes, and is back on the same port", async () => {
    const socket = await connect();

    await proxy.cut();
    await eventually(() => socket.destroyed);
    const refused = createConnection(proxy.port, "127.0.0.1");
    expect(await once(refused, "error")).toMatchObject([{ code: "ECONNREFUSED" }]);
    await proxy.restore();
    (await connect()).write("d");
    await eventually(() => received.join("") === "d");
  });
});

withDebian("mosquitto")("mosquitto", () => {
  it("comes back on its port after a kill, and ends when asked twice", async () => {
    const broker = await startMosquitto();
    const { pid } = broker;
    await broker.kill();
    await broker.restart();
    expect(broker.pid).not.toBe(pid);
    await once(createConnection(broker.port, "127.0.0.1"), "connect");
    await broker.stop();
    await broker.stop();
  });

  it("says why it does not start", async () => {
    await expect(startMosquitto({ lines: ["no_such_word true"] })).rejects.toThrow("no_such_word");
  });
});
