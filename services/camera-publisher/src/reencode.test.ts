import { checkPicture, encodePng, FILE_LIMITS, type Pixels, readPicture } from "@beckon/vision";
import { describe, expect, it } from "vitest";
import { FRAME_LIMITS, fitsOnWire, reencode, turnJpeg, turnPixels } from "./reencode.ts";
import { colourJpeg, noiseJpeg } from "./testing/pictures.ts";

/** Two rows of three pixels, each of its own red. */
const SIX: Pixels = { width: 3, height: 2, data: Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((red) => [red, 0, 9])) };

function reds({ width, data }: Pixels): number[][] {
  const all = [...data].filter((_, index) => index % 3 === 0);
  return Array.from({ length: all.length / width }, (_, row) => all.slice(row * width, (row + 1) * width));
}

describe("turning pixels", () => {
  it.each([
    [
      0,
      false,
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      0,
      true,
      [
        [3, 2, 1],
        [6, 5, 4],
      ],
    ],
    [
      90,
      false,
      [
        [4, 1],
        [5, 2],
        [6, 3],
      ],
    ],
    [
      90,
      true,
      [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    ],
    [
      180,
      false,
      [
        [6, 5, 4],
        [3, 2, 1],
      ],
    ],
    [
      270,
      false,
      [
        [3, 6],
        [2, 5],
        [1, 4],
      ],
    ],
  ] as const)("by %i degrees clockwise, mirrored: %s", (rotation, mirror, wanted) => {
    expect(reds(turnPixels(SIX, { rotation, mirror }))).toEqual(wanted);
  });
});

describe("encoding again", () => {
  it("turns a JPEG", async () => {
    const turned = await turnJpeg(await colourJpeg(64, 32, [250, 0, 0]), { rotation: 90, mirror: true }, 90);
    expect(checkPicture(turned, FRAME_LIMITS)).toMatchObject({ format: "jpeg", width: 32, height: 64 });
  });

  it("makes a frame of a PNG, as large as fits, with black around it", async () => {
    const png = await encodePng({ width: 10, height: 20, data: new Uint8Array(600).fill(255) });
    expect(fitsOnWire(png)).toBe(false);
    const frame = await reencode(png, { width: 40, height: 40, quality: 95 });
    const { data } = await readPicture(
      frame,
      { width: 40, height: 40, fit: "stretch", kernel: "nearest" },
      FILE_LIMITS,
    );
    expect(data[0]).toBeLessThan(20);
    expect(data[20 * 3 * 40 + 60]).toBeGreaterThan(235);
  });

  it("leaves room for the envelope in the largest frame", async () => {
    const large = await noiseJpeg(1600, 1200);
    expect(fitsOnWire(large.slice(0, 10))).toBe(false);
    expect(fitsOnWire(large)).toBe(false);
    expect(fitsOnWire(await noiseJpeg(640, 480))).toBe(true);
  });
});
