import { now } from "@beckon/runtime";
import { sleep } from "./sleep.ts";

/**
 * A beat: yields at once, and then every `period()` ms by an even schedule. Beats that a slow reader missed are not
 * made up for.
 *
 * @param period asked before each beat, so that it may change
 */
export async function* pace(period: () => number, signal: AbortSignal): AsyncGenerator<void, void, void> {
  let due = now();
  while (!signal.aborted) {
    yield;
    due = Math.max(due + period(), now());
    await sleep(due - now(), signal);
  }
}
