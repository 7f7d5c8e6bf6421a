import { effect, type ReadonlySignal } from "@preact/signals";
import type { Connection } from "./page-bus.ts";

/** The time by the clock of the machine that serves the page: that of a phone may be minutes off. */
export interface ServiceClock {
  /** Ms since the epoch; by this device's own clock until the other one is known. */
  now(): number;
}

/** The shortest of so many ways tells the time best: it is known to half of the way there and back. */
const TRIES = 4;
/** So that what delays one does not delay the next. */
const PAUSE_MS = 250;

/**
 * Asks for the time at each connection, for either clock may have been set meanwhile (Cristian's algorithm, 1989).
 *
 * @param ask the time by the other clock, ms since the epoch, when the question is answered
 */
export function followServiceClock(
  connection: ReadonlySignal<Connection>,
  ask: () => Promise<number>,
): ServiceClock & { stop(): void } {
  let ahead = 0;
  let round = 0;
  const measure = async (): Promise<void> => {
    round += 1;
    const mine = round;
    let shortest = Number.POSITIVE_INFINITY;
    for (let left = TRIES; left > 0 && mine === round; left--) {
      const sent = Date.now();
      const there = await ask().catch(() => undefined);
      const received = Date.now();
      // The clock of this device may be set while it waits.
      const way = Math.abs(received - sent);
      if (there !== undefined && way < shortest && mine === round) {
        shortest = way;
        ahead = there - (sent + received) / 2;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const stopFollowing = effect(() => {
    if (connection.value.status === "online") void measure();
  });
  return {
    now: () => Math.round(Date.now() + ahead),
    stop: () => {
      round += 1;
      stopFollowing();
    },
  };
}
