import { eventually } from "@beckon/runtime/testing";
import { checkPicture, FILE_LIMITS, readPicture, WIRE_LIMITS } from "@beckon/vision";
import { describe, expect, it } from "vitest";
import type { CapturedFrame, SourceContext } from "../frame-source.ts";
import { descendants } from "./children.ts";
import { sourceContext } from "./source-context.ts";

export interface ContractCase {
  readonly name: string;
  /** Opens a source that goes on until it is stopped. */
  readonly open: (context: SourceContext) => AsyncIterable<CapturedFrame>;
  readonly width: number;
  readonly height: number;
}

/** What holds for every source of frames. */
export function testFrameSource({ name, open, width, height }: ContractCase): void {
  describe(`a source of frames: ${name}`, () => {
    it("gives JPEGs of the size that was asked for, each with its time, in order", async () => {
      const stop = new AbortController();
      const frames: CapturedFrame[] = [];
      for await (const frame of open(sourceContext(stop.signal).context)) {
        if (frames.push(frame) === 4) stop.abort();
      }
      expect(frames).toHaveLength(4);
      for (const { jpeg } of frames) {
        expect(checkPicture(jpeg, WIRE_LIMITS)).toMatchObject({ format: "jpeg", width, height, complete: true });
        const shape = { width: 8, height: 8, fit: "stretch", kernel: "linear" } as const;
        await expect(readPicture(jpeg, shape, FILE_LIMITS)).resolves.toMatchObject({ width: 8 });
      }
      const times = frames.map(({ at }) => at);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(Math.abs(Date.now() - (times.at(-1) ?? 0))).toBeLessThan(60_000);
    });

    it("ends without an error when it is stopped while it waits, and leaves no program behind", async () => {
      const before = descendants();
      const stop = new AbortController();
      const reading = (async () => {
        let frames = 0;
        for await (const _ of open(sourceContext(stop.signal).context))
          if (++frames === 1) setTimeout(() => stop.abort(), 20);
        return frames;
      })();
      expect(await reading).toBeGreaterThan(0);
      await eventually(() => descendants().filter((pid) => !before.includes(pid)).length === 0);
    });

    it("leaves no program behind when its reader goes", async () => {
      const before = descendants();
      for await (const _ of open(sourceContext().context)) break;
      await eventually(() => descendants().filter((pid) => !before.includes(pid)).length === 0);
    });

    it("does not begin when it was stopped before", async () => {
      for await (const _ of open(sourceContext(AbortSignal.abort()).context)) expect.unreachable();
    });
  });
}
