import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { throttledWarnings } from "./throttled-warnings.ts";

describe("throttled warnings", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("come once a second for each reason, and say how many were kept back", () => {
    const lines: string[] = [];
    const warn = throttledWarnings((line) => lines.push(line));
    for (let count = 0; count < 5; count++) warn("stale", "a stale frame");
    warn("clock", "a frame from the future");
    vi.advanceTimersByTime(1001);
    warn("stale", "a stale frame");
    expect(lines).toEqual(["a stale frame", "a frame from the future", "a stale frame (and 4 more of this kind)"]);
  });
});
