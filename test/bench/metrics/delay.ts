import { join } from "node:path";
import { type Bar, median } from "../bars.ts";
import type { Bench } from "../bench.ts";
import { drawFrames } from "../stream/frames.ts";
import { withPrograms } from "../stream/programs.ts";
import { CAMERA, measureLoad, ms } from "../stream/scenario.ts";
import { startBeckon, startBroker } from "../stream/services.ts";
import { sendLoad } from "./cost.ts";

const RATE = 2000;
const DELAY_BAR = 1.05;
const FRAME_RATE = 30;

/** Frames through the classifier while 2,000 results a second pass the broker, with the sink and without it in turn. */
export function measureDelay(bench: Bench, quick: boolean): Promise<Bar[]> {
  const rounds = quick ? 2 : 5;
  const seconds = quick ? 4 : 10;
  return withPrograms(bench.signal, async (start) => {
    const frames = join(bench.folder, "frames");
    await drawFrames(frames);
    const { port } = await startBroker("mosquitto", bench.folder, start);
    const folder = bench.folder;
    await startBeckon("classifier", { port, folder, settings: { "classifier.models": ["letters"] } }, start);
    const once = async (): Promise<number> => {
      const loading = sendLoad({ port, rate: RATE, seconds: seconds + 3, camera: "load" }, bench);
      const [{ latency }] = await Promise.all([
        measureLoad(
          {
            port,
            frames,
            to: [`beckon/${CAMERA}/frame`],
            from: `beckon/${CAMERA}/result/letters`,
            load: { rate: FRAME_RATE, seconds },
          },
          bench,
        ),
        loading,
      ]);
      return latency.p50;
    };
    const without: number[] = [];
    const with_: number[] = [];
    for (let round = 0; round < rounds; round++) {
      without.push(await once());
      const sink = await startBeckon(
        "metrics-sink",
        { port, folder, settings: { "metrics-sink.spool.folder": join(folder, "delay") } },
        start,
      );
      with_.push(await once());
      await sink.stop();
    }
    const ratio = median(with_) / median(without);
    const shown = `${ms(median(without))} to ${ms(median(with_))} ms (medians of ${rounds} p50, ${ratio.toFixed(3)})`;
    return [
      {
        what: `a frame's result beside ${RATE} points/s over MQTT: ${shown}`,
        bar: "at most 1.05 times as long with the sink",
        passed: ratio <= DELAY_BAR,
      },
    ];
  });
}
