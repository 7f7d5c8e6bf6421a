import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { measureProcess } from "./process-figures.ts";

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("measureProcess", () => {
  it("sees a loop that was blocked, and begins anew at each taking", async () => {
    const figures = measureProcess();
    await sleep(50);
    figures.take();
    // The monitor has its first sample after the next turn of the loop.
    await sleep(50);
    busy(300);
    await sleep(30);
    const blocked = figures.take();
    await sleep(100);
    const idle = figures.take();
    figures.stop();
    expect(blocked.eventLoopDelay).toBeGreaterThan(200);
    expect(blocked.cpu).toBeGreaterThan(idle.cpu);
    expect(idle.eventLoopDelay).toBeLessThan(blocked.eventLoopDelay);
    expect(idle.memory).toBeGreaterThan(10);
  });

  it("has finite figures when it is taken at once", () => {
    const figures = measureProcess();
    expect(Object.values(figures.take()).every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    figures.stop();
  });
});
