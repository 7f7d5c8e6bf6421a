import { describe, expect, test } from "vitest";
import { poseOf, SIGNS } from "./poses.ts";
import { seededRandom } from "./random.ts";
import { drawScene, drawSilhouette } from "./scene.ts";
import { defaultStyle, type HandStyle, randomStyle } from "./style.ts";

const SHOWN = SIGNS.filter((sign) => sign !== "none" && sign !== "rest");
const LETTERS = SHOWN.filter((sign) => /[A-Z]/.test(sign));
const COUNTS = SHOWN.filter((sign) => /[0-9]/.test(sign));
const size = { width: 96, height: 96 };

/** The share of the two hands' union that only one of them covers. */
function difference(a: Uint8Array, b: Uint8Array): number {
  let [apart, union] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    apart += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    union += Math.max(a[i] ?? 0, b[i] ?? 0);
  }
  return apart / union;
}

describe("a drawing", () => {
  test("has the size that was asked for", () => {
    const picture = drawScene({ sign: "L", width: 80, height: 60 });
    expect([picture.width, picture.height, picture.data.length]).toEqual([80, 60, 80 * 60 * 3]);
  });

  test("is the same for the same seed and time, and another for another seed or time", () => {
    const draw = (seed: number, time: number): Uint8Array =>
      drawScene({ sign: "K", style: randomStyle(seededRandom(seed)), ...size, time }).data;
    expect(draw(3, 40)).toEqual(draw(3, 40));
    expect(draw(3, 40)).not.toEqual(draw(4, 40));
    expect(draw(3, 40)).not.toEqual(draw(3, 2040));
  });

  test("of a sign is the drawing of its pose", () => {
    expect(drawScene({ sign: poseOf("Y"), ...size }).data).toEqual(drawScene({ sign: "Y", ...size }).data);
  });

  test("refuses a size that is no picture", () => {
    expect(() => drawScene({ sign: "A", width: 0, height: 10 })).toThrow(/0 x 10/);
    expect(() => drawScene({ sign: "A", width: 10.5, height: 10 })).toThrow(RangeError);
    expect(() => drawSilhouette({ sign: "A", width: -3, height: 10 })).toThrow(/-3 x 10/);
  });

  test("is lighter for light skin than for dark skin", () => {
    const brightness = (tone: number): number => {
      const skin = { back: [tone, tone, tone], palm: [tone, tone, tone], nail: [tone, tone, tone] } as const;
      const { data } = drawScene({ sign: "5", style: { ...defaultStyle, skin }, ...size });
      return data[3 * (60 * 96 + 46)] ?? 0;
    };
    expect(brightness(220)).toBeGreaterThan(brightness(80) + 40);
  });
});

describe("the hand", () => {
  test("is absent for none: the silhouette is empty and only the background is drawn", () => {
    expect(drawSilhouette({ sign: "none", ...size }).every((cover) => cover === 0)).toBe(true);
    const styles = [seededRandom(1), seededRandom(2)].map(randomStyle);
    for (const style of styles) {
      const other: HandStyle = { ...style, skin: defaultStyle.skin, shape: defaultStyle.shape };
      expect(drawScene({ sign: "none", style, ...size }).data).toEqual(
        drawScene({ sign: "none", style: other, ...size }).data,
      );
    }
  });

  test.each(SHOWN)("%s lies within the frame and fills a good part of it", (sign) => {
    const mask = drawSilhouette({ sign, ...size }, false);
    let covered = 0;
    for (let i = 0; i < mask.length; i++) {
      const [x, y] = [i % 96, Math.floor(i / 96)];
      if (x === 0 || y === 0 || x === 95 || y === 95) expect(mask[i]).toBe(0);
      covered += (mask[i] ?? 0) / 255;
    }
    expect(covered / mask.length).toBeGreaterThan(0.08);
    expect(covered / mask.length).toBeLessThan(0.6);
  });

  test.each([
    ["letter", LETTERS],
    ["count", COUNTS],
  ])("has a silhouette of its own for every %s", (_, signs) => {
    const masks = signs.map((sign) => drawSilhouette({ sign, ...size }, false));
    for (let i = 0; i < signs.length; i++) {
      for (let j = 0; j < i; j++) {
        const apart = difference(masks[i] ?? new Uint8Array(), masks[j] ?? new Uint8Array());
        expect(apart, `${signs[i]} and ${signs[j]}`).toBeGreaterThan(0.05);
      }
    }
  });

  test("is flipped by a mirror", () => {
    const width = 96;
    const plain = drawSilhouette({ sign: "L", ...size });
    const mirrored = drawSilhouette({ sign: "L", ...size, style: { ...defaultStyle, mirror: true } });
    const flipped = plain.map((_, i) => plain[i - (i % width) + width - 1 - (i % width)] ?? 0);
    expect(difference(flipped, mirrored)).toBeLessThan(0.01);
    expect(difference(plain, mirrored)).toBeGreaterThan(0.3);
  });

  test("keeps to the region of interest", () => {
    const mask = drawSilhouette({ sign: "V", width: 160, height: 120, roi: [0.5, 0.5, 0.375, 0.5] }, false);
    for (let i = 0; i < mask.length; i++) {
      const [x, y] = [i % 160, Math.floor(i / 160)];
      if (x < 80 || x >= 140 || y < 60) expect(mask[i]).toBe(0);
    }
    expect(mask.some((cover) => cover === 255)).toBe(true);
  });

  test("differs from style to style", () => {
    const masks = [1, 2, 3, 4].map((seed) =>
      drawSilhouette({ sign: "F", style: randomStyle(seededRandom(seed)), ...size }),
    );
    for (const [i, mask] of masks.entries()) {
      for (const other of masks.slice(0, i)) expect(difference(mask, other)).toBeGreaterThan(0.1);
    }
  });
});
