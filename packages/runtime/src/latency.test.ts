import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "./latency.ts";

function filled(samples: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const sample of samples) histogram.record(sample);
  return histogram;
}

describe("LatencyHistogram", () => {
  it("is within 2 % of the exact percentile, whatever the samples", () => {
    const samples = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(samples, fc.constantFrom(0.5, 0.95, 0.99, 1), (values, share) => {
        const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? 0;
        const read = filled(values).percentile(share);
        expect(Math.abs(read - exact) / exact).toBeLessThan(0.02);
      }),
    );
  });

  it("never reads a percentile above the longest", () => {
    const histogram = filled([7.13, 7.13, 7.13]);
    expect(histogram.percentile(0.99)).toBeLessThanOrEqual(7.13);
    expect(histogram.summary().max).toBe(7.13);
  });

  it("has zeros when nothing was recorded, and again after a reset", () => {
    const empty = { count: 0, p50: 0, p95: 0, p99: 0, max: 0 };
    expect(new LatencyHistogram().summary()).toEqual(empty);
    const histogram = filled([1, 2, 3]);
    histogram.reset();
    expect(histogram.summary()).toEqual(empty);
  });

  it.each([-5, 0, 1e-9, Number.NaN, Number.POSITIVE_INFINITY, 1e12])("takes %d and stays of finite numbers", (ms) => {
    const summary = filled([1, ms]).summary();
    for (const value of Object.values(summary)) expect(value).toBeGreaterThanOrEqual(0);
    expect(Object.values(summary).every(Number.isFinite)).toBe(true);
  });
});
