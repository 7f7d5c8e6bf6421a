/** Our services and the brokers, as programs. */
import { existsSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Program, Start } from "./programs.ts";

/** The command line of a user. */
export const BECKON = fileURLToPath(new URL("../../../packages/cli/bin/beckon.js", import.meta.url));
const MOSQUITTO = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"].find(existsSync);

export const BROKERS = ["embedded", "mosquitto"] as const;
export type BrokerName = (typeof BROKERS)[number];

/** Those that are here; a missing mosquitto is said. */
export function brokersHere(): readonly BrokerName[] {
  if (MOSQUITTO) return BROKERS;
  console.log("mosquitto: not found, so only the embedded broker is measured; apt-get install mosquitto");
  return ["embedded"];
}

export interface Broker {
  readonly port: number;
  readonly program: Program;
}

/** @param folder where mosquitto finds its configuration, and who reads a beckon.yaml finds none */
export async function startBroker(name: BrokerName, folder: string, start: Start): Promise<Broker> {
  const port = await freePort();
  return {
    port,
    program: name === "embedded" ? await embedded(port, folder, start) : await mosquitto(port, folder, start),
  };
}

function embedded(port: number, folder: string, start: Start): Promise<Program> {
  return startBeckon(
    "broker",
    { port, folder, settings: { "broker.port": port, "broker.websocketPort": null } },
    start,
  );
}

async function mosquitto(port: number, folder: string, start: Start): Promise<Program> {
  const file = join(await mkdtemp(join(folder, "mosquitto-")), "mosquitto.conf");
  const lines = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "persistence false", "set_tcp_nodelay true"];
  await writeFile(file, `${lines.join("\n")}\n`);
  return start({
    name: "mosquitto",
    command: MOSQUITTO ?? "mosquitto",
    args: ["-c", file],
    ready: /mosquitto version .* running/,
  });
}

export interface BeckonOptions {
  readonly port: number;
  /** Its working folder. */
  readonly folder: string;
  /** Keys of beckon.yaml. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** More of its command line. */
  readonly args?: readonly string[];
}

/** Names every service of the benchmark in its topics. */
export const ID = "bench";

/** One service in a process of its own, or `up`: ready when it says so. */
export function startBeckon(kind: string, options: BeckonOptions, start: Start): Promise<Program> {
  const { port, folder, settings = {}, args = [] } = options;
  const all = { "log.format": "json", ...settings };
  const set = Object.entries(all).flatMap(([key, value]) => ["--set", `${key}=${asFlag(value)}`]);
  const where = kind === "up" ? [] : ["--mqtt", `mqtt://127.0.0.1:${port}`, "--id", ID];
  return start({
    name: `beckon ${kind}`,
    command: process.execPath,
    args: [BECKON, kind, ...where, ...set, ...args],
    ready: /"msg":"ready"/,
    cwd: folder,
  });
}

function asFlag(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** One that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}
