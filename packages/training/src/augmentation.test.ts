import { seededRandom } from "@beckon/synthetic";
import { describe, expect, test } from "vitest";
import type { Photometry } from "./augment/colour.ts";
import { applyColour } from "./augment/colour.ts";
import { isCutOut, replaceBackdrop } from "./augment/cut-out.ts";
import { applyDefects } from "./augment/defects.ts";
import { applyWarp, drawWarp, type Geometry, type Warp } from "./augment/warp.ts";
import { AUGMENTATIONS, augment } from "./augmentation.ts";

const SIDE = 24;
const BYTES = SIDE * SIDE * 3;

/** A picture in which every pixel tells its place: red grows to the right, green downwards. */
function ramp(width = SIDE, height = SIDE): Uint8Array {
  const pixels = new Uint8Array(width * height * 3).fill(90);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set([40 + x * 5, 40 + y * 5], (y * width + x) * 3);
  return pixels;
}

const still: Geometry = { flip: 0, rotation: 0, zoom: [1, 1], stretch: 1, shift: 0, shear: 0, perspective: 0 };
const plain: Photometry = {
  brightness: 0,
  contrast: 1,
  gamma: 1,
  saturation: [1, 1],
  tint: 1,
  hue: 0,
  grey: 0,
  shade: 0,
  shadeDepth: 0,
};

function warped(how: Partial<Geometry>, change: Partial<Warp> = {}, seed = 1): Uint8Array {
  const into = new Uint8Array(BYTES);
  const warp = drawWarp(seededRandom(seed), { ...still, ...how }, SIDE, SIDE);
  applyWarp(ramp(), SIDE, SIDE, into, { ...warp, ...change });
  return into;
}

function coloured(how: Partial<Photometry>, seed = 1): Uint8Array {
  const pixels = ramp();
  applyColour(pixels, SIDE, SIDE, seededRandom(seed), { ...plain, ...how });
  return pixels;
}

const at = (pixels: Uint8Array, x: number, y: number) => [
  ...pixels.subarray((y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3),
];
const mean = (pixels: Uint8Array) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length;

describe("augment", () => {
  test.each(["none", "light", "strong"] as const)("%s gives the same picture for the same seed", (name) => {
    const [first, second] = [new Uint8Array(BYTES), new Uint8Array(BYTES)];
    const source = ramp();
    for (let seed = 0; seed < 40; seed++) {
      augment(source, SIDE, SIDE, first, seededRandom(seed), AUGMENTATIONS[name]);
      augment(source, SIDE, SIDE, second, seededRandom(seed), AUGMENTATIONS[name]);
      expect(second).toEqual(first);
    }
    expect(source).toEqual(ramp());
    if (name === "none") expect(first).toEqual(source);
    else expect(first).not.toEqual(source);
  });

  test("works on sides that differ, one after the other", () => {
    for (const [width, height] of [
      [30, 20],
      [9, 40],
      [30, 20],
    ] as const) {
      const into = new Uint8Array(width * height * 3);
      const black = new Uint8Array(width * height * 3);
      for (let seed = 0; seed < 40; seed++)
        augment(black, width, height, into, seededRandom(seed), AUGMENTATIONS.strong, ramp(width, height));
      expect(mean(into)).toBeGreaterThan(0);
    }
  });

  test("keeps a light-grey picture within bytes: nothing wraps around to black", () => {
    const white = new Uint8Array(BYTES).fill(255);
    const into = new Uint8Array(BYTES);
    const light = { ...AUGMENTATIONS.strong, photometry: { ...plain, contrast: 3 } };
    for (let seed = 0; seed < 60; seed++) {
      augment(white, SIDE, SIDE, into, seededRandom(seed), {
        ...light,
        defects: { ...AUGMENTATIONS.strong.defects!, erase: 0 },
      });
      expect(Math.min(...into)).toBeGreaterThan(150);
    }
  });
});

describe("warp", () => {
  test("changes nothing when nothing may change", () => {
    expect(warped({})).toEqual(ramp());
  });

  test("flips left to right", () => {
    const flipped = warped({ flip: 1 });
    expect(at(flipped, 3, 5)).toEqual(at(ramp(), SIDE - 4, 5));
  });

  test("moves the content by whole pixels exactly, and repeats or mirrors what lies beyond the edge", () => {
    const clamped = warped({}, { c: -2, beyond: "clamp" });
    expect(at(clamped, 6, 4)).toEqual(at(ramp(), 4, 4));
    expect(at(clamped, 0, 4)).toEqual(at(ramp(), 0, 4));
    const mirrored = warped({}, { c: -2, beyond: "mirror" });
    expect(at(mirrored, 0, 4)).toEqual(at(ramp(), 2, 4));
  });

  test("can leave black what lies beyond the edge", () => {
    const shifted = warped({}, { c: -2, beyond: "black" });
    expect(at(shifted, 1, 4)).toEqual([0, 0, 0]);
    expect(at(shifted, 2, 4)).toEqual(at(ramp(), 0, 4));
  });

  test("turns about the centre", () => {
    const quarter = warped({}, { a: 0, b: -1, d: 1, e: 0 });
    expect(at(quarter, 5, 7)).toEqual(at(ramp(), SIDE - 1 - 7, 5));
  });

  test("a zoom above 1 enlarges the content", () => {
    const [left = 0] = at(warped({ zoom: [2, 2] }), 0, 12);
    expect(left).toBeGreaterThan(at(ramp(), 5, 12)[0]!);
    expect(left).toBeLessThan(at(ramp(), 7, 12)[0]!);
  });

  test("keeps the centre of the picture in the frame at its strongest", () => {
    for (let seed = 0; seed < 500; seed++) {
      const warp = drawWarp(seededRandom(seed), AUGMENTATIONS.strong.geometry!, SIDE, SIDE);
      // Where the middle of the source lands, by inverting the affine part.
      const det = warp.a * warp.e - warp.b * warp.d;
      const x = (-warp.c * warp.e + warp.f * warp.b) / det;
      const y = (-warp.f * warp.a + warp.c * warp.d) / det;
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(0.15 * SIDE + 1e-9);
    }
  });
});

describe("colour", () => {
  test("changes nothing when nothing may change", () => {
    expect(coloured({})).toEqual(ramp());
  });

  test("grey makes the channels equal", () => {
    const [r, g, b] = at(coloured({ grey: 1 }), 20, 3);
    expect([g, b]).toEqual([r, r]);
  });

  test("a turn of the hue keeps greys and the brightness", () => {
    const grey = new Uint8Array(BYTES).fill(120);
    applyColour(grey, SIDE, SIDE, seededRandom(3), { ...plain, hue: 180 });
    expect(Math.max(...grey) - Math.min(...grey)).toBeLessThanOrEqual(1);
    const luma = ([r = 0, g = 0, b = 0]: number[]) => 0.213 * r + 0.715 * g + 0.072 * b;
    const turned = at(coloured({ hue: 20 }, 4), 12, 12);
    expect(turned).not.toEqual(at(ramp(), 12, 12));
    expect(luma(turned)).toBeCloseTo(luma(at(ramp(), 12, 12)), -0.5);
  });

  test("shade darkens one side and lightens the other", () => {
    const difference = (pixels: Uint8Array) =>
      Math.abs(at(pixels, 0, 0)[2]! - at(pixels, SIDE - 1, SIDE - 1)[2]!) +
      Math.abs(at(pixels, SIDE - 1, 0)[2]! - at(pixels, 0, SIDE - 1)[2]!);
    expect(difference(ramp())).toBe(0);
    expect(difference(coloured({ shade: 1, shadeDepth: 0.5 }))).toBeGreaterThan(10);
  });

  test.each(["brightness", "contrast", "gamma", "tint"] as const)("%s changes the picture", (name) => {
    expect(coloured({ [name]: name === "brightness" ? 0.3 : 1.5 })).not.toEqual(ramp());
  });
});

describe("defects", () => {
  const none = { blur: 0, lowResolution: 0, noise: 0, noiseDepth: 10, erase: 0, eraseSide: 0.4 };
  const checks = () =>
    new Uint8Array(BYTES).map((_, i) => (((Math.floor(i / 3) % SIDE) + Math.floor(i / 3 / SIDE)) % 2 ? 200 : 50));
  const spread = (pixels: Uint8Array) => {
    const middle = mean(pixels);
    return Math.sqrt(pixels.reduce((sum, value) => sum + (value - middle) ** 2, 0) / pixels.length);
  };
  const damaged = (source: Uint8Array, how: Partial<typeof none>, seed = 1) => {
    applyDefects(source, SIDE, SIDE, seededRandom(seed), { ...none, ...how });
    return source;
  };

  test.each(["blur", "lowResolution"] as const)("%s smooths and keeps the mean", (name) => {
    for (let seed = 0; seed < 20; seed++) {
      const result = damaged(checks(), { [name]: 1 }, seed);
      expect(spread(result)).toBeLessThan(45);
      expect(mean(result)).toBeCloseTo(125, -1);
    }
  });

  test("noise is as deep as asked for and has no bias", () => {
    const depths = Array.from({ length: 40 }, (_, seed) => {
      const result = damaged(new Uint8Array(BYTES).fill(128), { noise: 1 }, seed);
      expect(mean(result)).toBeCloseTo(128, -0.5);
      return spread(result);
    });
    expect(Math.min(...depths)).toBeGreaterThan(1.5);
    expect(Math.max(...depths)).toBeLessThan(11);
  });

  test("erasing covers part of the picture and leaves the rest", () => {
    for (let seed = 0; seed < 40; seed++) {
      const result = damaged(new Uint8Array(BYTES).fill(7), { erase: 1 }, seed);
      const covered = result.filter((value) => value !== 7).length / BYTES;
      expect(covered).toBeGreaterThan(0.01);
      expect(covered).toBeLessThan(0.35);
    }
  });
});

describe("cut-outs", () => {
  /** A bright square with a black hole, on black. */
  function hand(): Uint8Array {
    const pixels = new Uint8Array(BYTES).fill(3);
    for (let y = 6; y < 18; y++) pixels.fill(180, (y * SIDE + 6) * 3, (y * SIDE + 18) * 3);
    pixels.fill(0, (12 * SIDE + 12) * 3, (12 * SIDE + 13) * 3);
    return pixels;
  }

  test("are told from photographs by their rim", () => {
    expect(isCutOut(hand(), SIDE, SIDE)).toBe(true);
    expect(isCutOut(ramp(), SIDE, SIDE)).toBe(false);
  });

  test("get the background outside the hand, and keep the hand with its shadows", () => {
    const into = new Uint8Array(BYTES);
    replaceBackdrop(hand(), SIDE, SIDE, new Uint8Array(BYTES).fill(90), into);
    expect(at(into, 0, 0)).toEqual([90, 90, 90]);
    expect(at(into, 10, 10)).toEqual([180, 180, 180]);
    expect(at(into, 12, 12)).toEqual([0, 0, 0]);
    expect(at(into, 6, 10)).toEqual([144, 144, 144]);
  });

  test("stand before the background wherever they are moved", () => {
    const into = new Uint8Array(BYTES);
    const how = { geometry: { ...still, zoom: [0.5, 0.5], shift: 0.2 }, background: 1 } as const;
    for (let seed = 0; seed < 20; seed++) {
      augment(hand(), SIDE, SIDE, into, seededRandom(seed), how, new Uint8Array(BYTES).fill(90));
      const rim = [at(into, 0, 0), at(into, SIDE - 1, 0), at(into, 0, SIDE - 1), at(into, SIDE - 1, SIDE - 1)];
      expect(rim).toEqual(Array(4).fill([90, 90, 90]));
      expect(Math.max(...into)).toBeGreaterThan(160);
    }
  });

  test("a photograph is left alone whatever the background", () => {
    const [beside, without] = [new Uint8Array(BYTES), new Uint8Array(BYTES)];
    augment(ramp(), SIDE, SIDE, beside, seededRandom(5), AUGMENTATIONS.strong, new Uint8Array(BYTES).fill(200));
    augment(ramp(), SIDE, SIDE, without, seededRandom(5), AUGMENTATIONS.strong);
    expect(beside).toEqual(without);
  });
});
