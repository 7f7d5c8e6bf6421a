/** Appends points to a spool as fast as it takes them. Its request is its first argument, its outcome its last line. */
import { Spool } from "@beckon/metrics-sink/testing";

export interface AppendRequest {
  readonly folder: string;
  readonly points: number;
}

export interface AppendOutcome {
  /** Points a second, until all of them were on disk. */
  readonly rate: number;
  /** Processor time for each, microseconds. */
  readonly cpu: number;
  readonly dropped: number;
}

const AT_ONCE = 500;

const { folder, points } = JSON.parse(process.argv[2] ?? "{}") as AppendRequest;
let dropped = 0;
const spool = await Spool.open({
  folder,
  ...{ maxSize: 1e9, maxAge: 7 * 86_400_000, syncInterval: 1000, maxInMemory: 200_000 },
  dropped: (_, count) => {
    dropped += count;
  },
  log: { info: () => {}, warn: (message) => console.error(message) },
});
const begun = performance.now();
const cpu = process.cpuUsage();
for (let seq = 0; seq < points; seq += AT_ONCE) {
  spool.append(Array.from({ length: AT_ONCE }, (_, index) => resultOf(seq + index)));
  // As messages that arrive do, it lets the disk have its turn.
  await new Promise((resolve) => setImmediate(resolve));
  if (seq % 50_000 === 0) await spool.sync();
}
await spool.sync();
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(cpu);
const outcome: AppendOutcome = { rate: points / seconds, cpu: (user + system) / points, dropped };
await spool.close();
console.log(JSON.stringify(outcome));

function resultOf(seq: number) {
  return {
    measurement: "result" as const,
    tags: { camera: "bench", model: "letters", label: "A" },
    fields: { confidence: 0.97, seq, changed: 0, ms_receive: 1.1, ms_queue: 0.2, ms_decode: 0.6, ms_total: 2.4 },
    time: 1_763_632_801_000_000 + seq,
  };
}
