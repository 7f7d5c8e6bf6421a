import { inMs } from "../scenario.ts";
import type { Home } from "./home.ts";

/** What is older is not classified, and not obeyed. */
export const MAX_AGE_MS = 1000;
/** What it may take from there to us on a busy machine: it makes nothing older that was young when its turn came. */
const WAY_MS = 500;

/** What went wrong between two moments. */
export interface Evidence {
  /** Age of the oldest result when it reached us, ms: more than its frame's when that was classified. */
  readonly oldest: number;
  /** Frames classified when they were too old, in words. */
  readonly oldFrames: readonly string[];
  /** Times the lamp was switched on without a gesture of now, in words. */
  readonly oldSwitches: readonly string[];
}

export interface Span {
  readonly from: number;
  /** The broker was frozen from here on: results of what it had passed on before reached us late. */
  readonly brokerFrozenAt?: number | undefined;
}

/** Reads what the witness wrote down. All processes share one clock, so an age is a difference. */
export function evidenceOf(home: Home, { from, brokerFrozenAt }: Span): Evidence {
  const results = home.witness.results.filter(({ arrivedAt, value: { at, ms } }) => {
    // Captured before, and answered in time by the word of a classifier that has known this camera's clock for long.
    const heldBack = brokerFrozenAt !== undefined && at <= brokerFrozenAt && (ms["total"] ?? 0) <= MAX_AGE_MS;
    return arrivedAt > from && !heldBack;
  });
  const aged = results.map(({ arrivedAt, value: { seq, boot, at } }) => ({ seq, boot, age: arrivedAt - at }));
  return {
    oldest: aged.reduce((oldest, { age }) => Math.max(oldest, age), 0),
    oldFrames: aged
      .filter(({ age }) => age > MAX_AGE_MS + WAY_MS)
      .map(({ seq, boot, age }) => `frame ${seq} of ${boot}, ${inMs(age)} old`),
    oldSwitches: oldSwitches(home, from),
  };
}

function oldSwitches({ witness, lamp }: Home, from: number): string[] {
  const starts = witness.gestures.filter(({ value }) => value.phase === "start").map(({ value }) => value.at);
  return lamp.switches
    .filter(({ on, at }) => on && at > from)
    .map(({ at }) => ({ at, age: at - Math.max(...starts.filter((start) => start <= at)) }))
    .filter(({ age }) => age > MAX_AGE_MS + WAY_MS)
    .map(({ at, age }) => `on after ${inMs(at - from)}, by a gesture ${inMs(age)} old`);
}

/** The last moment at which the lamp went off after another; infinite when it did not, 0 when it was not on. */
export function offAfter({ lamp }: Home, moment: number): number {
  const before = lamp.switches.findLast(({ at }) => at <= moment);
  if (before?.on !== true) return 0;
  const off = lamp.switches.find(({ on, at }) => !on && at > moment);
  return off ? off.at - moment : Number.POSITIVE_INFINITY;
}
