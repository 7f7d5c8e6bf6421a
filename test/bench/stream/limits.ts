import { fileURLToPath } from "node:url";
import { type Bench, measureApart } from "../bench.ts";
import type { Limits, LimitsRequest } from "./limits-round.ts";
import type { MeterOutcome } from "./meter.ts";
import { withPrograms } from "./programs.ts";
import { CAMERA, measureLoad, ms, type Scenario, type Stage } from "./scenario.ts";
import { startBroker } from "./services.ts";

/** What nothing here can be faster than: decode and inference alone, and an answer through a broker without either. */
export const limits: Scenario = {
  name: "limits",
  about: "decode alone, inference alone, and a bare echo through each broker at 30 frames a second",
  async measure(stage) {
    for (const rate of [undefined, CAMERA_RATE]) {
      const { decode, infer, engine } = await measureLimits(shippedModel("letters"), "default", stage, rate);
      const pace = rate === undefined ? "without a pause" : `at ${rate} a second`;
      console.log(`letters, ${engine}, ${pace}: decode ${ms(decode)} ms, inference ${ms(infer)} ms (medians)`);
    }
    for (const broker of stage.brokers)
      await withPrograms(stage.signal, async (start) => {
        const { port } = await startBroker(broker, stage.folder, start);
        const { latency } = await measureEcho(port, stage);
        const { p50, p95, p99, max } = latency;
        console.log(`echo, ${broker}: p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}, max ${ms(max)} ms`);
      });
    return [];
  },
};

/** Frames a second of a camera. */
export const CAMERA_RATE = 30;

export function shippedModel(name: string): string {
  return fileURLToPath(new URL(`../../../models/${name}/`, import.meta.url));
}

export function measureLimits(
  bundle: string,
  roi: LimitsRequest["roi"],
  { frames, quick, signal }: Stage,
  rate?: number,
): Promise<Limits> {
  const pictures = quick ? 60 : 300;
  const request: LimitsRequest = { bundle, frames, roi, threads: 1, pictures, ...(rate !== undefined && { rate }) };
  return measureApart(new URL("./limits-round.ts", import.meta.url), request, signal);
}

/** The least that any answer costs on this broker, now. */
export function measureEcho(port: number, stage: Pick<Stage, "frames" | "quick"> & Bench): Promise<MeterOutcome> {
  const to = `beckon/${CAMERA}/frame`;
  const answers = "bench/echo";
  return withPrograms(stage.signal, async (start) => {
    await start({
      name: "the echo",
      command: process.execPath,
      args: [
        "--import",
        import.meta.resolve("tsx"),
        fileURLToPath(new URL("./echo.ts", import.meta.url)),
        ...[String(port), to, answers],
      ],
      ready: /^ready$/m,
    });
    const load = { rate: CAMERA_RATE, seconds: stage.quick ? 3 : 20 };
    return measureLoad({ port, frames: stage.frames, to: [to], from: answers, load }, stage);
  });
}
