import type { Entry } from "./record.ts";

/** The newest points, in memory: so many at most, for then the oldest go. */
export class Tail {
  readonly #capacity: number;
  readonly #overflowed: (points: number) => void;
  #entries: Entry[] = [];
  #gone = 0;

  /** @param overflowed told how many points were dropped to make room */
  constructor(capacity: number, overflowed: (points: number) => void) {
    this.#capacity = capacity;
    this.#overflowed = overflowed;
  }

  get size(): number {
    return this.#entries.length - this.#gone;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#bound();
  }

  /** The oldest, which then are no longer here. */
  take(most: number): Entry[] {
    const entries = this.#entries.slice(this.#gone, this.#gone + most);
    this.#skip(entries.length);
    return entries;
  }

  /** Those that were taken last, to the place they had. */
  putBack(entries: readonly Entry[]): void {
    this.#entries = [...entries, ...this.#entries.slice(this.#gone)];
    this.#gone = 0;
    this.#bound();
  }

  #bound(): void {
    const over = this.size - this.#capacity;
    if (over <= 0) return;
    this.#skip(over);
    this.#overflowed(over);
  }

  /** Moving all entries for each that goes would take longer than writing them. */
  #skip(count: number): void {
    this.#gone += count;
    if (this.#gone * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#gone);
    this.#gone = 0;
  }
}
