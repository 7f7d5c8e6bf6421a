import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Influxd, startInfluxd } from "@beckon/metrics-sink/testing";
import { eventually } from "@beckon/runtime/testing";
import type { Bench } from "../../bench/bench.ts";
import { sendLoad } from "../../bench/metrics/cost.ts";
import { withPrograms } from "../../bench/stream/programs.ts";
import { type BrokerName, startBeckon, startBroker } from "../../bench/stream/services.ts";
import { type ChaosBar, outcome, within } from "../scenario.ts";

const RATE = 200;
const SYNC_MS = 1000;
/** Of a spool that holds more than the sink's own figures: half a second of the load. */
const BEGUN_BYTES = 20_000;
/** From the broker to the disk, beside the interval itself, ms. */
const ON_THE_WAY_MS = 200;

/** kill -9 of the sink in an outage, then of InfluxDB in the stream. */
export function measureKills(bench: Bench, quick: boolean, broker: BrokerName = "mosquitto"): Promise<ChaosBar[]> {
  const seconds = quick ? 6 : 20;
  return withPrograms(bench.signal, async (start) => {
    const influxd = await startInfluxd();
    try {
      const { port } = await startBroker(broker, bench.folder, start);
      const spool = join(bench.folder, "kills");
      const settings = {
        "metrics-sink.url": influxd.url,
        "metrics-sink.spool.folder": spool,
        "metrics-sink.spool.syncInterval": SYNC_MS,
      };
      const startSink = () => startBeckon("metrics-sink", { port, folder: bench.folder, settings }, start);
      const first = await startSink();
      await influxd.kill();
      const loading = sendLoad({ port, rate: RATE, seconds, camera: "outage" }, bench);
      // Not by the clock alone: on a busy machine the load may take seconds to begin.
      await eventually(async () => (await bytesIn(spool)) > BEGUN_BYTES, { within: 60_000 });
      await sleep((seconds * 1000) / 3);
      const killedAt = Date.now();
      await first.kill();
      await loading;
      await influxd.start();
      await startSink();
      const sinkBars = sinkKilled(await settled(influxd, "outage"), killedAt);
      const sending = sendLoad({ port, rate: RATE, seconds, camera: "stream" }, bench);
      await sleep((seconds * 1000) / 3);
      await influxd.kill();
      await sleep((seconds * 1000) / 3);
      await influxd.start();
      const { sent } = await sending;
      const [row] = await settled(influxd, "stream");
      const kept = Number(row?.["points"]);
      return [...sinkBars, outcome(`kill -9 of influxd: ${kept} of ${sent} points`, "all", kept === sent)];
    } finally {
      await influxd.stop();
    }
  });
}

async function bytesIn(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".spool"));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function sinkKilled([row]: readonly Record<string, unknown>[], killedAt: number): ChaosBar[] {
  const [kept, first, last, time] = ["points", "first", "last", "time"].map((name) => Number(row?.[name]));
  const holes = Number(last) - Number(first) + 1 - Number(kept);
  const missing = killedAt - Number(time);
  return [
    outcome(
      `kill -9 of the sink in an outage: ${kept} points kept from number ${first} on, ${holes} holes`,
      "from 0 on, no holes",
      holes === 0 && first === 0,
    ),
    within("kill -9 of the sink in an outage: before the kill, what is missing", [missing], SYNC_MS + ON_THE_WAY_MS),
  ];
}

/** When it no longer grows. */
async function settled(influxd: Influxd, camera: string): Promise<Record<string, unknown>[]> {
  const look = async (): Promise<Record<string, unknown>[]> => {
    const where = `from result where camera = '${camera}'`;
    const [count] = await influxd.rows(`select count(seq) as points, min(seq) as first ${where}`);
    const [last] = await influxd.rows(`select last(seq) as last ${where}`);
    return [{ ...count, ...last }];
  };
  let before = -1;
  return eventually(
    async () => {
      await sleep(4000);
      const rows = await look();
      const points = Number(rows[0]?.["points"] ?? 0);
      const same = points > 0 && points === before;
      before = points;
      return same ? rows : undefined;
    },
    { within: 60_000 },
  );
}
