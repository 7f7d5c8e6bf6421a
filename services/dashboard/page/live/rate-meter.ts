const WINDOW_MS = 2000;
/** A flood is not counted beyond this. */
const MOST = 1000;

/** How often something comes, over the last two seconds. */
export class RateMeter {
  readonly #times: number[] = [];
  /** Ms since the epoch; 0 before the first. */
  last = 0;
  /** When it began, or began again after a silence. */
  #since = 0;

  add(at: number): void {
    this.last = at;
    this.#forget(at);
    if (this.#times.length === 0) this.#since = at;
    if (this.#times.length < MOST) this.#times.push(at);
  }

  perSecond(now: number): number {
    this.#forget(now);
    const { length } = this.#times;
    const running = now - this.#since;
    // What has just begun is not slow: it is counted over the time that it has had.
    if (length > 1 && running > 0 && running < WINDOW_MS) return ((length - 1) * 1000) / running;
    return (length * 1000) / WINDOW_MS;
  }

  #forget(now: number): void {
    while ((this.#times[0] ?? now) <= now - WINDOW_MS) this.#times.shift();
  }
}
