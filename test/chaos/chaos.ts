/**
 * What must not happen when things go wrong: the real services as processes of their own, killed, frozen and cut off.
 *
 *   npm run chaos -- [--only services,broker] [--rounds 20] [--quick] [--logs folder]
 *
 * `--rounds` are the kills of each broker. The troubles are in scenarios/; Linux only, for the emulated pin.
 */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { BenchFailure, positive, runBench } from "../bench/bench.ts";
import { machineLoad } from "../bench/stream/scenario.ts";
import { brokersHere } from "../bench/stream/services.ts";
import type { ChaosBar, ChaosScenario } from "./scenario.ts";
import { blackHole } from "./scenarios/black-hole.ts";
import { broker } from "./scenarios/broker.ts";
import { metrics } from "./scenarios/metrics.ts";
import { replay } from "./scenarios/replay.ts";
import { services } from "./scenarios/services.ts";
import { slowReaders } from "./scenarios/slow-readers.ts";

const SCENARIOS: readonly ChaosScenario[] = [services, broker, blackHole, slowReaders, replay, metrics];

await runBench(async (bench) => {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      logs: { type: "string" },
    },
  });
  const scenarios = chosen(values.only?.split(","));
  const rounds = Math.ceil(positive("rounds", values.rounds ?? (values.quick ? "2" : "20")));
  const logs = values.logs === undefined ? undefined : resolve(values.logs);
  if (logs !== undefined) await mkdir(logs, { recursive: true });
  const stage = { ...bench, brokers: brokersHere(), rounds, quick: values.quick, logs };
  const bars: ChaosBar[] = [];
  for (const { name, about, run } of scenarios) {
    console.log(`\n${name}: ${about} (load ${machineLoad()})`);
    bars.push(...(await run(stage)));
  }
  console.log(`\nload at the end: ${machineLoad()}`);
  return bars;
});

function chosen(names: readonly string[] | undefined): readonly ChaosScenario[] {
  for (const name of names ?? [])
    if (!SCENARIOS.some((scenario) => scenario.name === name))
      throw new BenchFailure(`--only ${name}: there are ${SCENARIOS.map((scenario) => scenario.name).join(", ")}`);
  return SCENARIOS.filter(({ name }) => names?.includes(name) ?? true);
}
