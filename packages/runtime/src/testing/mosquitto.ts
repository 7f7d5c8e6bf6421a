import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { debianProgram } from "./debian.ts";

/** Debian's mosquitto as a child process. */
export interface Mosquitto {
  readonly url: string;
  readonly port: number;
  /** For SIGSTOP and SIGCONT; changes with `restart`. */
  readonly pid: number;
  /** Ends it in good order; may be called twice. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it is gone; `restart` brings it back. */
  kill(): Promise<void>;
  /** Ends it if it runs, and starts it on the same port. It keeps nothing on disk, so it is empty. */
  restart(): Promise<void>;
}

/** Another process may take the free port before mosquitto does. */
const ATTEMPTS = 5;
const ASKED_AGAIN_MS = 1000;

/**
 * On a free loopback port, with TCP_NODELAY, for anyone.
 *
 * @param options.lines of mosquitto.conf, below those of the listener: `allow_anonymous false`, `cafile ...`
 * @throws with what mosquitto wrote when it does not start
 */
export async function startMosquitto({ lines = [] }: { readonly lines?: readonly string[] } = {}): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "beckon-mosquitto-"));
  const config = join(folder, "mosquitto.conf");
  const attempt = async (left: number): Promise<{ port: number; first: ChildProcess }> => {
    const port = await freePort();
    writeFileSync(config, configuration(port, lines));
    try {
      return { port, first: await launch(config) };
    } catch (error) {
      if (left <= 1 || !String(error).includes("Address already in use")) throw error;
      return attempt(left - 1);
    }
  };
  const { port, first } = await attempt(ATTEMPTS);
  let child = first;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    stop: async () => {
      await end(child, "SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
    kill: () => end(child, "SIGKILL"),
    restart: async () => {
      await end(child, "SIGTERM");
      child = await launch(config);
    },
  };
}

function configuration(port: number, lines: readonly string[]): string {
  const anonymous = lines.some((line) => line.startsWith("allow_anonymous")) ? [] : ["allow_anonymous true"];
  return [
    "persistence false",
    "log_dest stderr",
    // Started by root it would become its own user, who may not read what a test wrote.
    `user ${userInfo().username}`,
    "set_tcp_nodelay true",
    `listener ${port} 127.0.0.1`,
    ...anonymous,
    ...lines,
    "",
  ].join("\n");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** @returns when it listens */
async function launch(config: string): Promise<ChildProcess> {
  const child = spawn(debianProgram("mosquitto") ?? "mosquitto", ["-c", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let written = "";
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`mosquitto ended with ${code}: ${written}`)));
    // Read to the end of its life: a full pipe would stop it.
    child.stderr.on("data", (chunk: Buffer) => {
      written = (written + chunk).slice(-4096);
      if (/mosquitto version \S+ running/.test(written)) resolve();
    });
  });
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ask = (): void => {
    child.kill(signal);
    // A stopped process (SIGSTOP) ends only when it goes on.
    child.kill("SIGCONT");
  };
  ask();
  // mosquitto says that it runs just before it begins to heed a SIGTERM: one that comes between the two is lost.
  const again = setInterval(ask, ASKED_AGAIN_MS);
  await gone;
  clearInterval(again);
}
