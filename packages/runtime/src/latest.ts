import type { Message } from "./bus.ts";

export interface LatestOptions<M> {
  /** One slot for each; `names.camera` unless given. */
  readonly key?: (message: M) => string;
  /** Called for a message that a newer one of its key replaced before it was read, or that nobody came to read. */
  readonly superseded: (message: M) => void;
}

/**
 * Newest wins: reads its source without a pause into one slot per key, and yields, of the keys that wait, the one that
 * waited longest. However slow its reader is, what it yields is the newest there is, and nothing piles up. It reads from
 * the moment it is called, and closes its source when its reader leaves.
 */
export function latest<T, N extends string, M extends Message<T, N>>(
  source: AsyncIterable<M>,
  { key = ({ names }) => (names as Record<string, string>)["camera"] ?? "", superseded }: LatestOptions<M>,
): AsyncIterableIterator<M> {
  const slots = new Slots<M>(superseded);
  const reading = source[Symbol.asyncIterator]();
  void fill(reading, slots, key);
  return {
    next: () => slots.take(),
    return: () => {
      slots.discard();
      // Not waited for: a silent generator answers only with its next message.
      Promise.resolve(reading.return?.()).catch(() => {});
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function fill<M>(reading: AsyncIterator<M>, slots: Slots<M>, key: (message: M) => string): Promise<void> {
  try {
    while (!slots.closed) {
      const { value, done } = await reading.next();
      if (done) break;
      slots.put(key(value), value);
    }
    slots.end();
  } catch (error) {
    slots.end({ error });
  }
}

interface Reader<M> {
  readonly resolve: (result: IteratorResult<M>) => void;
  readonly reject: (error: unknown) => void;
}

/** The newest message of each key, until someone takes it. Either messages wait here, or readers do. */
class Slots<M> {
  // A Map keeps the order of insertion, and a replaced value keeps its place: no camera starves another.
  readonly #waiting = new Map<string, M>();
  readonly #readers: Reader<M>[] = [];
  readonly #superseded: (message: M) => void;
  #ended: { failure?: { readonly error: unknown } } | undefined;

  constructor(superseded: (message: M) => void) {
    this.#superseded = superseded;
  }

  get closed(): boolean {
    return this.#ended !== undefined;
  }

  put(key: string, message: M): void {
    if (this.closed) {
      this.#superseded(message);
      return;
    }
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ value: message, done: false });
      return;
    }
    const replaced = this.#waiting.get(key);
    this.#waiting.set(key, message);
    if (replaced !== undefined) this.#superseded(replaced);
  }

  take(): Promise<IteratorResult<M>> {
    const [first] = this.#waiting;
    if (first) {
      this.#waiting.delete(first[0]);
      return Promise.resolve({ value: first[1], done: false });
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (this.closed) this.#dismiss();
    });
  }

  /** No more will come; what waits is still taken, then the failure is thrown, once. */
  end(failure?: { readonly error: unknown }): void {
    if (this.closed) return;
    this.#ended = failure ? { failure } : {};
    this.#dismiss();
  }

  /** Nobody will take any more. */
  discard(): void {
    this.end();
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const message of left) this.#superseded(message);
    this.#dismiss();
  }

  #dismiss(): void {
    for (const { resolve, reject } of this.#readers.splice(0)) {
      const failure = this.#ended?.failure;
      this.#ended = {};
      if (failure) reject(failure.error);
      else resolve({ value: undefined, done: true });
    }
  }
}
