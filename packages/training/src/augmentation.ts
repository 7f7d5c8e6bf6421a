import type { Random } from "@beckon/synthetic";
import { applyColour, type Photometry } from "./augment/colour.ts";
import { isCutOut, replaceBackdrop } from "./augment/cut-out.ts";
import { applyDefects, type Defects } from "./augment/defects.ts";
import { applyWarp, drawWarp, type Geometry } from "./augment/warp.ts";

export type AugmentationName = "none" | "light" | "medium" | "strong";

/** What may happen to a training picture; the parts that are absent never do. */
export interface Augmentation {
  readonly geometry?: Geometry;
  readonly photometry?: Photometry;
  readonly defects?: Defects;
  /** Probability that the black behind a cut-out hand is replaced, where a background is at hand. */
  readonly background: number;
}

/**
 * `light`: another picture of the same hand, room and camera. `medium`: another hand, room and camera, as far as a network
 * can learn from scratch. `strong`: further still, for one that has begun to learn the training pictures by heart.
 */
export const AUGMENTATIONS: Readonly<Record<AugmentationName, Augmentation>> = {
  none: { background: 0 },
  light: {
    geometry: { flip: 0.5, rotation: 10, zoom: [0.9, 1.15], stretch: 1.08, shift: 0.08, shear: 0.05, perspective: 0 },
    photometry: {
      brightness: 0.1,
      contrast: 1.2,
      gamma: 1.15,
      saturation: [0.8, 1.2],
      tint: 1.08,
      hue: 5,
      grey: 0,
      shade: 0,
      shadeDepth: 0,
    },
    background: 0.8,
  },
  medium: {
    geometry: {
      flip: 0.5,
      rotation: 13,
      zoom: [0.85, 1.22],
      stretch: 1.1,
      shift: 0.1,
      shear: 0.07,
      perspective: 0.04,
    },
    photometry: {
      brightness: 0.12,
      contrast: 1.4,
      gamma: 1.35,
      saturation: [0.6, 1.4],
      tint: 1.15,
      hue: 8,
      grey: 0.1,
      shade: 0.3,
      shadeDepth: 0.3,
    },
    defects: { blur: 0.08, lowResolution: 0.12, noise: 0.12, noiseDepth: 10, erase: 0.15, eraseSide: 0.3 },
    background: 0.9,
  },
  strong: {
    geometry: {
      flip: 0.5,
      rotation: 20,
      zoom: [0.72, 1.35],
      stretch: 1.18,
      shift: 0.14,
      shear: 0.12,
      perspective: 0.09,
    },
    photometry: {
      brightness: 0.16,
      contrast: 1.6,
      gamma: 1.5,
      saturation: [0.4, 1.6],
      tint: 1.22,
      hue: 15,
      grey: 0.15,
      shade: 0.45,
      shadeDepth: 0.4,
    },
    defects: { blur: 0.15, lowResolution: 0.15, noise: 0.2, noiseDepth: 14, erase: 0.35, eraseSide: 0.4 },
    background: 0.9,
  },
};

/** A background is seen larger, turned and from elsewhere each time, so that a few of them make many. */
const BACKGROUND: Geometry = {
  flip: 0.5,
  rotation: 180,
  zoom: [1.1, 2.5],
  stretch: 1.3,
  shift: 0.25,
  shear: 0.1,
  perspective: 0,
};

let stage = new Uint8Array(0);
let scenery = new Uint8Array(0);

/**
 * Makes a new picture from one: moved, lit and damaged as one draw of `how` says. The same numbers from `random` give the
 * same picture. Scratch memory is kept between calls, so the cost is that of the arithmetic alone.
 *
 * @param source RGB bytes, `width * height * 3`; not changed
 * @param into as long as `source`, and not the same array
 * @param background RGB bytes of the same size; used when the source is a cut-out hand on black (`isCutOut`)
 */
export function augment(
  source: Uint8Array,
  width: number,
  height: number,
  into: Uint8Array,
  random: Random,
  how: Augmentation,
  background?: Uint8Array,
): void {
  if (background && isCutOut(source, width, height) && random() < how.background)
    placeCutOut(source, width, height, into, random, how, background);
  else if (how.geometry) applyWarp(source, width, height, into, drawWarp(random, how.geometry, width, height));
  else into.set(source);
  if (how.photometry) applyColour(into, width, height, random, how.photometry);
  if (how.defects) applyDefects(into, width, height, random, how.defects);
}

/** Moves the hand and the background each by itself, and lays one over the other. */
function placeCutOut(
  cutOut: Uint8Array,
  width: number,
  height: number,
  into: Uint8Array,
  random: Random,
  how: Augmentation,
  background: Uint8Array,
): void {
  if (stage.length !== cutOut.length) {
    stage = new Uint8Array(cutOut.length);
    scenery = new Uint8Array(cutOut.length);
  }
  if (how.geometry) {
    const warp = drawWarp(random, how.geometry, width, height);
    applyWarp(cutOut, width, height, stage, { ...warp, beyond: "black" });
  } else stage.set(cutOut);
  applyWarp(background, width, height, scenery, drawWarp(random, BACKGROUND, width, height));
  // The light that fell on the room is not the light that fell on the hand.
  if (how.photometry) applyColour(scenery, width, height, random, how.photometry);
  replaceBackdrop(stage, width, height, scenery, into);
}
