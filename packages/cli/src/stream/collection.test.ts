import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawScene } from "@beckon/synthetic";
import { scanDataset } from "@beckon/training";
import { Collection, type CollectionPlan, encodeJpeg } from "@beckon/vision";
import { describe, expect, it } from "vitest";
import { parseDuration } from "./duration.ts";
import { sourceFlag } from "./source-flag.ts";

const startedAt = Date.UTC(2026, 10, 21, 10, 45, 3);

async function plan(changes: Partial<CollectionPlan> = {}): Promise<CollectionPlan> {
  const out = await mkdtemp(join(tmpdir(), "beckon-collect-"));
  return { out, source: "me-kitchen", label: "A", camera: "desk", roi: "envelope", startedAt, ...changes };
}

const jpeg = await encodeJpeg(drawScene({ sign: "A", time: 0, width: 320, height: 240 }));

describe("collecting", () => {
  it("notes each recording beside its pictures, where no trainer takes it for one", async () => {
    const request = await plan();
    const collection = new Collection(request);
    await collection.keep({ jpeg });
    await collection.keep({ jpeg });
    await collection.close(startedAt + 5000);
    const [line] = (await readFile(join(request.out, "me-kitchen", ".sessions.jsonl"), "utf8")).trim().split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({
      session: "20261121t104503",
      source: "me-kitchen",
      label: "A",
      count: 2,
    });
    expect(await readdir(join(request.out, "me-kitchen", "A"))).toHaveLength(2);
    const { problems } = await scanDataset([{ folder: request.out }]);
    expect(problems).toEqual([]);
  });
});

describe("what is typed", () => {
  it("reads times as people write them", () => {
    expect(["500ms", "5s", "1m", "0", "2.5"].map((text) => parseDuration("--every", text))).toEqual([
      500, 5000, 60_000, 0, 2500,
    ]);
    expect(() => parseDuration("--every", "soon")).toThrow('--every "soon": a time is wanted, such as 500ms, 5s or 1m');
  });

  it("tells a device, a stream and a folder from each other", () => {
    expect(sourceFlag("synthetic")).toBe('{"source":"synthetic"}');
    expect(sourceFlag("/dev/video2")).toBe('{"source":"ffmpeg","device":"/dev/video2"}');
    expect(sourceFlag("rtsp://cam/1")).toBe('{"source":"ffmpeg","url":"rtsp://cam/1"}');
    expect(sourceFlag(tmpdir())).toBe(`{"source":"folder","path":${JSON.stringify(tmpdir())}}`);
    expect(() => sourceFlag("webcam")).toThrow('--camera "webcam"');
  });
});
