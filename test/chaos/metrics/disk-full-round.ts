/**
 * Fills a small file system with a spool, and frees it again. Its request is its first argument, its outcome its last
 * line; the folder is to be a mount point of its own.
 */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Spool } from "@beckon/metrics-sink/testing";
import { eventually } from "@beckon/runtime/testing";

export interface DiskFullOutcome {
  readonly log: readonly string[];
  /** The longest that one call of `append` took while the disk was full, ms. */
  readonly slowest: number;
  readonly appended: number;
  readonly given: number;
  readonly dropped: number;
}

const { folder } = JSON.parse(process.argv[2] ?? "{}") as { readonly folder: string };
const log: string[] = [];
let dropped = 0;
let appended = 0;
let slowest = 0;
const ballast = join(folder, "ballast");
await writeFile(ballast, Buffer.alloc(1_500_000));
const spool = await Spool.open({
  folder: join(folder, "spool"),
  ...{ maxSize: 1e9, maxAge: 7 * 86_400_000, syncInterval: 50, maxInMemory: 20_000 },
  dropped: (_, points) => {
    dropped += points;
  },
  log: { info: (line) => log.push(line), warn: (line) => log.push(line) },
});
const append = (): void => {
  const points = Array.from({ length: 100 }, () => ({
    measurement: "result" as const,
    tags: { camera: "bench" },
    fields: { confidence: 0.97, seq: appended },
    time: ++appended,
  }));
  const begun = performance.now();
  spool.append(points);
  slowest = Math.max(slowest, performance.now() - begun);
};
await eventually(async () => {
  append();
  await spool.sync();
  return log.length > 0;
});
for (let more = 0; more < 50; more++) {
  append();
  if (more % 10 === 0) await spool.sync();
}
await rm(ballast);
await eventually(() => log.some((line) => line.endsWith("written again")));
let given = 0;
for (let taken = await spool.take(5000); taken.length > 0; taken = await spool.take(5000)) {
  given += taken.length;
  await spool.acknowledge();
}
await spool.close();
const outcome: DiskFullOutcome = { log, slowest, appended, given, dropped };
console.log(JSON.stringify(outcome));
