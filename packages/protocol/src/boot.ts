import { randomInt } from "node:crypto";

const RANDOM_CHARACTERS = 4;

/**
 * Names one life of a sender: its start time in base 36, a dash and 4 random characters.
 *
 * @param startedAt ms since the epoch
 */
export function createBoot(startedAt: number): string {
  const random = randomInt(36 ** RANDOM_CHARACTERS)
    .toString(36)
    .padStart(RANDOM_CHARACTERS, "0");
  return `${Math.floor(startedAt).toString(36).padStart(8, "0")}-${random}`;
}

/** @returns below 0 when `a` started before `b`, 0 for the same one */
export function compareBoots(a: string, b: string): number {
  // The 9th digit comes in the year 2059; until then the text order alone would do.
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
