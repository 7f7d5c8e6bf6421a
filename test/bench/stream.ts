/**
 * The whole stream, measured: the real services as processes of their own, over the embedded broker and over mosquitto.
 *
 *   npm run bench -- [--only letters,relay] [--rounds 3] [--quick]
 *
 * Every figure is held to a bar; see the scenarios in stream/. Linux only: processor time and memory are read from /proc.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bar } from "./bars.ts";
import { type Bench, BenchFailure, positive, runBench } from "./bench.ts";
import { falseStarts } from "./stream/false-starts.ts";
import { drawFrames } from "./stream/frames.ts";
import { letters } from "./stream/letters.ts";
import { limits } from "./stream/limits.ts";
import { oneProcess } from "./stream/one-process.ts";
import { overload } from "./stream/overload.ts";
import { peerScenario } from "./stream/peer.ts";
import { relay } from "./stream/relay.ts";
import { machineLoad, type Scenario, type Stage } from "./stream/scenario.ts";
import { brokersHere } from "./stream/services.ts";

const SCENARIOS: readonly Scenario[] = [limits, letters, peerScenario, overload, relay, oneProcess, falseStarts];

await runBench(async (bench) => {
  const { values } = parseArgs({
    options: { only: { type: "string" }, rounds: { type: "string" }, quick: { type: "boolean", default: false } },
  });
  const scenarios = chosen(values.only?.split(","));
  const rounds = Math.ceil(positive("rounds", values.rounds ?? (values.quick ? "1" : "3")));
  const stage = await prepare(bench, rounds, values.quick);
  const bars: Bar[] = [];
  for (const { name, about, measure } of scenarios) {
    console.log(`\n${name}: ${about} (load ${machineLoad()})`);
    bars.push(...(await measure(stage)));
  }
  console.log(`\nload at the end: ${machineLoad()}`);
  return bars;
});

function chosen(names: readonly string[] | undefined): readonly Scenario[] {
  for (const name of names ?? [])
    if (!SCENARIOS.some((scenario) => scenario.name === name))
      throw new BenchFailure(`--only ${name}: there are ${SCENARIOS.map((scenario) => scenario.name).join(", ")}`);
  return SCENARIOS.filter(({ name }) => names?.includes(name) ?? true);
}

async function prepare(bench: Bench, rounds: number, quick: boolean): Promise<Stage> {
  const frames = join(bench.folder, "frames");
  const size = await drawFrames(frames);
  console.log(`Frames: drawn, 640x480, ${(size / 1000).toFixed(1)} kB each; ${rounds} rounds${quick ? ", quick" : ""}`);
  return { ...bench, brokers: brokersHere(), frames, rounds, quick };
}
