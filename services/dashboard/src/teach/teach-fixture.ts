/** What the tests of teaching have in common: a dashboard's end of it on folders of their own, and recordings in them. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTopics, type Frame } from "@beckon/protocol";
import { type Bus, createLogger, createMemoryBus, MemoryHub, Stats } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { encodeJpeg } from "@beckon/vision";
import { TeachState, type Training } from "./teach-api.ts";
import { createTeaching, type TeachingOptions } from "./teaching.ts";
import { defaultCommand } from "./training-command.ts";

export const topics = createTopics();

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Teaching on a bus inside this process, asked as the page asks it. */
export interface School {
  readonly samples: string;
  readonly models: string;
  readonly bus: Bus;
  readonly stats: Stats;
  ask(method: string, path: string, body?: string): Promise<Answer>;
  raw(path: string, request?: RequestInit): Promise<Response>;
  state(): Promise<TeachState>;
  /** When the training has ended. */
  trained(): Promise<Training>;
  close(): Promise<void>;
}

export async function openSchool(changes: Partial<TeachingOptions> = {}): Promise<School> {
  const folder = await mkdtemp(join(tmpdir(), "beckon-teach-"));
  const stop = new AbortController();
  const stats = new Stats();
  const bus = createMemoryBus(new MemoryHub(), stats);
  const samples = changes.samplesFolder ?? join(folder, "samples");
  const models = changes.modelsFolder ?? join(folder, "models");
  const log = createLogger({ service: "dashboard", level: "silent", format: "json" });
  const options = { bus, topics, stats, log, signal: stop.signal };
  const { app, ended } = createTeaching({ ...options, ...changes, samplesFolder: samples, modelsFolder: models });
  const ask: School["ask"] = async (method, path, body) => {
    const sent = body === undefined ? {} : { body, headers: { "content-length": String(Buffer.byteLength(body)) } };
    const response = await app.request(path, { method, ...sent });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const state = async (): Promise<TeachState> => TeachState.parse((await ask("GET", "/")).body);
  const isOver = ({ phase }: Training): boolean => ["done", "failed", "stopped"].includes(phase);
  const trained = (): Promise<Training> =>
    eventually(
      async () => {
        const { training } = await state();
        return training && isOver(training) ? training : undefined;
      },
      { within: 100_000 },
    );
  const close = async (): Promise<void> => {
    stop.abort();
    await ended;
    await bus.close();
  };
  return {
    samples,
    models,
    bus,
    stats,
    ask,
    raw: async (path, request) => app.request(path, request),
    state,
    trained,
    close,
  };
}

/** A grey picture of a camera, brighter to the right. */
export async function greyFrame(width = 320, height = 240): Promise<Frame> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (255 * (Math.floor(at / 3) % width)) / width);
  return { jpeg: await encodeJpeg({ width, height, data }) };
}

const run = promisify(execFile);

/** Runs `beckon` as a person does. */
export async function beckon(...args: string[]): Promise<string> {
  const [program, ...first] = defaultCommand();
  return (await run(program, [...first, ...args], { maxBuffer: 1e8 })).stdout;
}

/** Two recordings of 16 pictures each of drawn hands: `ay` and `vee`, and of drawn rooms: `others`. */
export async function drawRecordings(samples: string): Promise<void> {
  const gestures = [
    ["A", "ay"],
    ["V", "vee"],
    ["none", "others"],
  ] as const;
  for (const [day, seed] of [21, 22].entries()) {
    const drawn = await mkdtemp(join(tmpdir(), "beckon-drawn-"));
    const signs = gestures.map(([sign]) => sign).join(",");
    await beckon("synthesise", "--out", drawn, "--signs", signs, "--count", "16", "--seed", String(seed));
    for (const [sign, gesture] of gestures)
      await copyRecording(
        join(drawn, "synthetic", sign),
        samples,
        `desk-202611${21 + day}t10450${sign.length}`,
        gesture,
      );
  }
}

async function copyRecording(from: string, samples: string, stem: string, gesture: string): Promise<void> {
  const id = `${stem}-${gesture}`;
  const into = join(samples, id, gesture);
  await mkdir(into, { recursive: true });
  for (const name of await readdir(from)) await copyFile(join(from, name), join(into, `${id}-${name}`));
}

/** A disk of so little memory, such as `64k`, that it is soon full; undefined for those who may not mount one. */
export function smallDisk(size: string): (Disposable & { readonly folder: string }) | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "beckon-small-disk-"));
  const shell = (line: string): unknown => execFileSync("sh", ["-c", line, "sh", size, folder], { stdio: "ignore" });
  try {
    shell('mount -t tmpfs -o "size=$1" tmpfs "$2"');
  } catch {
    return undefined;
  }
  return { folder, [Symbol.dispose]: () => shell('umount "$2"') };
}
