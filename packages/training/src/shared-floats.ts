/** Floats in memory that worker threads share: sent to one, they are the same there, not a copy. */
export type SharedFloats = Float32Array<SharedArrayBuffer>;

/** Zeros in shared memory. */
export function sharedFloats(length: number): SharedFloats {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

/** A copy in shared memory. */
export function sharedCopy(values: Float32Array): SharedFloats {
  const copy = sharedFloats(values.length);
  copy.set(values);
  return copy;
}
