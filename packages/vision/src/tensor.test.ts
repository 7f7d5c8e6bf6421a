import { describe, expect, it } from "vitest";
import type { InputSpec } from "./card.ts";
import type { Pixels } from "./pixels.ts";
import { tensorLength, writeTensor } from "./tensor.ts";

const spec: InputSpec = {
  width: 8,
  height: 9,
  layout: "NCHW",
  colours: "RGB",
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  fit: "stretch",
  kernel: "linear",
};

function picture(seed: number): Pixels {
  return { width: 8, height: 9, data: Uint8Array.from({ length: 216 }, (_, i) => (i * 37 + seed * 101) % 256) };
}

/** The definition, word for word: one value of the tensor. */
function expected({ data }: Pixels, s: InputSpec, x: number, y: number, channel: 0 | 1 | 2): number {
  const byte = data[(y * 8 + x) * 3 + (s.colours === "RGB" ? channel : 2 - channel)] ?? Number.NaN;
  return Math.fround((byte / 255 - s.mean[channel]) / s.std[channel]);
}

describe("the input tensor", () => {
  for (const layout of ["NCHW", "NHWC"] as const) {
    for (const colours of ["RGB", "BGR"] as const) {
      it(`is laid out as ${layout} in ${colours}, normalised per channel`, () => {
        const s = { ...spec, layout, colours };
        const into = new Float32Array(tensorLength(s));
        writeTensor(picture(1), s, into);
        for (let y = 0; y < 9; y++) {
          for (let x = 0; x < 8; x++) {
            for (const channel of [0, 1, 2] as const) {
              const at = layout === "NCHW" ? channel * 72 + y * 8 + x : (y * 8 + x) * 3 + channel;
              expect(into[at]).toBe(expected(picture(1), s, x, y, channel));
            }
          }
        }
      });
    }
  }

  it("is bit-equal whether pictures are written one by one or as a batch", () => {
    const length = tensorLength(spec);
    const batch = new Float32Array(3 * length);
    const single = [1, 2, 3].map((seed, index) => {
      writeTensor(picture(seed), spec, batch, index * length);
      const alone = new Float32Array(length);
      writeTensor(picture(seed), { ...spec }, alone);
      return alone;
    });
    single.forEach((alone, index) => {
      expect(batch.subarray(index * length, (index + 1) * length)).toEqual(alone);
    });
  });

  it("refuses a picture of another size and an array that is too short", () => {
    const into = new Float32Array(tensorLength(spec));
    expect(() => writeTensor({ ...picture(1), width: 9, height: 8 }, spec, into)).toThrow("8x9 pixels, not 9x8");
    expect(() => writeTensor(picture(1), spec, into, 1)).toThrow(RangeError);
  });
});
