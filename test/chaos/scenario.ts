import type { Bar } from "../bench/bars.ts";
import type { Bench } from "../bench/bench.ts";
import type { BrokerName } from "../bench/stream/services.ts";

/** What every scenario is given. */
export interface ChaosStage extends Bench {
  readonly brokers: readonly BrokerName[];
  /** Kills of each broker. */
  readonly rounds: number;
  /** As little as shows that everything works. */
  readonly quick: boolean;
  /** Folder for the logs of all services, when they are to be kept. */
  readonly logs?: string | undefined;
}

/** A bar that may be of time: true of an idle machine, and no reason to fail a test on a busy one. */
export interface ChaosBar extends Bar {
  readonly timed: boolean;
}

/** One kind of trouble. */
export interface ChaosScenario {
  readonly name: string;
  /** What is done, in a line. */
  readonly about: string;
  run(stage: ChaosStage): Promise<readonly ChaosBar[]>;
}

/** What has to be so on any machine. */
export function outcome(what: string, bar: string, passed: boolean): ChaosBar {
  return { what, bar, passed, timed: false };
}

/**
 * The worst of several times, each against its bar.
 *
 * @param times ms; infinite for what never came
 */
export function within(what: string, times: readonly number[], most: number): ChaosBar {
  const worst = Math.max(...times);
  const figure = times.length === 0 ? "nothing measured" : `${inMs(worst)} at worst of ${times.length}`;
  return {
    what: `${what}: ${figure}`,
    bar: `at most ${most} ms`,
    passed: times.length > 0 && worst <= most,
    timed: true,
  };
}

export function inMs(time: number): string {
  return Number.isFinite(time) ? `${time.toFixed(0)} ms` : "never";
}
