const RANDOM_CHARACTERS = 4;

/**
 * Names one life of a sender: its start time in base 36, a dash and 4 random characters.
 *
 * @param startedAt ms since the epoch
 */
export function createBoot(startedAt: number): string {
  // Not node:crypto: a browser is a camera too. 2^32 is no multiple of 36^4, and nobody cares: it is no secret.
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  const random = (number % 36 ** RANDOM_CHARACTERS).toString(36).padStart(RANDOM_CHARACTERS, "0");
  return `${Math.floor(startedAt).toString(36).padStart(8, "0")}-${random}`;
}

/** @returns below 0 when `a` started before `b`, 0 for the same one */
export function compareBoots(a: string, b: string): number {
  // The 9th digit comes in the year 2059; until then the text order alone would do.
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
