import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Collection, type CollectionPlan } from "./collection.ts";
import { checkPicture, encodeJpeg, FILE_LIMITS, readPicture } from "./picture.ts";
import type { Pixels } from "./pixels.ts";

const startedAt = Date.UTC(2026, 10, 21, 10, 45, 3);

async function plan(changes: Partial<CollectionPlan> = {}): Promise<CollectionPlan> {
  const out = await mkdtemp(join(tmpdir(), "beckon-collect-"));
  return { out, source: "me-kitchen", label: "A", camera: "desk", roi: "envelope", startedAt, ...changes };
}

/** Black on the left, white on the right. */
function halves(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) data[at] = Math.floor(at / 3) % width < width / 2 ? 0 : 255;
  return { width, height, data };
}

const jpeg = await encodeJpeg(halves(320, 240));
const envelope = { roi: [0.25, 0, 0.5, 1] as const };

async function sizeOf(file: string): Promise<{ width: number; height: number }> {
  return checkPicture(await readFile(file), FILE_LIMITS);
}

describe("collecting", () => {
  it("lays pictures out as the trainer reads them, cut to the region of the frame", async () => {
    const file = await new Collection(await plan()).keep({ jpeg, envelope });
    expect(file).toMatch(/me-kitchen[\\/]A[\\/]desk-20261121t104503-0001\.jpg$/);
    expect(await sizeOf(file)).toMatchObject({ width: 160, height: 240 });
  });

  it("takes the default region of a camera that names none, another one, or the whole frame when asked", async () => {
    const byDefault = await new Collection(await plan()).keep({ jpeg });
    expect(await sizeOf(byDefault)).toMatchObject({ width: 144, height: 144 });
    const foreign = new Collection(await plan({ otherwise: [0, 0, 0.25, 0.5] }));
    expect(await sizeOf(await foreign.keep({ jpeg }))).toMatchObject({ width: 80, height: 120 });
    expect(await sizeOf(await foreign.keep({ jpeg, envelope }))).toMatchObject({ width: 160, height: 240 });
    const whole = await new Collection(await plan({ roi: undefined })).keep({ jpeg });
    expect(await sizeOf(whole)).toMatchObject({ width: 320, height: 240 });
  });

  it("keeps no more of a large region than a model looks at", async () => {
    const large = await encodeJpeg(halves(1200, 900));
    const file = await new Collection(await plan({ roi: undefined })).keep({ jpeg: large });
    expect(await sizeOf(file)).toMatchObject({ width: 480, height: 360 });
  });

  it("turns pictures left to right where the classifier does, and names them as it is told", async () => {
    const asked = await plan({ roi: undefined, mirror: true, stem: "desk-2" });
    const file = await new Collection(asked).keep({ jpeg });
    expect(file).toMatch(/desk-2-0001\.jpg$/);
    const shape = { width: 4, height: 4, fit: "stretch", kernel: "linear" } as const;
    const { data } = await readPicture(await readFile(file), shape, FILE_LIMITS);
    expect([data[0], data[9]].map((value) => (value ?? 128) > 128)).toEqual([true, false]);
  });

  it("never writes over a picture that is there, and leaves it as it was", async () => {
    const asked = await plan();
    const file = await new Collection(asked).keep({ jpeg });
    const before = await readFile(file);
    await expect(new Collection(asked).keep({ jpeg, envelope })).rejects.toMatchObject({ code: "EEXIST" });
    expect(await readFile(file)).toEqual(before);
  });

  it("writes nothing of a frame that cannot be read", async () => {
    const asked = await plan();
    await expect(new Collection(asked).keep({ jpeg: jpeg.subarray(0, 200) })).rejects.toThrow("ends");
    expect(await readdir(asked.out)).toEqual([]);
  });

  it("leaves no trace of a recording without pictures", async () => {
    const asked = await plan();
    await new Collection(asked).close(startedAt);
    expect(await readdir(asked.out)).toEqual([]);
  });
});
