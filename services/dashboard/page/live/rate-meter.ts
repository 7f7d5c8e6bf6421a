const WINDOW_MS = 2000;
/** A flood is not counted beyond this. */
const MOST = 1000;

/** How often something comes, over the last two seconds. */
export class RateMeter {
  readonly #times: number[] = [];
  /** Ms since the epoch; 0 before the first. */
  last = 0;

  add(at: number): void {
    this.last = at;
    if (this.#times.length < MOST) this.#times.push(at);
    this.#forget(at);
  }

  perSecond(now: number): number {
    this.#forget(now);
    return (this.#times.length * 1000) / WINDOW_MS;
  }

  #forget(now: number): void {
    while ((this.#times[0] ?? now) <= now - WINDOW_MS) this.#times.shift();
  }
}
