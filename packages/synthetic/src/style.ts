import { type BackgroundStyle, plainBackground, randomBackground } from "./background.ts";
import { clamp } from "./geometry.ts";
import { between, normal, type Random } from "./random.ts";
import type { HandShape } from "./skeleton.ts";

/** A colour as red, green and blue, 0..255 in sRGB. */
export type Colour = readonly [red: number, green: number, blue: number];

/** Everything about a drawing that is not the sign: whose hand, how it is held and lit, and what is behind it. */
export interface HandStyle {
  readonly skin: { readonly back: Colour; readonly palm: Colour; readonly nail: Colour };
  readonly shape: HandShape;
  /** A left hand, or a mirrored camera: the whole hand is flipped. */
  readonly mirror: boolean;
  /** How the camera sees the hand: turned in degrees on top of the sign's own orientation. */
  readonly view: { readonly yaw: number; readonly pitch: number; readonly roll: number };
  /** How much of the region of interest an upright open hand fills, 0..1. */
  readonly size: number;
  /** How far the hand is off the middle, in fractions of the region of interest: to the right, and down. */
  readonly shift: readonly [x: number, y: number];
  /** Slow drift and tremor with time: the amplitude, 1 is a calm hand, 0 holds it still. */
  readonly sway: number;
  /** Every joint angle is off by about this many degrees, in the way that `seed` decides. */
  readonly looseness: number;
  /** The light: where it comes from (degrees to the right and up of the camera), its colour and strength. */
  readonly light: {
    readonly azimuth: number;
    readonly elevation: number;
    readonly colour: Colour;
    readonly strength: number;
    readonly ambient: number;
  };
  /** The sleeve's colour, and where it begins in fractions of the forearm from the wrist; 1 is a bare arm. */
  readonly sleeve: { readonly colour: Colour; readonly from: number };
  readonly background: BackgroundStyle;
  /** Sensor noise, as a standard deviation in grey levels, and softness of the lens, 0..1. */
  readonly noise: number;
  readonly softness: number;
  readonly seed: number;
}

/** Skin from light to dark: the back of the hand and the palm, which is lighter and pinker on dark hands. */
const SKINS: readonly { readonly back: Colour; readonly palm: Colour }[] = [
  { back: [242, 205, 184], palm: [244, 200, 182] },
  { back: [232, 188, 162], palm: [238, 188, 166] },
  { back: [222, 172, 140], palm: [232, 178, 150] },
  { back: [205, 152, 116], palm: [222, 168, 136] },
  { back: [184, 130, 94], palm: [212, 158, 126] },
  { back: [158, 106, 74], palm: [202, 148, 118] },
  { back: [126, 82, 56], palm: [190, 136, 108] },
  { back: [96, 62, 44], palm: [176, 122, 98] },
  { back: [70, 46, 35], palm: [158, 108, 88] },
];

/** A well-lit average hand in front of a plain wall, still: for tests and for people who want to read the sign. */
export const defaultStyle: HandStyle = {
  skin: skinOf(2.2),
  shape: { fingerLength: 1, fingerThickness: 1, thumbLength: 1, palmWidth: 1, palmLength: 1 },
  mirror: false,
  view: { yaw: 0, pitch: 0, roll: 0 },
  size: 0.78,
  shift: [0, 0],
  sway: 0,
  looseness: 0,
  light: { azimuth: 25, elevation: 50, colour: [255, 248, 240], strength: 1, ambient: 0.5 },
  sleeve: { colour: [52, 66, 92], from: 0.45 },
  background: plainBackground,
  noise: 1,
  softness: 0.3,
  seed: 1,
};

/** A hand, light and room drawn at random, within what a webcam user would show. The same stream gives the same style. */
export function randomStyle(random: Random): HandStyle {
  const build = 1 + 0.05 * normal(random);
  const warmth = between(random, -1, 1);
  return {
    skin: skinOf(between(random, 0, SKINS.length - 1)),
    shape: {
      fingerLength: proportion(random, build, 0.06),
      fingerThickness: proportion(random, 1.04, 0.08),
      thumbLength: proportion(random, build, 0.05),
      palmWidth: proportion(random, 1, 0.06),
      palmLength: proportion(random, 1, 0.04),
    },
    mirror: random() < 0.5,
    view: { yaw: 10 * normal(random), pitch: 8 * normal(random), roll: 8 * normal(random) },
    size: clamp(0.75 + 0.09 * normal(random), 0.5, 0.98),
    shift: [0.05 * normal(random), 0.05 * normal(random)],
    sway: between(random, 0.5, 1.5),
    looseness: between(random, 1, 4),
    light: {
      azimuth: between(random, -75, 75),
      elevation: between(random, 5, 80),
      colour: [255 - 18 * Math.max(0, -warmth), 246, 255 - 50 * Math.max(0, warmth)],
      strength: between(random, 0.65, 1.2),
      ambient: between(random, 0.3, 0.75),
    },
    sleeve: {
      colour: [between(random, 20, 230), between(random, 20, 230), between(random, 20, 230)],
      from: random() < 0.4 ? 1 : between(random, 0.08, 0.6),
    },
    background: randomBackground(random),
    noise: between(random, 0.5, 5),
    softness: between(random, 0, 1),
    seed: Math.floor(random() * 2 ** 31),
  };
}

/** Skin between two of the tones: 0 is the lightest, `SKINS.length - 1` the darkest. */
function skinOf(tone: number): HandStyle["skin"] {
  const lower = Math.min(Math.floor(tone), SKINS.length - 2);
  const [light, dark] = [SKINS[lower], SKINS[lower + 1]] as [(typeof SKINS)[0], (typeof SKINS)[0]];
  const t = tone - lower;
  const back = blend(light.back, dark.back, t);
  const palm = blend(light.palm, dark.palm, t);
  return { back, palm, nail: blend(palm, [246, 204, 196], 0.45) };
}

function blend(a: Colour, b: Colour, t: number): Colour {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

function proportion(random: Random, mean: number, spread: number): number {
  return clamp(mean + spread * normal(random), mean - 2 * spread, mean + 2 * spread);
}
