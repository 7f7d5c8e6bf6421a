/**
 * Ms since the epoch, to the microsecond, by a clock that never steps: a Pi without a battery starts in the past and is
 * set later, and ages must not jump with it. Right to the moment at which the process started, monotonic from there.
 */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
