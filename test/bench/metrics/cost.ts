import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startInfluxd } from "@beckon/metrics-sink/testing";
import { eventually } from "@beckon/runtime/testing";
import type { Bar } from "../bars.ts";
import { type Bench, measureApart } from "../bench.ts";
import { type Program, withPrograms } from "../stream/programs.ts";
import { startBeckon, startBroker } from "../stream/services.ts";
import type { AppendOutcome, AppendRequest } from "./append-round.ts";
import type { LoadOutcome, LoadRequest } from "./load.ts";

const RATE = 1000;
const CPU_BAR = 0.15;
const MEMORY_BAR_MB = 60;
const APPEND_BAR = 50_000;

export function sendLoad(request: LoadRequest, { signal }: Pick<Bench, "signal">): Promise<LoadOutcome> {
  return measureApart(new URL("./load.ts", import.meta.url), request, signal);
}

/** A thousand points a second into the real InfluxDB, beside a process that does nothing with them. */
export function measureCost(bench: Bench, quick: boolean): Promise<Bar[]> {
  const seconds = quick ? 10 : 60;
  return withPrograms(bench.signal, async (start) => {
    const influxd = await startInfluxd();
    try {
      const { port } = await startBroker("mosquitto", bench.folder, start);
      const spool = join(bench.folder, "cost");
      const settings = { "metrics-sink.url": influxd.url, "metrics-sink.spool.folder": spool };
      const sink = await startBeckon("metrics-sink", { port, folder: bench.folder, settings }, start);
      const bare = await start({
        name: "the bare subscriber",
        command: process.execPath,
        args: ["--import", import.meta.resolve("tsx"), fileURLToPath(new URL("./bare.ts", import.meta.url)), `${port}`],
        ready: /ready/,
      });
      // What is compiled and allocated once is not what a second costs.
      await sendLoad({ port, rate: RATE, seconds: 3, camera: "warm" }, bench);
      const used = [sink, bare].map((program) => program.cpu());
      const begun = performance.now();
      const { sent } = await sendLoad({ port, rate: RATE, seconds, camera: "cost" }, bench);
      const took = performance.now() - begun;
      const [ours, least] = [sink, bare].map((program, index) => (program.cpu() - (used[index] ?? 0)) / took) as [
        number,
        number,
      ];
      const memory = sink.memory() - bare.memory();
      const written = await eventually(async () => {
        const [row] = await influxd.rows("select count(seq) as points from result where camera = 'cost'");
        return Number(row?.["points"]) === sent ? sent : undefined;
      }).catch(() => 0);
      console.log(
        `${RATE} points/s for ${seconds} s: sink ${share(ours)}, bare subscriber ${share(least)} of a core; ` +
          `${megabytes(sink)} and ${megabytes(bare)} MB; ${(await sizeOf(spool)).toFixed(1)} MB in the spool`,
      );
      return [
        { what: `sink at ${RATE} points/s: ${share(ours)} of a core`, bar: "at most 15 %", passed: ours <= CPU_BAR },
        {
          what: `sink: ${memory.toFixed(0)} MB above a bare subscriber`,
          bar: `at most ${MEMORY_BAR_MB}`,
          passed: memory <= MEMORY_BAR_MB,
        },
        { what: `${written} of ${sent} points in InfluxDB`, bar: "all", passed: written === sent },
      ];
    } finally {
      await influxd.stop();
    }
  });
}

/** As many points as the spool itself takes. */
export async function measureAppend(bench: Bench, quick: boolean): Promise<Bar[]> {
  const request: AppendRequest = { folder: join(bench.folder, "append"), points: quick ? 200_000 : 1_000_000 };
  const { rate, cpu, dropped } = await measureApart<AppendOutcome>(
    new URL("./append-round.ts", import.meta.url),
    request,
    bench.signal,
  );
  const shown = `${Math.round(rate)} points/s to the disk, ${cpu.toFixed(1)} us of a core each, ${dropped} dropped`;
  return [
    { what: `spool: ${shown}`, bar: `at least ${APPEND_BAR}, 0 dropped`, passed: rate >= APPEND_BAR && dropped === 0 },
  ];
}

function share(cpu: number): string {
  return `${(100 * cpu).toFixed(1)} %`;
}

function megabytes(program: Program): string {
  return program.memory().toFixed(0);
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
}
