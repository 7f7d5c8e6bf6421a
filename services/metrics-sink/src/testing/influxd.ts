import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianProgram, eventually } from "@beckon/runtime/testing";
import { InfluxDB } from "influx";

/** Debian's InfluxDB as a child process, in a folder of its own. */
export interface Influxd {
  readonly url: string;
  /** SIGKILL; what was written stays on disk. */
  kill(): Promise<void>;
  /** Runs again, on the same port, and answers. */
  start(): Promise<void>;
  rows(query: string, database?: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** @param lines of the section `[http]`, such as `auth-enabled = true` */
export async function startInfluxd(lines: readonly string[] = []): Promise<Influxd> {
  const folder = mkdtempSync(join(tmpdir(), "beckon-influxd-"));
  const [port, rpcPort] = [await freePort(), await freePort()];
  const config = join(folder, "influxdb.conf");
  writeFileSync(config, configuration(folder, port, rpcPort, lines));
  const client = new InfluxDB({ host: "127.0.0.1", port, username: "admin", password: "secret" });
  let child: ChildProcess | undefined;
  const end = async (name: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = once(ending, "exit");
    ending.kill(name);
    await gone;
  };
  const start = async (): Promise<void> => {
    child = spawn(debianProgram("influxd") ?? "influxd", ["run", "-config", config], { stdio: "ignore" });
    await eventually(async () => (await client.ping(1000))[0]?.online);
  };
  const stop = async (): Promise<void> => {
    await end("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  };
  await start().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    kill: () => end("SIGKILL"),
    start,
    rows: async (query, database = "beckon") => [...(await client.query<object>(query, { database }))] as never,
    stop,
  };
}

function configuration(folder: string, port: number, rpcPort: number, lines: readonly string[]): string {
  return [
    "reporting-disabled = true",
    `bind-address = "127.0.0.1:${rpcPort}"`,
    "[meta]",
    `dir = "${folder}/meta"`,
    "[data]",
    `dir = "${folder}/data"`,
    `wal-dir = "${folder}/wal"`,
    "[monitor]",
    "store-enabled = false",
    "[http]",
    `bind-address = "127.0.0.1:${port}"`,
    "log-enabled = false",
    ...lines,
  ].join("\n");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
