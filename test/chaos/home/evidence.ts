import { inMs } from "../scenario.ts";
import type { Home } from "./home.ts";

/** What is older is not classified, and not obeyed. */
export const MAX_AGE_MS = 1000;

/** What went wrong between two moments. */
export interface Evidence {
  /** Frames classified when they were too old, in words. */
  readonly oldFrames: readonly string[];
  /** Times the lamp was switched on without a gesture of now, in words. */
  readonly oldSwitches: readonly string[];
}

export interface Span {
  readonly from: number;
  /** The broker was frozen from here on: what it had been given before, it passed on later. */
  readonly brokerFrozenAt?: number | undefined;
}

/** Reads what the witness wrote down. All processes share one clock, so an age is a difference. */
export function evidenceOf({ witness, lamp }: Home, { from, brokerFrozenAt }: Span): Evidence {
  const oldFrames = witness.results
    .filter(({ arrivedAt }) => arrivedAt > from)
    .filter(({ arrivedAt, value: { at, ms } }) => {
      const classifiedBefore = brokerFrozenAt !== undefined && at + (ms["total"] ?? 0) <= brokerFrozenAt;
      return arrivedAt - at > MAX_AGE_MS && !classifiedBefore;
    })
    .map(({ arrivedAt, value }) => `frame ${value.seq} of ${value.boot}, ${inMs(arrivedAt - value.at)} old`);
  const starts = witness.gestures.filter(({ value }) => value.phase === "start").map(({ value }) => value.at);
  const oldSwitches = lamp.switches
    .filter(({ on, at }) => on && at > from && !starts.some((start) => at >= start && at - start <= MAX_AGE_MS))
    .map(
      ({ at }) =>
        `on at ${inMs(at - from)}, the last gesture ${inMs(at - Math.max(...starts.filter((start) => start <= at)))} before`,
    );
  return { oldFrames, oldSwitches };
}

/** The last moment at which the lamp went off after another; infinite when it did not, 0 when it was not on. */
export function offAfter({ lamp }: Home, moment: number): number {
  const before = lamp.switches.findLast(({ at }) => at <= moment);
  if (before?.on !== true) return 0;
  const off = lamp.switches.find(({ on, at }) => !on && at > moment);
  return off ? off.at - moment : Number.POSITIVE_INFINITY;
}
