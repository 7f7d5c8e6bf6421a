import { describe, expect, it, vi } from "vitest";
import { createClock, now } from "./clock.ts";

const ORIGIN = 1_700_000_000_000;
const HOUR = 3_600_000;

/** A machine whose clocks are moved by hand, ms. */
function machine() {
  const clocks = { awake: 5000, uptime: 900_000, wall: ORIGIN + 5000 };
  const clock = createClock(ORIGIN, {
    awake: () => clocks.awake,
    always: () => [Math.floor(clocks.uptime / 10) * 10, clocks.wall],
  });
  const pass = (ms: number): number => {
    for (const name of ["awake", "uptime", "wall"] as const) clocks[name] += ms;
    return clock();
  };
  return { clocks, clock, pass };
}

describe("the clock of a process", () => {
  it("says the time at which the process started, and from there what has passed", () => {
    const { clock, pass } = machine();
    expect(clock()).toBe(ORIGIN + 5000);
    expect(pass(0.25)).toBe(ORIGIN + 5000.25);
    for (let second = 0; second < 100; second++) pass(1003);
    expect(clock()).toBe(ORIGIN + 5000.25 + 100_300);
  });

  it("has counted a sleep within a second of its end", () => {
    const { clocks, pass } = machine();
    pass(700);
    clocks.uptime += HOUR;
    clocks.wall += HOUR;
    expect(pass(1000)).toBeCloseTo(ORIGIN + 6700 + HOUR, -2);
    expect(pass(5000)).toBeCloseTo(ORIGIN + 11_700 + HOUR, -2);
    clocks.uptime += 2 * HOUR;
    clocks.wall += 2 * HOUR;
    expect(pass(1000)).toBeCloseTo(ORIGIN + 12_700 + 3 * HOUR, -2);
  });

  it.each([HOUR, -HOUR])("does not step when the wall clock is set by %i ms", (step) => {
    const { clocks, pass } = machine();
    clocks.wall += step;
    expect(pass(2000)).toBe(ORIGIN + 7000);
    expect(pass(2000)).toBe(ORIGIN + 9000);
  });

  it("counts a sleep although the wall clock is set at its end", () => {
    const { clocks, pass } = machine();
    clocks.uptime += HOUR;
    clocks.wall += HOUR + 300;
    expect(pass(1000)).toBeCloseTo(ORIGIN + 6000 + HOUR, -2);
  });

  it("takes another clock in the place of its own, which begins anew, for no sleep", () => {
    const { clocks, clock, pass } = machine();
    pass(3000);
    clocks.awake = 0;
    clocks.uptime += 9000;
    clocks.wall += 9000;
    clock();
    for (let second = 0; second < 20; second++) pass(1000);
    expect(clock()).toBe(ORIGIN + 20_000);
  });

  it("is in step with timers whose time is not real", () => {
    vi.useFakeTimers();
    try {
      const before = now();
      vi.advanceTimersByTime(HOUR);
      expect(now() - before).toBeCloseTo(HOUR, 3);
    } finally {
      vi.useRealTimers();
    }
  });

  it("never goes back", () => {
    const seen = Array.from({ length: 1000 }, () => now());
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(Math.abs(now() - Date.now())).toBeLessThan(HOUR);
  });
});
