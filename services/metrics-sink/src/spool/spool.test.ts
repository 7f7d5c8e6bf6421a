import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ServiceFailure } from "@beckon/runtime";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Point } from "../point.ts";
import { Spool, type SpoolOptions } from "./spool.ts";

const point = (time: number): Point => ({
  measurement: "result",
  tags: { camera: "desk", model: "letters", label: "ÄÖ 手" },
  fields: { confidence: 0.97, word: `number ${time}` },
  time,
});
const points = (count: number, from = 1): Point[] => Array.from({ length: count }, (_, index) => point(from + index));
const timesOf = (taken: readonly Point[]): number[] => taken.map(({ time }) => time);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

let folder: string;
let log: string[];
let drops: Record<string, number>;

async function openSpool(options: Partial<SpoolOptions> = {}, whenRefused?: (reason: string) => void): Promise<Spool> {
  return Spool.open(
    {
      folder,
      ...{ maxSize: 1e9, maxAge: 7 * 86_400_000, syncInterval: 3_600_000, maxInMemory: 10_000 },
      dropped: (reason, count) => {
        drops[reason] = (drops[reason] ?? 0) + count;
      },
      log: { info: (message) => log.push(`info ${message}`), warn: (message) => log.push(`warn ${message}`) },
      ...options,
    },
    whenRefused,
  );
}

/** Takes and acknowledges everything. */
async function drained(spool: Spool, most = 700): Promise<number[]> {
  const times: number[] = [];
  for (;;) {
    const taken = await spool.take(most);
    if (taken.length === 0) return times;
    times.push(...timesOf(taken));
    await spool.acknowledge();
  }
}

const segmentsIn = async (where = folder): Promise<string[]> =>
  (await readdir(where))
    .filter((name) => name.endsWith(".spool"))
    .sort()
    .map((name) => join(where, name));

/** Goes on with what a process that is killed at this moment leaves. */
async function crashed(spool: Spool): Promise<void> {
  const copy = await mkdtemp(join(tmpdir(), "beckon-crashed-"));
  for (const name of await readdir(folder)) if (name !== "lock") await copyFile(join(folder, name), join(copy, name));
  await spool.close();
  await rm(folder, { recursive: true });
  folder = copy;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-spool-"));
  log = [];
  drops = {};
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the spool", () => {
  it("gives points in order, from memory and from disk, and the same ones until they are acknowledged", async () => {
    const spool = await openSpool();
    spool.append(points(1000));
    await spool.sync();
    spool.append(points(1000, 1001));
    expect(timesOf(await spool.take(600))).toEqual(range(1, 600));
    expect(timesOf(await spool.take(600))).toEqual(range(1, 600));
    expect(spool.waiting).toBe(2000);
    expect(await drained(spool)).toEqual(range(1, 2000));
    expect(spool.waiting).toBe(0);
    await spool.close();
  });

  it("brings back after a crash what was synced, and not what was acknowledged", async () => {
    const spool = await openSpool();
    spool.append(points(500));
    await spool.sync();
    await spool.take(200);
    await spool.acknowledge();
    await spool.take(100);
    await spool.sync();
    spool.append(points(10, 501));
    await crashed(spool);
    const next = await openSpool();
    expect(next.waiting).toBe(300);
    next.append(points(3, 1000));
    expect(await drained(next)).toEqual([...range(201, 500), 1000, 1001, 1002]);
    await next.close();
    expect(drops).toEqual({});
  });

  it("remembers over a restart which range is still to be downsampled", async () => {
    const spool = await openSpool();
    spool.replayed = { from: 5, to: 9 };
    await spool.close();
    const next = await openSpool();
    expect(next.replayed).toEqual({ from: 5, to: 9 });
    next.replayed = undefined;
    await next.close();
    const last = await openSpool();
    expect(last.replayed).toBeUndefined();
    await last.close();
  });

  it("skips a record that a crash tore, wherever it tore it", async () => {
    const spool = await openSpool();
    spool.append(points(3));
    await spool.sync();
    const [path = ""] = await segmentsIn();
    const whole = (await stat(path)).size;
    spool.append(points(1, 4));
    await spool.sync();
    const bytes = await readFile(path);
    await spool.close();
    for (let size = whole; size < bytes.length; size++) {
      await rm(folder, { recursive: true });
      await mkdir(folder);
      await writeFile(path, bytes.subarray(0, size));
      const torn = await openSpool();
      torn.append(points(1, 100));
      expect(await drained(torn)).toEqual([1, 2, 3, 100]);
      await torn.close();
    }
    expect(drops).toEqual({});
    expect(log.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  it("loses nothing that was synced, whatever is done to it and whenever it crashes", async () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 400 }) }),
      fc.constant("acknowledge" as const),
      fc.constant("sync" as const),
      fc.constant("crash" as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        folder = await mkdtemp(join(tmpdir(), "beckon-spool-"));
        drops = {};
        let spool = await openSpool({ maxSize: 1_000_000 });
        let [next, synced, acknowledged, inFlight] = [1, 0, 0, 0];
        for (const each of steps) {
          if (each === "sync") {
            await spool.sync();
            synced = next - 1;
          } else if (each === "acknowledge") {
            await spool.acknowledge();
            acknowledged = Math.max(acknowledged, inFlight);
          } else if (each === "crash") {
            await crashed(spool);
            spool = await openSpool({ maxSize: 1_000_000 });
            [next, inFlight] = [Math.max(synced, 0) + 1, 0];
            // What was acknowledged may come again, nothing else may be missing.
            const times = timesOf(await spool.take(1_000_000));
            const first = times[0] ?? synced + 1;
            expect(first).toBeLessThanOrEqual(acknowledged + 1);
            expect(times).toEqual(range(first, synced));
            acknowledged = first - 1;
            inFlight = times.at(-1) ?? 0;
          } else if ("append" in each) {
            spool.append(points(each.append, next));
            next += each.append;
          } else {
            const times = timesOf(await spool.take(each.take));
            inFlight = times.at(-1) ?? inFlight;
            expect(times[0] ?? acknowledged + 1).toBe(acknowledged + 1);
          }
          if (each === "acknowledge") synced = Math.max(synced, acknowledged);
        }
        await spool.close();
        expect(drops).toEqual({});
      }),
      { numRuns: 60 },
    );
  });

  it("has after a kill -9 everything that was on disk", async () => {
    const writer = fileURLToPath(new URL("../testing/spool-writer.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), writer, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let synced = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      synced = Number(line);
      if (synced > 5000 && !child.killed) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    const spool = await openSpool({ maxInMemory: 1_000_000 });
    const times = await drained(spool);
    expect(times.length).toBeGreaterThanOrEqual(synced);
    expect(times).toEqual(range(1, times.length));
    expect(drops).toEqual({});
    await spool.close();
  });
});

describe("a damaged spool", () => {
  async function written(count: number): Promise<string> {
    const spool = await openSpool();
    spool.append(points(count));
    await spool.close();
    return (await segmentsIn())[0] ?? "";
  }

  it("gives every point but the damaged one, counts it and names the file, once", async () => {
    const path = await written(100);
    const bytes = await readFile(path);
    for (const at of [29 + 5, Math.floor(bytes.length / 2), bytes.length - 400]) {
      const bad = Buffer.from(bytes);
      bad.writeUInt8(bad.readUInt8(at) ^ 0xff, at);
      await writeFile(path, bad);
      [drops, log] = [{}, []];
      const spool = await openSpool();
      expect(drops).toEqual({ corrupt: 1 });
      expect(log.filter((line) => line.startsWith("warn"))).toEqual([
        `warn ${path} is damaged: 1 points of it cannot be read and are lost; the others are kept`,
      ]);
      expect((await spool.take(1000)).length).toBe(99);
      await spool.close();
    }
  });

  it("never throws, never gives what was not put in, and accounts for all of it, whatever the bytes are", async () => {
    const path = await written(60);
    const bytes = await readFile(path);
    const damage = fc.record({ at: fc.nat(bytes.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        const bad = Buffer.from(bytes);
        for (const each of damages) bad.set(each.bytes.subarray(0, bad.length - each.at), each.at);
        await writeFile(path, bad);
        await writeFile(path.replace(/\d{15}/, "000000000000061"), "");
        [drops, log] = [{}, []];
        const spool = await openSpool().catch((error: unknown) => error);
        if (spool instanceof ServiceFailure) return expect(spool.message).toMatch(/of version/);
        const times = timesOf(await (spool as Spool).take(1000));
        for (const time of times) expect(range(1, 60)).toContain(time);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        if (!bad.equals(bytes)) expect(times.length + (drops["corrupt"] ?? 0)).toBeGreaterThanOrEqual(60);
        await (spool as Spool).close();
      }),
      { numRuns: 60 },
    );
  });

  it("begins at its start when its position is damaged, which writes nothing twice", async () => {
    await written(10);
    await writeFile(join(folder, "position.json"), "{");
    const spool = await openSpool();
    expect(await drained(spool)).toEqual(range(1, 10));
    expect(log[0]).toContain("position.json is damaged");
    await spool.close();
  });

  it("is refused when it is of another version, with the file and what to do", async () => {
    const path = await written(10);
    const bytes = await readFile(path);
    await writeFile(path, Buffer.from(bytes.toString("latin1").replace("beckon-spool 1", "beckon-spool 2"), "latin1"));
    await expect(openSpool()).rejects.toThrow(ServiceFailure);
    await expect(openSpool()).rejects.toThrow(
      `the spool's ${path} is of version 2, and this program reads version 1: import it with the program that wrote it`,
    );
    expect(await stat(path)).toMatchObject({ size: bytes.length });
  });

  it("counts what went bad while it was open", async () => {
    const spool = await openSpool();
    spool.append(points(100));
    await spool.sync();
    const [path = ""] = await segmentsIn();
    await truncate(path, 1000);
    const times = await drained(spool);
    expect(times.length + (drops["corrupt"] ?? 0)).toBe(100);
    expect(spool.waiting).toBe(0);
    await spool.close();
  });
});

describe("the bounds of the spool", () => {
  it("keeps a second process out, and not a later one", async () => {
    const holder = spawn("sleep", ["60"]);
    onTestFinished(() => void holder.kill());
    const began = (await readFile(`/proc/${holder.pid}/stat`, "utf8")).replace(/^.*\) /s, "").split(" ")[19];
    await writeFile(join(folder, "lock"), `${holder.pid} ${began}`);
    await expect(openSpool()).rejects.toThrow(`the spool ${folder} is in use by process ${holder.pid}`);
    await writeFile(join(folder, "lock"), `${holder.pid} 1`);
    await (await openSpool()).close();
  });

  it("drops the oldest when it is full, and counts exactly what is missing", async () => {
    const spool = await openSpool({ maxSize: 1_000_000, maxInMemory: 1_000_000 });
    for (let from = 1; from <= 40_000; from += 500) {
      spool.append(points(500, from));
      await spool.sync();
      if (from === 10_001) await spool.take(700);
      expect(spool.size).toBeLessThanOrEqual(1_000_000);
    }
    const inFlight = timesOf(await spool.take(700));
    const times = await drained(spool);
    expect(times.slice(0, inFlight.length)).toEqual(inFlight);
    const kept = times.slice(inFlight.length);
    expect(kept).toEqual(range(kept[0] ?? 0, 40_000));
    expect(drops).toEqual({ overflow: 40_000 - times.length });
    expect(times.length).toBeGreaterThan(3000);
    await spool.close();
  });

  it("drops what waited for too long, and counts exactly what is missing", async () => {
    let at = 1_763_632_800_000;
    const spool = await openSpool({ now: () => at, maxAge: 86_400_000, maxInMemory: 1_000_000 });
    // Two days, a point each 30 s.
    for (let from = 1; from <= 5760; from += 20) {
      spool.append(points(20, from));
      await spool.sync();
      at += 600_000;
    }
    const times = await drained(spool);
    expect(times).toEqual(range(times[0] ?? 0, 5760));
    expect(drops).toEqual({ expired: 5760 - times.length });
    expect(times.length).toBeGreaterThanOrEqual(2880);
    expect(times.length).toBeLessThan(2880 * 1.05);
    await spool.close();
  });

  it("removes what was delivered from the disk", async () => {
    const spool = await openSpool({ maxSize: 1_100_000 });
    spool.append(points(4000));
    await spool.sync();
    expect(spool.size).toBeGreaterThan(400_000);
    await drained(spool);
    await spool.close();
    expect(await segmentsIn()).toEqual([]);
  });
});

describe("a spool that cannot be written", () => {
  it("gives points from memory, says so once, and writes again by itself", async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, "a file in the way");
    const refused: string[] = [];
    const spool = await openSpool({ maxInMemory: 100 }, (reason) => refused.push(reason));
    expect(refused).toHaveLength(1);
    spool.append(points(150));
    await spool.sync();
    await spool.sync();
    expect(drops).toEqual({ overflow: 50 });
    expect(timesOf(await spool.take(20))).toEqual(range(51, 70));
    await rm(folder);
    await spool.sync();
    expect(log).toHaveLength(2);
    expect(log[0]).toMatch(
      /^warn the spool .* cannot be written: .*; points wait in memory, 100 at most, until it can$/,
    );
    expect(log[1]).toMatch(/^info the spool .* is written again$/);
    await crashed(spool);
    const after = await openSpool();
    expect(await drained(after)).toEqual(range(51, 150));
    await after.close();
  });

  it("counts what was only in memory when it ends", async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, "a file in the way");
    const spool = await openSpool();
    spool.append(points(30));
    await spool.take(10);
    await spool.close();
    expect(drops).toEqual({ unwritten: 30 });
  });

  it("says why the system refuses the folder, and goes on", async () => {
    const refused: string[] = [];
    // A folder that not even root may write to.
    const spool = await openSpool({ folder: "/sys/beckon" }, (reason) => refused.push(reason));
    expect(refused).toEqual([expect.stringMatching(/^(permission denied|the file system cannot be written to)/)]);
    expect(log).toEqual([expect.stringMatching(/^warn the spool \/sys\/beckon cannot be written: .* wait in memory/)]);
    spool.append(points(3));
    expect(timesOf(await spool.take(10))).toEqual([1, 2, 3]);
    await spool.acknowledge();
    await spool.close();
    expect(drops).toEqual({});
  });
});
