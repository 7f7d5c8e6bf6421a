import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { throttled } from "./throttled.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function collected() {
  const lines: string[] = [];
  const warn = (_bindings: object, message: string): void => {
    lines.push(message);
  };
  return { lines, log: throttled({ warn } as unknown as Parameters<typeof throttled>[0]) };
}

describe("throttled", () => {
  it("warns once a second for a reason, and says how many it left out", () => {
    const { lines, log } = collected();
    for (let count = 0; count < 10; count += 1) {
      log.warn("bad-image", `frame ${count}`);
      vi.advanceTimersByTime(150);
    }
    expect(lines).toEqual(["frame 0", "frame 7 (and 6 more since)"]);
  });

  it("keeps one reason from silencing another", () => {
    const { lines, log } = collected();
    log.warn("bad-image", "a");
    log.warn("too-large", "b");
    log.warn("bad-image", "c");
    expect(lines).toEqual(["a", "b"]);
  });

  it("says nothing of others where none were left out", () => {
    const { lines, log } = collected();
    log.warn("bad-image", "a");
    vi.advanceTimersByTime(1000);
    log.warn("bad-image", "b");
    expect(lines).toEqual(["a", "b"]);
  });

  it("stays silent, and small, when every warning has a reason of its own", () => {
    const { lines, log } = collected();
    for (let count = 0; count < 1000; count += 1) log.warn(`reason-${count}`, "x");
    expect(lines).toHaveLength(101);
  });
});
