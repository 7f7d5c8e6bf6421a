import type { Point } from "./point.ts";

/** Points that wait to be written: so many at most, for then the oldest go. */
export class PointBuffer {
  readonly #capacity: number;
  readonly #overflowed: (points: number) => void;
  #points: Point[] = [];
  #taken = 0;

  /** @param overflowed told how many points were dropped to make room */
  constructor(capacity: number, overflowed: (points: number) => void) {
    this.#capacity = capacity;
    this.#overflowed = overflowed;
  }

  get size(): number {
    return this.#points.length - this.#taken;
  }

  push(points: readonly Point[]): void {
    this.#points.push(...points);
    const over = this.size - this.#capacity;
    if (over <= 0) return;
    this.#skip(over);
    this.#overflowed(over);
  }

  /** The oldest, which then are no longer here. */
  take(most: number): Point[] {
    const points = this.#points.slice(this.#taken, this.#taken + most);
    this.#skip(points.length);
    return points;
  }

  /** Moving all points for each that goes would take longer than writing them. */
  #skip(count: number): void {
    this.#taken += count;
    if (this.#taken * 2 < this.#points.length) return;
    this.#points = this.#points.slice(this.#taken);
    this.#taken = 0;
  }
}
