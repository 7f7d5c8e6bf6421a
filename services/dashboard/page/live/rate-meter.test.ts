import { expect, it } from "vitest";
import { RateMeter } from "./rate-meter.ts";

const START = 1_763_632_801_000;

function metered(period: number, count: number): RateMeter {
  const meter = new RateMeter();
  for (let i = 0; i < count; i++) meter.add(START + i * period);
  return meter;
}

it("counts what comes over two seconds", () => {
  expect(metered(100, 50).perSecond(START + 4950)).toBe(10);
});

it("tells the rate of what has just begun, not that it is slow", () => {
  expect(metered(100, 6).perSecond(START + 500)).toBe(10);
  expect(metered(100, 1).perSecond(START)).toBe(0.5);
});

it("falls to nothing when nothing comes, and begins anew", () => {
  const meter = metered(100, 50);
  expect(meter.perSecond(START + 6000)).toBe(4.5);
  expect(meter.perSecond(START + 10_000)).toBe(0);
  for (let i = 0; i < 4; i++) meter.add(START + 20_000 + i * 50);
  expect(meter.perSecond(START + 20_150)).toBe(20);
});
