/**
 * The page, measured in a real browser: how soon it shows something, and what it costs who looks at it.
 *
 *   npm run bench:page -- [--only size,cpu] [--minutes 10] [--quick]
 *
 * Linux with Debian's chromium only.
 */
import { parseArgs } from "node:util";
import { debianProgram } from "@beckon/runtime/testing";
import type { Bar } from "./bars.ts";
import { BenchFailure, positive, runBench } from "./bench.ts";
import { measureCpu } from "./page/browser-cpu.ts";
import { measureFirstPicture } from "./page/first-picture.ts";
import { measureMemory } from "./page/memory.ts";
import { measureSize } from "./page/size.ts";
import type { PageBench } from "./page/stage.ts";
import { measureTeaching } from "./page/teach.ts";
import { machineLoad } from "./stream/scenario.ts";

const PARTS: Readonly<Record<string, (bench: PageBench) => Promise<Bar[]>>> = {
  size: measureSize,
  "first-picture": measureFirstPicture,
  cpu: measureCpu,
  teach: measureTeaching,
  memory: measureMemory,
};

await runBench(async () => {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      minutes: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  if (!debianProgram("chromium")) throw new BenchFailure("chromium is not installed: apt-get install chromium");
  const { quick } = values;
  const minutes = Math.max(1, Math.round(positive("minutes", values.minutes ?? (quick ? "1" : "10"))));
  const bars: Bar[] = [];
  for (const name of values.only?.split(",") ?? Object.keys(PARTS)) {
    const measure = PARTS[name];
    if (!measure) throw new BenchFailure(`--only ${name}: there are ${Object.keys(PARTS).join(", ")}`);
    console.log(`\n${name} (load ${machineLoad()})`);
    bars.push(...(await measure({ quick, minutes })));
  }
  return bars;
});
