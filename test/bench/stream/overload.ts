import type { Figures, ServiceStats } from "@beckon/protocol";
import { type Bar, median } from "../bars.ts";
import { findCapacity } from "./capacity.ts";
import { networkSettings } from "./contestants.ts";
import type { MeterOutcome, MeterRequest } from "./meter.ts";
import { NETWORK, prepareNetwork, preparePeer } from "./network.ts";
import { withPrograms } from "./programs.ts";
import { measureLoad, ms, percent, type Scenario, type Stage, sampled } from "./scenario.ts";
import { type BrokerName, startBeckon, startBroker } from "./services.ts";
import { formatDrops, StatsReader } from "./stats-reader.ts";

const CAMERAS = Array.from({ length: 8 }, (_, index) => `bench-${index}`);
/** Times the capacity. */
const LOAD = 4;
const FLOOD = 240;
const RATE_BAR = 0.85;
const AGE_BAR_MS = 150;
/** Memory may grow by this share and so many MB from the second quarter to the last. */
const GROWTH = { share: 0.05, megabytes: 10 };

interface Overloaded {
  /** Most results a second that were found before. */
  readonly best: number;
  readonly outcome: MeterOutcome;
  /** MB, twice a second. */
  readonly memory: readonly number[];
  /** At the end. */
  readonly figures: Figures;
  /** What reached the classifier of the frames that were sent meanwhile; the rest was lost at the broker. */
  readonly received: number;
}

/** Far more cameras than the machine can follow: as many results as ever, and fresh ones. */
export const overload: Scenario = {
  name: "overload",
  about: `the peer's network, ${CAMERAS.length} cameras that send ${LOAD} x what can be answered`,
  async measure(stage) {
    const models = await prepareNetwork(await preparePeer(stage), stage);
    const bars: Bar[] = [];
    for (const broker of stage.brokers) bars.push(...report(broker, await measureOverload(broker, models, stage)));
    return bars;
  },
};

function measureOverload(name: BrokerName, models: string, stage: Stage): Promise<Overloaded> {
  return withPrograms(stage.signal, async (start) => {
    const { folder, frames, quick } = stage;
    const { port } = await startBroker(name, folder, start);
    const settings = networkSettings(models, CAMERAS);
    const classifier = await startBeckon("classifier", { port, folder, settings }, start);
    const load = (load: MeterRequest["load"]): Promise<MeterOutcome> => {
      const to = CAMERAS.map((camera) => `beckon/${camera}/frame`);
      return measureLoad({ port, frames, to, from: `beckon/+/result/${NETWORK}`, load }, stage);
    };
    const { most, sustained } = await findCapacity((rate, seconds) => load({ rate, seconds }), FLOOD, quick);
    console.log(`${name}: ${most.toFixed(1)} results a second at most, ${sustained.toFixed(1)} with 99 % answered`);
    const stats = await StatsReader.open(port, "classifier");
    const before = lastFigures(await stats.next());
    const memory: number[] = [];
    const flood = { rate: LOAD * most, seconds: quick ? 8 : 60 };
    const outcome = await sampled(500, () => memory.push(classifier.memory()), load(flood));
    await classifier.stop();
    const figures = lastFigures(stats.latest);
    stats.close();
    const received = receivedIn(figures) - receivedIn(before);
    return { best: most, outcome, memory, figures, received };
  });
}

function receivedIn({ counters }: Figures): number {
  return counters["received"] ?? 0;
}

function lastFigures(stats: ServiceStats | undefined): Figures {
  return stats?.parts[NETWORK] ?? { counters: {}, drops: {}, gauges: {}, latency: {} };
}

function report(name: BrokerName, { best, outcome, memory, figures, received: meanwhile }: Overloaded): readonly Bar[] {
  const { counters, drops, gauges } = figures;
  const received = receivedIn(figures);
  const [results, inHand] = [counters["results"] ?? 0, gauges["inHand"] ?? 0];
  const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
  const quarter = Math.floor(memory.length / 4);
  const before = median(memory.slice(quarter, 2 * quarter));
  const after = median(memory.slice(3 * quarter));
  const { latency, rate, answered, sent } = outcome;
  console.log(
    `${name}: ${sent} frames sent, ${meanwhile} received, ${answered} answered (${percent(answered / sent)}); age p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}, max ${ms(latency.max)} ms; dropped in all: ${formatDrops(drops)}`,
  );
  const title = `overload, ${name}`;
  return [
    {
      what: `${title}: ${rate.toFixed(1)} results a second, ${percent(rate / best)} of the best rate`,
      bar: `at least ${percent(RATE_BAR)}`,
      passed: rate >= RATE_BAR * best,
    },
    {
      what: `${title}: age of results p99 ${ms(latency.p99)} ms`,
      bar: `at most ${AGE_BAR_MS} ms`,
      passed: latency.p99 <= AGE_BAR_MS,
    },
    {
      what: `${title}: memory ${before.toFixed(0)} MB, later ${after.toFixed(0)} MB`,
      bar: `grows by at most ${percent(GROWTH.share)} and ${GROWTH.megabytes} MB`,
      passed: after <= before * (1 + GROWTH.share) + GROWTH.megabytes,
    },
    {
      what: `${title}: received ${received} = ${results} results + ${dropped} drops + ${inHand} in hand`,
      bar: "exactly",
      passed: received > 0 && received === results + dropped + inHand,
    },
  ];
}
