/**
 * The metrics sink, measured: what it costs, and what it loses.
 *
 *   npm run bench:metrics -- [--only cost,outages] [--quick]
 *
 * Linux with Debian's influxd and mosquitto only.
 */
import { parseArgs } from "node:util";
import { measureDiskFull } from "../chaos/metrics/disk-full.ts";
import { measureKills } from "../chaos/metrics/kills.ts";
import { measureOutages } from "../chaos/metrics/outages.ts";
import type { Bar } from "./bars.ts";
import { type Bench, BenchFailure, runBench } from "./bench.ts";
import { measureContinuous } from "./metrics/continuous.ts";
import { measureAppend, measureCost } from "./metrics/cost.ts";
import { measureDelay } from "./metrics/delay.ts";
import { machineLoad } from "./stream/scenario.ts";

const PARTS: Readonly<Record<string, (bench: Bench, quick: boolean) => Promise<Bar[]>>> = {
  append: measureAppend,
  outages: measureOutages,
  "disk-full": measureDiskFull,
  kills: measureKills,
  cost: measureCost,
  delay: measureDelay,
  continuous: measureContinuous,
};

await runBench(async (bench) => {
  const { values } = parseArgs({ options: { only: { type: "string" }, quick: { type: "boolean", default: false } } });
  const bars: Bar[] = [];
  for (const name of values.only?.split(",") ?? Object.keys(PARTS)) {
    const measure = PARTS[name];
    if (!measure) throw new BenchFailure(`--only ${name}: there are ${Object.keys(PARTS).join(", ")}`);
    console.log(`\n${name} (load ${machineLoad()})`);
    bars.push(...(await measure(bench, values.quick)));
  }
  return bars;
});
