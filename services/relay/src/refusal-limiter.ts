const PER_SECOND = 5;

/** At most 5 refusals a second are published; the rest are counted, and the next one that is published tells how many. */
export class RefusalLimiter {
  #times: number[] = [];
  #suppressed = 0;

  /** @returns whether to publish it, and how many were not since the last */
  admit(now: number): { readonly suppressed: number } | undefined {
    this.#times = this.#times.filter((time) => now - time < 1000);
    if (this.#times.length >= PER_SECOND) {
      this.#suppressed += 1;
      return undefined;
    }
    this.#times.push(now);
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return { suppressed };
  }
}
