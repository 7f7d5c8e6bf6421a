import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, type RequestOptions, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { createLogger, runService } from "@beckon/runtime";
import { type AedesBroker, eventually, startAedes } from "@beckon/runtime/testing";
import { DashboardConfig } from "../config.ts";
import { createDashboardService } from "../dashboard.ts";

export const PAGE_SCRIPT = `console.log("${"a page ".repeat(1000)}")\n`;

/** A dashboard of its own, with its broker and all its folders in one that is deleted. */
export interface OpenDashboard {
  readonly broker: AedesBroker;
  /** As `ready` tells it. */
  readonly address: string;
  readonly port: number;
  readonly securePort: number | undefined;
  readonly folder: string;
  readonly log: readonly string[];
  /** Rejects when the service fails. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface OpenOptions {
  readonly config?: object;
  readonly broker?: Parameters<typeof startAedes>[0];
  readonly user?: { readonly username: string; readonly password: string };
  /** Without its files. */
  readonly isBuilt?: boolean;
}

/** Both ports free ones unless the configuration says otherwise. */
export async function openDashboard(options: OpenOptions = {}): Promise<OpenDashboard> {
  const folder = await mkdtemp(join(tmpdir(), "beckon-dashboard-"));
  const broker = await startAedes(options.broker);
  const log: string[] = [];
  const stop = new AbortController();
  const dist = join(folder, "dist");
  if (options.isBuilt !== false) await writePage(dist);
  const before = process.env["XDG_STATE_HOME"];
  process.env["XDG_STATE_HOME"] = join(folder, "state");
  const config = DashboardConfig.parse({
    ...{ port: 0, samplesFolder: join(folder, "samples"), modelsFolder: join(folder, "models") },
    ...options.config,
    https: { port: 0, ...(options.config as { https?: object } | undefined)?.https },
  });
  const ready: { address?: string } = {};
  const running = runService(createDashboardService(dist), {
    config,
    id: "test",
    shared: { prefix: "beckon", mqtt: { url: broker.url, ...options.user } },
    log: createLogger({ level: "info", format: "json", service: "dashboard", destination: lines(log) }),
    signal: stop.signal,
    ready: (address) => {
      if (address !== undefined) ready.address = address;
    },
  });
  const ended = (async () => {
    try {
      await running;
    } finally {
      if (before === undefined) delete process.env["XDG_STATE_HOME"];
      else process.env["XDG_STATE_HOME"] = before;
      await broker.stop();
    }
  })();
  ended.catch(() => {});
  try {
    const address = await Promise.race([eventually(() => ready.address), ended.then(() => "")]);
    const said = log.join("\n");
    const port = Number(/how they trust it is at http:\/\/[^"]*:(\d+)/.exec(said)?.[1] ?? new URL(address).port);
    const facts = new URL(address).protocol === "http:" ? await ask({ port, path: "/page.json" }) : undefined;
    const secureUrl = facts && JSON.parse(facts.body).secureUrl;
    const securePort = Number(new URL(secureUrl ?? address).port);
    return {
      ...{ broker, address, port, folder, log, ended },
      securePort: secureUrl === undefined && !address.startsWith("https") ? undefined : securePort,
      stop: async () => {
        stop.abort();
        await ended.catch(() => {});
        await rm(folder, { recursive: true });
      },
    };
  } catch (error) {
    stop.abort();
    await rm(folder, { recursive: true });
    throw error;
  }
}

/** What the set-up builds, in small, and what stands beside it. */
async function writePage(dist: string): Promise<void> {
  await mkdir(dist, { recursive: true });
  const files = {
    "index.html": "<!doctype html><title>Beckon</title>",
    "page.js": PAGE_SCRIPT,
    "page.js.gz": gzipSync(PAGE_SCRIPT),
    "page.js.br": brotliCompressSync(PAGE_SCRIPT),
    "page.css": "body{}",
    "icon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "build.json": "{}",
    ".env": "secret",
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(dist, name), content);
  await writeFile(join(dist, "../outside.js"), "secret");
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
}

/** A request exactly as it is written here: no path is tidied, and any header may be forged. */
export function ask(
  options: RequestOptions & { readonly body?: string | Buffer; readonly ca?: string | Buffer },
): Promise<Answer> {
  const { body, ca, ...rest } = options;
  return new Promise((resolve, reject) => {
    const request = (ca === undefined ? requestPlain : requestSecure)(
      { host: "127.0.0.1", agent: false, ...rest, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const bytes = Buffer.concat(chunks);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString(), bytes });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** An address under which other machines reach this one; undefined without a network. */
export function outerAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((found = []) => found)
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}

/** Asks for a user named admin with the password "right". */
export const ASKING: NonNullable<OpenOptions["broker"]> = {
  authenticate: (_client, username, password, done) =>
    username === "admin" && password?.toString() === "right"
      ? done(null, true)
      : done(Object.assign(new Error("who are you?"), { returnCode: 5 as const }), false),
};
export const ADMIN = { username: "admin", password: "right" };

function lines(into: string[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      for (const line of chunk.toString().split("\n").filter(Boolean)) into.push(JSON.parse(line).msg);
      done();
    },
  });
}
