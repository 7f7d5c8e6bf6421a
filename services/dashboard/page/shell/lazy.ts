import { type ReadonlySignal, signal } from "@preact/signals";

/** A part of the page whose script is fetched only when it is wanted. */
export interface Lazy<T> {
  /** Undefined until it is there. */
  readonly part: ReadonlySignal<T | undefined>;
  /** Why it did not come the last time. */
  readonly failure: ReadonlySignal<unknown>;
  /** Fetches it, once; tries again after a failure. */
  load(): void;
}

export function lazy<T>(fetchPart: () => Promise<T>): Lazy<T> {
  const part = signal<T | undefined>(undefined);
  const failure = signal<unknown>(undefined);
  let under = false;
  return {
    part,
    failure,
    load: () => {
      if (under || part.peek() !== undefined) return;
      under = true;
      failure.value = undefined;
      fetchPart()
        .then(
          (fetched) => {
            part.value = fetched;
          },
          (cause: unknown) => {
            failure.value = cause ?? new Error();
          },
        )
        .finally(() => {
          under = false;
        });
    },
  };
}
