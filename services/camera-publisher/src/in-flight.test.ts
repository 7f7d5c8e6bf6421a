import { describe, expect, it } from "vitest";
import { InFlight } from "./in-flight.ts";

/** A publishing that settles when told. */
function publishing() {
  let settle = (): void => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

describe("frames in flight", () => {
  it("are three at most", async () => {
    const inFlight = new InFlight();
    const sent = [publishing(), publishing(), publishing()];
    const tracked = sent.map(({ promise }) => {
      expect(inFlight.hasRoom(30_000, 0)).toBe(true);
      return inFlight.track(30_000, promise);
    });
    expect(inFlight.hasRoom(30_000, 0)).toBe(false);
    sent[0]?.settle();
    await tracked[0];
    expect(inFlight.hasRoom(30_000, 0)).toBe(true);
  });

  it("are one when it is large", async () => {
    const inFlight = new InFlight();
    expect(inFlight.hasRoom(900_000, 0)).toBe(true);
    const { promise, settle } = publishing();
    const tracked = inFlight.track(900_000, promise);
    expect(inFlight.hasRoom(1000, 0)).toBe(false);
    settle();
    await tracked;
    expect(inFlight.hasRoom(1000, 0)).toBe(true);
  });

  it("wait for the socket, whoever has filled it", () => {
    const inFlight = new InFlight();
    expect(inFlight.hasRoom(30_000, 200_000)).toBe(false);
    expect(inFlight.hasRoom(30_000, 100_000)).toBe(true);
    void inFlight.track(30_000, publishing().promise);
    expect(inFlight.hasRoom(30_000, 180_000)).toBe(false);
  });

  it("are over when publishing fails", async () => {
    const inFlight = new InFlight();
    await expect(inFlight.track(300_000, Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    expect(inFlight).toMatchObject({ frames: 0 });
    expect(inFlight.hasRoom(300_000, 0)).toBe(true);
  });
});
