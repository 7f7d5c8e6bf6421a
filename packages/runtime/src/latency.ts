import type { LatencySummary } from "@beckon/protocol";

/** Buckets to each doubling: a percentile is read 1.6 % too high at most. */
const STEPS = 32;
/** From 1 microsecond; what is shorter counts as that. */
const SMALLEST_MS = 0.001;
/** 2^30 microseconds are 18 minutes; what is longer counts as that. */
const DOUBLINGS = 30;
const LARGEST_MS = SMALLEST_MS * 2 ** DOUBLINGS;

/** Latencies in buckets that grow with them, as HdrHistogram has them: constant memory, relative precision. */
export class LatencyHistogram {
  readonly #buckets = new Uint32Array(STEPS * DOUBLINGS + 1);
  #count = 0;
  #max = 0;

  /** @param time ms; what is negative (two clocks) or no number counts as 0 */
  record(time: number): void {
    const ms = Math.min(Math.max(time, 0) || 0, LARGEST_MS);
    const bucket = Math.round(Math.log2(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) * STEPS);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#max = Math.max(this.#max, ms);
  }

  /** @param share 0..1 @returns ms; 0 when nothing was recorded */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count;
      if (seen >= rank && count > 0) return Math.min(SMALLEST_MS * 2 ** (bucket / STEPS), this.#max);
    }
    return 0;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      p50: rounded(this.percentile(0.5)),
      p95: rounded(this.percentile(0.95)),
      p99: rounded(this.percentile(0.99)),
      max: rounded(this.#max),
    };
  }

  reset(): void {
    this.#buckets.fill(0);
    this.#count = 0;
    this.#max = 0;
  }
}

/** @returns ms to the microsecond, for the wire */
export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
