import type { MeterOutcome } from "./meter.ts";

/** Sends frames at a rate for so many seconds. */
export type AtRate = (rate: number, seconds: number) => Promise<MeterOutcome>;

export interface Capacity {
  /** Most results a second, whatever was lost. */
  readonly most: number;
  /** Highest rate of which 99 % were answered, in results a second. */
  readonly sustained: number;
}

const ANSWERED = 0.99;
/** Halvings of the range in which the sustained rate lies: it is known to 2 % then. */
const STEPS = 5;

/**
 * Finds what a system can do: first far too many frames, for the most results a second (and for threads to be added),
 * then the highest rate that is answered, by bisection.
 */
export async function findCapacity(atRate: AtRate, flood: number, quick: boolean): Promise<Capacity> {
  const seconds = quick ? 3 : 8;
  // Threads that are added only under load are there after this one.
  const first = await atRate(flood, quick ? 4 : 8);
  const flooded = await atRate(Math.max(1, first.rate) * 1.5, seconds);
  let most = Math.max(first.rate, flooded.rate);
  let [low, high] = [0.4 * most, 1.2 * most];
  let sustained = 0;
  for (let step = 0; step < (quick ? 2 : STEPS); step++) {
    const rate = (low + high) / 2;
    const outcome = await betterOfTwo(() => atRate(rate, seconds));
    const share = outcome.answered / outcome.sent;
    most = Math.max(most, outcome.rate);
    if (share >= ANSWERED) {
      low = rate;
      sustained = Math.max(sustained, rate * share);
    } else high = rate;
  }
  return { most, sustained };
}

/** Tries once more what was not answered: one stall of the machine is not a limit of the system. */
async function betterOfTwo(measure: () => Promise<MeterOutcome>): Promise<MeterOutcome> {
  const first = await measure();
  if (first.answered >= ANSWERED * first.sent) return first;
  const second = await measure();
  return second.answered > first.answered ? second : first;
}
