import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Influxd, startInfluxd } from "@beckon/metrics-sink/testing";
import { eventually } from "@beckon/runtime/testing";
import type { Bar } from "../bars.ts";
import type { Bench } from "../bench.ts";
import { withPrograms } from "../stream/programs.ts";
import { startBeckon, startBroker } from "../stream/services.ts";
import { sendLoad } from "./cost.ts";

const RATE = 200;
const SYNC_MS = 1000;
/** From the broker to the disk, beside the interval itself, ms. */
const ON_THE_WAY_MS = 200;

/** kill -9 of the sink in an outage, then of InfluxDB in the stream. */
export function measureKills(bench: Bench, quick: boolean): Promise<Bar[]> {
  const seconds = quick ? 6 : 20;
  return withPrograms(bench.signal, async (start) => {
    const influxd = await startInfluxd();
    try {
      const { port } = await startBroker("mosquitto", bench.folder, start);
      const settings = {
        "metrics-sink.url": influxd.url,
        "metrics-sink.spool.folder": join(bench.folder, "kills"),
        "metrics-sink.spool.syncInterval": SYNC_MS,
      };
      const startSink = () => startBeckon("metrics-sink", { port, folder: bench.folder, settings }, start);
      const first = await startSink();
      await influxd.kill();
      const loading = sendLoad({ port, rate: RATE, seconds, camera: "outage" }, bench);
      await sleep(((seconds + 1) * 1000) / 2);
      const killedAt = Date.now();
      await first.kill();
      await loading;
      await influxd.start();
      await startSink();
      const sinkBar = sinkKilled(await settled(influxd, "outage"), killedAt);
      const sending = sendLoad({ port, rate: RATE, seconds, camera: "stream" }, bench);
      await sleep((seconds * 1000) / 3);
      await influxd.kill();
      await sleep((seconds * 1000) / 3);
      await influxd.start();
      const { sent } = await sending;
      const [row] = await settled(influxd, "stream");
      const kept = Number(row?.["points"]);
      return [sinkBar, { what: `kill -9 of influxd: ${kept} of ${sent} points`, bar: "all", passed: kept === sent }];
    } finally {
      await influxd.stop();
    }
  });
}

function sinkKilled([row]: readonly Record<string, unknown>[], killedAt: number): Bar {
  const [kept, first, last, time] = ["points", "first", "last", "time"].map((name) => Number(row?.[name]));
  const holes = Number(last) - Number(first) + 1 - Number(kept);
  const missing = killedAt - Number(time);
  return {
    what: `kill -9 of the sink in an outage: ${kept} points kept, ${holes} holes, the last ${Math.round(missing)} ms missing`,
    bar: `no holes, at most ${SYNC_MS} ms and ${ON_THE_WAY_MS} from the broker to the disk`,
    passed: holes === 0 && first === 0 && missing <= SYNC_MS + ON_THE_WAY_MS,
  };
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
