import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameRate } from "./frame-rate.ts";

function admitted(times: readonly number[], fps: number): number[] {
  const rate = new FrameRate();
  return times.filter((at) => rate.admits(at, fps));
}

const everyMs = (period: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => index * period);

describe("the frame rate", () => {
  it("lets every other of 30 frames a second through for 15", () => {
    expect(admitted(everyMs(1000 / 30, 300), 15)).toHaveLength(150);
  });

  it("lets all through when the camera is as fast as allowed, however uneven", () => {
    const uneven = everyMs(1000 / 15, 150).map((at, index) => at + (index % 2 === 0 ? 0 : 12));
    expect(admitted(uneven, 15)).toHaveLength(150);
  });

  it("does not make up for a pause", () => {
    const times = [...everyMs(100, 10), ...everyMs(10, 100).map((at) => 60_000 + at)];
    expect(admitted(times, 10).filter((at) => at >= 60_000).length).toBeLessThanOrEqual(11);
  });

  it("is never more than was asked for, and a quarter of a frame", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 200 }), (gaps) => {
        let at = 0;
        const times = gaps.map((gap) => {
          at += gap;
          return at;
        });
        expect(admitted(times, 20).length).toBeLessThanOrEqual((at - (times[0] ?? 0)) / 50 + 1.26);
      }),
    );
  });
});
