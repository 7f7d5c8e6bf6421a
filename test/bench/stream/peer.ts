import { type Bar, formatTable, median } from "../bars.ts";
import { type Capacity, findCapacity } from "./capacity.ts";
import { type Contestant, FRAMES, ours, PEER_SETTINGS, peer } from "./contestants.ts";
import type { MeterOutcome, MeterRequest } from "./meter.ts";
import { type PeerKit, prepareNetwork, preparePeer } from "./network.ts";
import { type Program, withPrograms } from "./programs.ts";
import { eachRound, measureLoad, ms, type Scenario, type Stage } from "./scenario.ts";
import { startBroker } from "./services.ts";

const RATE = 30;
/** Far more than two cores can do. */
const FLOOD = 240;
const SUSTAINED_BAR = 1.5;

interface Probe {
  readonly contestant: Contestant;
  readonly latency: MeterOutcome["latency"];
  readonly most: number;
}

interface Measured {
  /** Of the first seconds after the start, in which V8 still compiles. */
  readonly fresh: MeterOutcome["latency"];
  /** Of as many seconds after them: a service runs for days. */
  readonly latency: MeterOutcome["latency"];
  readonly closed: MeterOutcome["latency"];
  /** Ms of processor time a frame, at 30 a second. */
  readonly cpu: number;
  readonly memory: number;
  readonly capacity: Capacity;
}

/** What a user would write in Python instead, on the same network, in turn on the same broker. */
export const peerScenario: Scenario = {
  name: "peer",
  about: "the network of the Python peer: ours as it comes and the peer in the best setting of a short trial, in turn",
  async measure(stage) {
    const kit = await preparePeer(stage);
    if (!kit || !stage.brokers.includes("mosquitto")) return [];
    const models = await prepareNetwork(kit, stage);
    const mine = ours(models, stage.folder);
    const best = {
      ours: { latency: mine, rate: mine },
      peer: await bestOf(
        PEER_SETTINGS.slice(0, stage.quick ? 2 : undefined).map((setting) => peer(setting, kit)),
        kit,
        stage,
      ),
    };
    const measured: Record<Contestant["side"], Measured[]> = { ours: [], peer: [] };
    await eachRound(stage.rounds, async () => {
      for (const side of ["ours", "peer"] as const) measured[side].push(await measureRound(best[side], kit, stage));
    });
    console.log(formatTable(HEADING, [rowOf("ours", measured.ours), rowOf("peer", measured.peer)]));
    return barsOf(measured.ours, measured.peer);
  },
};

interface Best {
  readonly latency: Contestant;
  readonly rate: Contestant;
}

/** Tries each setting once: the best for latency need not be the best for frames a second. */
async function bestOf(contestants: readonly Contestant[], kit: PeerKit, stage: Stage): Promise<Best> {
  const probes: Probe[] = [];
  for (const contestant of contestants)
    probes.push(
      await running(contestant, stage, async (port) => {
        const warm = { closed: 30 };
        await load(port, contestant, warm, kit, stage);
        const { latency } = await load(port, contestant, { rate: RATE, seconds: stage.quick ? 3 : 8 }, kit, stage);
        await load(port, contestant, { rate: FLOOD, seconds: 4 }, kit, stage);
        const { rate: most } = await load(port, contestant, { rate: FLOOD, seconds: 4 }, kit, stage);
        return { contestant, latency, most };
      }),
    );
  for (const { contestant, latency, most } of probes)
    console.log(
      `trial: ${contestant.side}, ${contestant.setting}: p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)} ms at ${RATE}/s, ${most.toFixed(1)} results a second at most`,
    );
  const [quickest] = probes.toSorted((a, b) => a.latency.p50 - b.latency.p50);
  const [busiest] = probes.toSorted((a, b) => b.most - a.most);
  if (!quickest || !busiest) throw new Error("there are no settings to try");
  return { latency: quickest.contestant, rate: busiest.contestant };
}

async function measureRound(best: Best, kit: PeerKit, stage: Stage): Promise<Measured> {
  const quietly = await running(best.latency, stage, async (port, program) => {
    const { latency: closed } = await load(port, best.latency, { closed: stage.quick ? 40 : 200 }, kit, stage);
    const camera = { rate: RATE, seconds: stage.quick ? 3 : 20 };
    const { latency: fresh } = await load(port, best.latency, camera, kit, stage);
    const used = program.cpu();
    const at30 = await load(port, best.latency, camera, kit, stage);
    return {
      closed,
      fresh,
      latency: at30.latency,
      cpu: (program.cpu() - used) / Math.max(1, at30.answered),
      memory: program.memory(),
    };
  });
  const capacity = await running(best.rate, stage, (port) =>
    findCapacity((rate, seconds) => load(port, best.rate, { rate, seconds }, kit, stage), FLOOD, stage.quick),
  );
  return { ...quietly, capacity };
}

function running<T>(
  contestant: Contestant,
  { folder, signal }: Stage,
  work: (port: number, program: Program) => Promise<T>,
): Promise<T> {
  return withPrograms(signal, async (start) => {
    const { port } = await startBroker("mosquitto", folder, start);
    return work(port, await contestant.start(port, start));
  });
}

function load(
  port: number,
  { results }: Contestant,
  load: MeterRequest["load"],
  { frames }: PeerKit,
  stage: Stage,
): Promise<MeterOutcome> {
  return measureLoad({ port, frames, to: [FRAMES], from: results, load }, stage);
}

const HEADING = [
  ...["", "closed p50", "fresh p50", "p99", "30/s p50", "p95", "p99", "max ms", "CPU ms", "MB"],
  ...["sustained/s", "most/s"],
];

function rowOf(side: string, rounds: readonly Measured[]): string[] {
  const of = (figure: (one: Measured) => number): string => ms(median(rounds.map(figure)));
  return [
    side,
    of(({ closed }) => closed.p50),
    ...(["p50", "p99"] as const).map((name) => of(({ fresh }) => fresh[name])),
    ...(["p50", "p95", "p99", "max"] as const).map((name) => of(({ latency }) => latency[name])),
    of(({ cpu }) => cpu),
    median(rounds.map(({ memory }) => memory)).toFixed(0),
    of(({ capacity }) => capacity.sustained),
    of(({ capacity }) => capacity.most),
  ];
}

function barsOf(mine: readonly Measured[], theirs: readonly Measured[]): readonly Bar[] {
  const compared = (what: string, of: (one: Measured) => number): Bar => {
    const our = median(mine.map(of));
    const their = median(theirs.map(of));
    return {
      what: `peer's network, ${RATE}/s, ${what} ${ms(our)} ms`,
      bar: `at most the peer's ${ms(their)} ms`,
      passed: our <= their,
    };
  };
  const latencies = (["p50", "p99"] as const).flatMap((name) => [
    compared(`at first: ${name}`, ({ fresh }) => fresh[name]),
    compared(`then: ${name}`, ({ latency }) => latency[name]),
  ]);
  const ratio = (of: (capacity: Capacity) => number): number =>
    median(mine.map(({ capacity }, round) => of(capacity) / of(theirs[round]?.capacity ?? capacity)));
  const sustained = ratio((capacity) => capacity.sustained);
  return [
    ...latencies,
    {
      what: `peer's network: ${sustained.toFixed(2)} x the peer's sustained frames a second (${ratio(({ most }) => most).toFixed(2)} x its most)`,
      bar: `at least ${SUSTAINED_BAR} x`,
      passed: Number.isFinite(sustained) && sustained >= SUSTAINED_BAR,
    },
  ];
}
