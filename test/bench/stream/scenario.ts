import { loadavg } from "node:os";
import type { Bar } from "../bars.ts";
import { type Bench, measureApart } from "../bench.ts";
import type { MeterOutcome, MeterRequest } from "./meter.ts";
import type { BrokerName } from "./services.ts";

/** What every scenario is given. */
export interface Stage extends Bench {
  readonly brokers: readonly BrokerName[];
  /** A folder of camera frames. */
  readonly frames: string;
  readonly rounds: number;
  /** Seconds instead of minutes, to see that everything works. */
  readonly quick: boolean;
}

/** One part of the benchmark. */
export interface Scenario {
  readonly name: string;
  /** What is measured, in a line. */
  readonly about: string;
  measure(stage: Stage): Promise<readonly Bar[]>;
}

/** Camera of the benchmark. */
export const CAMERA = "bench";

/**
 * V8 tidies up a program that has been idle for 8 seconds: in the middle of a measurement the meter's threads did so
 * nine times within two seconds, on both cores, and most of the slowest frames in a hundred were those of that moment.
 */
export const METER_FLAGS = ["--no-memory-reducer"];

export function measureLoad(request: MeterRequest, { signal }: Bench): Promise<MeterOutcome> {
  return measureApart(new URL("./meter.ts", import.meta.url), request, signal, METER_FLAGS);
}

export async function eachRound(rounds: number, measure: (round: number) => Promise<void>): Promise<void> {
  for (let round = 1; round <= rounds; round++) await measure(round);
}

/** Of the machine now: what others do on it is in every figure. */
export function machineLoad(): string {
  return loadavg()
    .map((load) => load.toFixed(1))
    .join(" ");
}

export function ms(time: number): string {
  return time.toFixed(time < 10 ? 2 : 1);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** The value that `share` (0..1) of all do not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Calls back every so often, ms, while something is done; rejects with what the callback throws. */
export async function sampled<T>(every: number, sample: () => void, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      try {
        sample();
      } catch (error) {
        reject(error);
      }
    }, every);
  });
  try {
    return await Promise.race([work, failed]);
  } finally {
    clearInterval(timer);
  }
}
