import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Point } from "./point.ts";
import { PointBuffer } from "./point-buffer.ts";

const point = (time: number): Point => ({ measurement: "text", tags: {}, fields: { length: 1 }, time });

describe("the point buffer", () => {
  it("drops the oldest when it is full, and says how many", () => {
    let dropped = 0;
    const buffer = new PointBuffer(3, (points) => {
      dropped += points;
    });
    for (let time = 0; time < 10; time++) buffer.push([point(time)]);
    expect(dropped).toBe(7);
    expect(buffer.take(10).map(({ time }) => time)).toEqual([7, 8, 9]);
  });

  it("gives every point that it did not drop, once and in order", () => {
    const steps = fc.array(fc.record({ push: fc.nat(8), take: fc.nat(8) }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (run, capacity) => {
        let next = 0;
        let dropped = 0;
        const buffer = new PointBuffer(capacity, (points) => {
          dropped += points;
        });
        const given: number[] = [];
        for (const { push, take } of run) {
          buffer.push(Array.from({ length: push }, () => point(next++)));
          expect(buffer.size).toBeLessThanOrEqual(capacity);
          given.push(...buffer.take(take).map(({ time }) => time));
        }
        expect(given.length + dropped + buffer.size).toBe(next);
        expect(given).toEqual([...new Set(given)].sort((a, b) => a - b));
      }),
    );
  });
});
