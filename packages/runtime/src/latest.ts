import type { Message } from "./bus.ts";

export interface LatestOptions<M> {
  /** One slot for each; `names.camera` unless given. */
  readonly key?: (message: M) => string;
  /** Called for a message that a newer one of its key replaced before it was read. */
  readonly superseded: (message: M) => void;
}

/**
 * Newest wins: reads its source without a pause into one slot per key, and yields, of the keys that wait, the one that
 * waited longest. However slow its reader is, what it yields is the newest there is, and nothing piles up.
 */
export async function* latest<T, N extends string, M extends Message<T, N>>(
  source: AsyncIterable<M>,
  { key = ({ names }) => (names as Record<string, string>)["camera"] ?? "", superseded }: LatestOptions<M>,
): AsyncGenerator<M, void, void> {
  // A Map keeps the order of insertion, and a replaced value keeps its place: no camera starves another.
  const slots = new Map<string, M>();
  let ended = false;
  let failure: { error: unknown } | undefined;
  let wake = (): void => {};
  const pump = (async () => {
    for await (const message of source) {
      const slot = key(message);
      const waiting = slots.get(slot);
      slots.set(slot, message);
      if (waiting) superseded(waiting);
      wake();
    }
  })()
    .catch((error: unknown) => {
      failure = { error };
    })
    .finally(() => {
      ended = true;
      wake();
    });
  try {
    while (true) {
      const [next] = slots;
      if (next) {
        slots.delete(next[0]);
        yield next[1];
      } else if (ended) {
        if (failure) throw failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    for (const message of slots.values()) superseded(message);
    if (ended) await pump;
  }
}
