/** The first wait, and the longest, in ms. */
const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
/** A wait is up to so much shorter or longer, so that ten cameras of one failed switch do not come back together. */
const JITTER = 0.2;

/** How long to wait before the next try: 1 s, doubling to 30 s, each with some jitter. */
export class BackOff {
  readonly #random: () => number;
  #next = FIRST_MS;

  /** @param random 0..1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** @returns ms */
  next(): number {
    const wait = this.#next * (1 + JITTER * (2 * this.#random() - 1));
    this.#next = Math.min(2 * this.#next, LONGEST_MS);
    return wait;
  }

  /** After a success the next wait is the first again. */
  reset(): void {
    this.#next = FIRST_MS;
  }
}
