/**
 * What waits between a socket that pushes and a reader that pulls. Bounded: beyond `capacity` the oldest is dropped,
 * for a reader that is late wants the newest. For one reader.
 */
export class Mailbox<T> implements AsyncIterableIterator<T> {
  readonly #waiting: T[] = [];
  readonly #capacity: number;
  readonly #dropped: () => void;
  readonly #left: () => void;
  #reader: { resolve(result: IteratorResult<T>): void; reject(error: Error): void } | undefined;
  #closed = false;
  #failure: Error | undefined;

  /**
   * @param capacity most items that wait
   * @param dropped called for the oldest item when there is one too many
   * @param left called when the reader leaves its loop
   */
  constructor(capacity: number, dropped: () => void, left: () => void = () => {}) {
    this.#capacity = capacity;
    this.#dropped = dropped;
    this.#left = left;
  }

  push(item: T): void {
    if (this.#closed) return;
    if (this.#reader) {
      const { resolve } = this.#reader;
      this.#reader = undefined;
      resolve({ value: item, done: false });
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
    this.#reader?.resolve({ value: undefined, done: true });
    this.#reader = undefined;
  }

  /** What waits is still read; then the reader gets the error, once. */
  fail(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#reader) this.#reader.reject(error);
    else this.#failure = error;
    this.#reader = undefined;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#waiting.length > 0) return Promise.resolve({ value: this.#waiting.shift() as T, done: false });
    if (this.#failure) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#waiting.length = 0;
    this.#failure = undefined;
    this.close();
    this.#left();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }
}
