import { setImmediate as tick } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "./bus.ts";
import { latest } from "./latest.ts";
import { Mailbox } from "./mailbox.ts";

type Frame = Message<number, "camera">;

function frame(camera: string, value: number): Frame {
  return {
    path: `beckon/${camera}/frame`,
    names: { camera },
    value,
    size: 1,
    arrivedAt: value,
    retained: false,
    qos: 0,
  };
}

function pushable() {
  return new Mailbox<Frame>(10_000, () => {});
}

describe("latest", () => {
  it("gives a slow reader the newest of each camera, the one that waited longest first", async () => {
    const source = pushable();
    const superseded: number[] = [];
    const newest = latest(source, { superseded: ({ value }) => superseded.push(value) });
    for (const [camera, value] of [
      ["a", 1],
      ["b", 2],
      ["a", 3],
      ["c", 4],
      ["b", 5],
      ["a", 6],
    ] as const)
      source.push(frame(camera, value));
    source.close();
    await tick();
    const read: number[] = [];
    for await (const { value } of newest) read.push(value);
    expect(read).toEqual([6, 5, 4]);
    expect(superseded).toEqual([1, 2, 3]);
  });

  it("loses nothing uncounted, keeps the order of each camera and ends with its newest, however the two sides alternate", async () => {
    const step = fc.oneof(fc.constantFrom("a", "b", "c"), fc.constant("read"), fc.constant("wait"));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const source = pushable();
        const superseded: Frame[] = [];
        const sent: Frame[] = [];
        const read: Promise<IteratorResult<Frame>>[] = [];
        const newest = latest(source, { superseded: (old) => superseded.push(old) });
        for (const step of steps) {
          if (step === "read") read.push(newest.next());
          else if (step === "wait") await tick();
          else {
            const next = frame(step, sent.length);
            sent.push(next);
            source.push(next);
          }
        }
        source.close();
        const yielded = (await Promise.all(read)).flatMap(({ value, done }) => (done ? [] : [value]));
        for await (const rest of newest) yielded.push(rest);
        expect([...yielded, ...superseded].map(({ value }) => value).toSorted((a, b) => a - b)).toEqual(
          sent.map(({ value }) => value),
        );
        for (const camera of ["a", "b", "c"]) {
          const of = (frames: readonly Frame[]) => frames.filter(({ names }) => names.camera === camera);
          const values = of(yielded).map(({ value }) => value);
          expect(values).toEqual(values.toSorted((a, b) => a - b));
          expect(values.at(-1)).toBe(of(sent).at(-1)?.value);
        }
      }),
    );
  });

  it("ends at once when its reader leaves while the source is silent, and closes the source", async () => {
    const source = pushable();
    const newest = latest(source, { superseded: () => {} });
    const reading = newest.next();
    await newest.return?.();
    expect(await reading).toEqual({ value: undefined, done: true });
    expect(await source.next()).toEqual({ value: undefined, done: true });
  });

  it("does not wait for a source that answers nothing when its reader leaves", async () => {
    const silent = async function* (): AsyncGenerator<Frame> {
      await new Promise(() => {});
      yield frame("a", 0);
    };
    const newest = latest(silent(), { superseded: () => {} });
    const reading = newest.next();
    await newest.return?.();
    expect((await reading).done).toBe(true);
  });

  it("counts what waits as superseded when its reader leaves", async () => {
    const source = pushable();
    const superseded: number[] = [];
    const newest = latest(source, { superseded: ({ value }) => superseded.push(value) });
    for (const value of [1, 2]) source.push(frame("a", value));
    source.push(frame("b", 3));
    await tick();
    for await (const { value } of newest) {
      expect(value).toBe(2);
      break;
    }
    expect(superseded).toEqual([1, 3]);
  });

  it("yields what waits before it throws the failure of its source, once", async () => {
    const failing = async function* (): AsyncGenerator<Frame> {
      yield frame("a", 1);
      throw new Error("the camera is gone");
    };
    const newest = latest(failing(), { superseded: () => {} });
    await tick();
    expect((await newest.next()).value).toMatchObject({ value: 1 });
    await expect(newest.next()).rejects.toThrow("the camera is gone");
    expect((await newest.next()).done).toBe(true);
  });

  it("wakes a reader that waits at each message", async () => {
    const source = pushable();
    const newest = latest(source, { superseded: () => {} });
    for (let value = 0; value < 100; value += 1) {
      const reading = newest.next();
      if (value % 2 === 0) await tick();
      source.push(frame("a", value));
      expect((await reading).value).toMatchObject({ value });
    }
  });
});
