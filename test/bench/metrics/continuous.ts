import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startInfluxd } from "@beckon/metrics-sink/testing";
import { eventually } from "@beckon/runtime/testing";
import type { Bar } from "../bars.ts";
import type { Bench } from "../bench.ts";
import { withPrograms } from "../stream/programs.ts";
import { startBeckon, startBroker } from "../stream/services.ts";
import { sendLoad } from "./cost.ts";

const RATE = 100;
const MINUTE_MS = 60_000;
/** Each minute is made from its end on, and made again every minute. */
const PATIENCE_MS = 3 * MINUTE_MS;

/** Waits until InfluxDB, by itself, has made the minutes of what was just written. */
export function measureContinuous(bench: Bench, quick: boolean): Promise<Bar[]> {
  return withPrograms(bench.signal, async (start) => {
    const influxd = await startInfluxd();
    try {
      const { port } = await startBroker("mosquitto", bench.folder, start);
      const settings = {
        "metrics-sink.url": influxd.url,
        "metrics-sink.spool.folder": join(bench.folder, "continuous"),
      };
      await startBeckon("metrics-sink", { port, folder: bench.folder, settings }, start);
      const { sent } = await sendLoad({ port, rate: RATE, seconds: quick ? 10 : 90, camera: "live" }, bench);
      const counted = async (query: string): Promise<number> =>
        Number((await influxd.rows(`${query} where camera = 'live'`))[0]?.["points"] ?? 0);
      const inYear = (): Promise<number> => counted('select sum(results) as points from "year".result');
      const begun = performance.now();
      await eventually(async () => (await inYear()) >= sent, { within: PATIENCE_MS }).catch(() => undefined);
      const [year, took] = [await inYear(), ((performance.now() - begun) / 1000).toFixed(0)];
      // The same minutes, made once more, count nothing twice.
      await sleep(quick ? 0 : MINUTE_MS);
      const later = await inYear();
      const raw = await counted("select count(seq) as points from raw.result");
      return [
        {
          what: `InfluxDB's own downsampling: ${raw} of ${sent} points as they came, ${year} in the year ${took} s later, then ${later}`,
          bar: `${sent} each time`,
          passed: [raw, year, later].every((points) => points === sent),
        },
      ];
    } finally {
      await influxd.stop();
    }
  });
}
