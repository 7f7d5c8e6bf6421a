import { debianProgram } from "@beckon/runtime/testing";
import { BenchFailure } from "../../bench/bench.ts";
import { measureDiskFull } from "../metrics/disk-full.ts";
import { measureKills } from "../metrics/kills.ts";
import { measureOutages } from "../metrics/outages.ts";
import type { ChaosScenario } from "../scenario.ts";

/** Debian's influxd and the sink, and what becomes of the points. */
export const metrics: ChaosScenario = {
  name: "metrics",
  about: "InfluxDB away in five ways, it and the sink killed, the disk full",
  run: async (stage) => {
    if (!debianProgram("influxd"))
      throw new BenchFailure("influxd: not found; apt-get install influxdb, or leave metrics out with --only");
    const broker = stage.brokers.includes("mosquitto") ? "mosquitto" : "embedded";
    return [
      ...(stage.quick ? [] : await measureOutages(stage)),
      ...(await measureKills(stage, stage.quick, broker)),
      ...(await measureDiskFull(stage)),
    ];
  },
};
