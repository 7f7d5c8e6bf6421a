import { uptime } from "node:os";

/**
 * Ms since the epoch, to the microsecond, by a clock that never steps: a Pi without a battery starts in the past and is
 * set later, and ages must not jump with it. Right to the moment at which the process started, steady from there, and
 * going on while the machine sleeps.
 */
export const now = createClock(performance.timeOrigin, {
  awake: () => performance.now(),
  always: () => [uptime() * 1000, Date.now()],
});

export interface TimeSources {
  /** Ms, monotonic, to the microsecond, and perhaps standing still while the machine sleeps. */
  awake(): number;
  /** Ms by clocks of any origin that go on while it sleeps. Each may be wrong in its own way: one is set, one is coarse. */
  always(): readonly number[];
}

/** So often is looked whether the machine has slept, ms awake. */
const LOOK_EVERY_MS = 1000;
/** Shorter ones are the coarseness of a clock or its setting, ms. */
const SHORTEST_SLEEP_MS = 1000;

/**
 * Where `performance.now()` stands still (a laptop with its lid closed), what the machine sends afterwards would look as
 * old as the sleep was long, for ever. So what every other clock has counted beyond it is added.
 *
 * @param origin ms since the epoch at which `awake` was 0
 */
export function createClock(origin: number, { awake, always }: TimeSources): () => number {
  let slept = 0;
  let lookedAt = awake();
  const ahead = (): number[] => always().map((clock) => clock - lookedAt);
  let before = ahead();
  const look = (at: number): void => {
    lookedAt = at;
    const after = ahead();
    const asleep = Math.min(...after.map((lead, index) => lead - (before[index] ?? lead)));
    if (asleep >= SHORTEST_SLEEP_MS) slept += asleep;
    before = after;
  };
  return () => {
    const at = awake();
    // It never goes back: this is another one in its place, such as that of a test.
    if (at < lookedAt) {
      lookedAt = at;
      before = ahead();
    } else if (at - lookedAt >= LOOK_EVERY_MS) look(at);
    return origin + at + slept;
  };
}
