/**
 * What waits between a socket that pushes and a reader that pulls. Bounded: beyond `capacity` the oldest is dropped,
 * for a reader that is late wants the newest.
 */
export class Mailbox<T> implements AsyncIterableIterator<T> {
  readonly #waiting: T[] = [];
  readonly #capacity: number;
  readonly #dropped: () => void;
  #reader: ((result: IteratorResult<T>) => void) | undefined;
  #closed = false;

  constructor(capacity: number, dropped: () => void) {
    this.#capacity = capacity;
    this.#dropped = dropped;
  }

  push(item: T): void {
    if (this.#closed) return;
    if (this.#reader) {
      const reader = this.#reader;
      this.#reader = undefined;
      reader({ value: item, done: false });
      return;
    }
    this.#waiting.push(item);
    if (this.#waiting.length > this.#capacity) {
      this.#waiting.shift();
      this.#dropped();
    }
  }

  /** What waits is still read. */
  close(): void {
    this.#closed = true;
    this.#reader?.({ value: undefined, done: true });
    this.#reader = undefined;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#waiting.length > 0) return Promise.resolve({ value: this.#waiting.shift() as T, done: false });
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#waiting.length = 0;
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }
}
