/** A stream of pseudo-random numbers, uniform in [0, 1). */
export type Random = () => number;

/**
 * A seeded generator (mulberry32): the same seed gives the same numbers on every machine.
 * Fast and small; good enough for drawing and augmentation, not for secrets.
 *
 * Source: Tommy Ettinger's mulberry32, public domain.
 *
 * @param seed any integer; several are mixed, so that (1, 2) and (2, 1) differ
 */
export function seededRandom(...seed: number[]): Random {
  let state = 0x9e3779b9;
  for (const part of seed) state = mix(state ^ part) + 0x6d2b79f5;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    return mix(state) / 4294967296;
  };
}

function mix(value: number): number {
  let t = Math.imul(value ^ (value >>> 15), value | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}

/** One draw from the standard normal distribution (Box-Muller). */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

/** A uniform draw in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random();
}

/** Shuffles an array in place (Fisher-Yates) and returns it. */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
