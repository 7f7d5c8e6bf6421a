import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDebian } from "@beckon/runtime/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BrokerName } from "../bench/stream/services.ts";
import type { ChaosScenario } from "./scenario.ts";
import { blackHole } from "./scenarios/black-hole.ts";
import { broker } from "./scenarios/broker.ts";
import { metrics } from "./scenarios/metrics.ts";
import { replay } from "./scenarios/replay.ts";
import { services } from "./scenarios/services.ts";
import { framesIn, slowReaders } from "./scenarios/slow-readers.ts";

/** Everything waits most of the time, so several run at once; this only catches a hang. */
const HANG_MS = 240_000;

let folder: string;
const interrupt = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-chaos-"));
  // It keeps this process busy, which is the clock of all that runs at once.
  await framesIn(folder);
});
afterAll(async () => {
  interrupt.abort();
  await rm(folder, { recursive: true, force: true });
});

/** The bars that were failed; those of time are for `npm run chaos`. */
async function failed(scenario: ChaosScenario, brokers: readonly BrokerName[] = ["embedded"]): Promise<string[]> {
  const stage = { folder, signal: interrupt.signal, brokers, rounds: 1, quick: true };
  const bars = await scenario.run(stage);
  return bars.filter(({ timed, passed }) => !timed && !passed).map(({ what, bar }) => `${what} (bar: ${bar})`);
}

describe.concurrent("the stream", { timeout: HANG_MS }, () => {
  it("survives each of its services killed or frozen, and nothing old is classified or switches", async () => {
    expect(await failed(services)).toEqual([]);
  });

  it("survives its broker killed, and then a link that swallows everything", async () => {
    expect(await failed(broker)).toEqual([]);
    expect(await failed(blackHole)).toEqual([]);
  });

  it("reaches who reads whatever others do, and is not fooled by what was recorded", async () => {
    expect(await failed(slowReaders)).toEqual([]);
    expect(await failed(replay)).toEqual([]);
  });

  it.skipIf(withDebian("influxd") !== describe)("leaves its figures, whoever of them is killed or full", async () => {
    expect(await failed(metrics)).toEqual([]);
  });

  it.skipIf(withDebian("mosquitto") !== describe)("survives mosquitto killed", async () => {
    expect(await failed(broker, ["mosquitto"])).toEqual([]);
  });
});
