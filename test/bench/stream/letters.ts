import { type Bar, formatTable, median } from "../bars.ts";
import { CAMERA_RATE, measureEcho, measureLimits, shippedModel } from "./limits.ts";
import type { MeterOutcome, MeterRequest } from "./meter.ts";
import { withPrograms } from "./programs.ts";
import { CAMERA, eachRound, measureLoad, ms, percent, type Scenario, type Stage } from "./scenario.ts";
import { type BrokerName, startBeckon, startBroker } from "./services.ts";
import { dropsSince, formatDrops, StatsReader } from "./stats-reader.ts";

const MODEL = "letters";
const RATES = [30, 60, 90, 120, 180] as const;
const ANSWERED_BAR = 0.999;
/** What everything beside decode and inference may cost, ms. */
const OVERHEAD_BAR_MS = 2.5;
const P99_BAR_MS = 25;
/** Of the bare echo's p99 in the same round. */
const P99_BAR_ECHOES = 3;

/** One load on one broker in one round. */
interface Measured extends MeterOutcome {
  /** Ms of processor time for each answered frame. */
  readonly cpu: { readonly classifier: number; readonly broker: number };
  /** MB. */
  readonly memory: number;
  readonly drops: Readonly<Record<string, number>>;
}

interface Round {
  readonly limits: { readonly decode: number; readonly infer: number };
  readonly echo: MeterOutcome["latency"];
  readonly byLoad: ReadonlyMap<string, Measured>;
}

/** The model that ships, at the rates of cameras and beyond, on each broker in turn. */
export const letters: Scenario = {
  name: "letters",
  about: `models/letters: one frame in flight, then ${RATES.join(", ")} frames a second, on each broker`,
  async measure(stage) {
    const rounds = new Map<BrokerName, Round[]>(stage.brokers.map((broker) => [broker, []]));
    await eachRound(stage.rounds, async () => {
      for (const [broker, measured] of rounds) measured.push(await measureRound(broker, stage));
    });
    console.log(tableOf(rounds));
    return [...rounds].flatMap(([broker, measured]) => barsOf(broker, measured));
  },
};

function measureRound(name: BrokerName, stage: Stage): Promise<Round> {
  return withPrograms(stage.signal, async (start) => {
    const limits = await measureLimits(shippedModel(MODEL), "default", stage, CAMERA_RATE);
    const { port, program: broker } = await startBroker(name, stage.folder, start);
    const { latency: echo } = await measureEcho(port, stage);
    const settings = { "classifier.models": [MODEL] };
    const classifier = await startBeckon("classifier", { port, folder: stage.folder, settings }, start);
    const stats = await StatsReader.open(port, "classifier");
    const byLoad = new Map<string, Measured>();
    for (const [loadName, load] of loadsOf(stage)) {
      const before = stats.latest?.parts[MODEL];
      const used = { classifier: classifier.cpu(), broker: broker.cpu() };
      const outcome = await measureLoad(
        {
          port,
          frames: stage.frames,
          to: [`beckon/${CAMERA}/frame`],
          from: `beckon/${CAMERA}/result/${MODEL}`,
          load,
        },
        stage,
      );
      const each = (since: number, now: number): number => (now - since) / Math.max(1, outcome.answered);
      byLoad.set(loadName, {
        ...outcome,
        cpu: {
          classifier: each(used.classifier, classifier.cpu()),
          broker: each(used.broker, broker.cpu()),
        },
        memory: classifier.memory(),
        drops: dropsSince(before, (await stats.next()).parts[MODEL]),
      });
    }
    stats.close();
    return { limits, echo, byLoad };
  });
}

function loadsOf({ quick }: Stage): readonly (readonly [string, MeterRequest["load"]])[] {
  return [
    ["closed", { closed: quick ? 50 : 400 }],
    ...RATES.map((rate) => [String(rate), { rate, seconds: secondsOf(rate, quick) }] as const),
  ];
}

/** The bars are for 30 a second, so there a p99 stands on more frames. */
function secondsOf(rate: number, quick: boolean): number {
  if (quick) return 3;
  return rate === 30 ? 20 : 10;
}

const HEADING = ["", "answered", "p50", "p95", "p99", "max ms", "CPU ms", "broker's", "MB", "dropped"];

function tableOf(rounds: ReadonlyMap<BrokerName, readonly Round[]>): string {
  const rows = [...rounds].flatMap(([broker, measured]) => [
    echoRow(broker, measured),
    ...loadNames(measured).map((load) => rowOf(broker, load, ofLoad(measured, load))),
  ]);
  return formatTable(HEADING, rows);
}

function echoRow(broker: BrokerName, rounds: readonly Round[]): string[] {
  const of = (figure: keyof Round["echo"]): string => ms(median(rounds.map(({ echo }) => echo[figure])));
  return [`${broker}, bare echo, 30/s`, "", of("p50"), of("p95"), of("p99"), of("max")];
}

function rowOf(broker: BrokerName, load: string, measured: readonly Measured[]): string[] {
  const of = (figure: (one: Measured) => number): string => ms(median(measured.map(figure)));
  return [
    `${broker}, ${load === "closed" ? "one in flight" : `${load}/s`}`,
    percent(answeredShare(measured)),
    of(({ latency }) => latency.p50),
    of(({ latency }) => latency.p95),
    of(({ latency }) => latency.p99),
    of(({ latency }) => latency.max),
    of(({ cpu }) => cpu.classifier),
    of(({ cpu }) => cpu.broker),
    median(measured.map(({ memory }) => memory)).toFixed(0),
    formatDrops(addedDrops(measured)),
  ];
}

function barsOf(broker: BrokerName, rounds: readonly Round[]): readonly Bar[] {
  const measured = ofLoad(rounds, "30");
  const share = answeredShare(measured);
  const floor = median(rounds.map(({ limits }) => limits.decode + limits.infer));
  const p50 = median(measured.map(({ latency }) => latency.p50));
  const over = median(rounds.map((round) => at30(round).p50 - round.limits.decode - round.limits.infer));
  const limitOf = ({ echo }: Round): number => Math.max(P99_BAR_MS, P99_BAR_ECHOES * echo.p99);
  const p99 = median(measured.map(({ latency }) => latency.p99));
  const overP99 = median(rounds.map((round) => at30(round).p99 - limitOf(round)));
  const name = `${MODEL}, ${broker}, 30/s`;
  return [
    {
      what: `${name}: ${percent(share)} answered`,
      bar: `at least ${percent(ANSWERED_BAR)}`,
      passed: share >= ANSWERED_BAR,
    },
    {
      what: `${name}: p50 ${ms(p50)} ms, ${ms(over)} ms above decode and inference alone at that pace`,
      bar: `at most ${ms(floor)} + ${OVERHEAD_BAR_MS} ms`,
      passed: over <= OVERHEAD_BAR_MS,
    },
    {
      what: `${name}: p99 ${ms(p99)} ms`,
      bar: `at most ${ms(median(rounds.map(limitOf)))} ms: the larger of ${P99_BAR_MS} and ${P99_BAR_ECHOES} x the echo's`,
      passed: overP99 <= 0,
    },
  ];
}

function at30({ byLoad }: Round): MeterOutcome["latency"] {
  const none = { p50: Number.NaN, p95: Number.NaN, p99: Number.NaN, max: Number.NaN };
  return byLoad.get("30")?.latency ?? none;
}

function loadNames([first]: readonly Round[]): readonly string[] {
  return [...(first?.byLoad.keys() ?? [])];
}

function ofLoad(rounds: readonly Round[], load: string): readonly Measured[] {
  return rounds.flatMap(({ byLoad }) => byLoad.get(load) ?? []);
}

function answeredShare(measured: readonly Measured[]): number {
  const sum = (of: (one: Measured) => number): number => measured.reduce((total, one) => total + of(one), 0);
  return sum(({ answered }) => answered) / sum(({ sent }) => sent);
}

function addedDrops(measured: readonly Measured[]): Readonly<Record<string, number>> {
  const added: Record<string, number> = {};
  for (const { drops } of measured)
    for (const [reason, count] of Object.entries(drops)) added[reason] = (added[reason] ?? 0) + count;
  return added;
}
