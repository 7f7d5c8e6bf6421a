import { mix } from "./geometry.ts";
import type { FingerAngles, HandPose, ThumbAngles } from "./skeleton.ts";

const LETTERS = "ABCDEFGHIKLMNOPQRSTUVWXY".split("");
const COUNTS = ["0", "1", "2", "3", "4", "5"];

/** Every sign that can be drawn: the 24 static letters, the counts, a resting hand and no hand at all. */
export const SIGNS: readonly string[] = [...LETTERS, ...COUNTS, "rest", "none"];

/** At this drop the hand is out of every picture: nothing is drawn. */
export const OUT_OF_SIGHT = 4;

function finger(mcp: number, pip: number, dip: number, spread = 0): FingerAngles {
  return { mcp, pip, dip, spread };
}

function thumb(out: number, front: number, roll: number, mcp: number, ip: number): ThumbAngles {
  return { out, front, roll, mcp, ip };
}

const UPRIGHT = {
  wrist: { flex: 0, side: 0 },
  turn: { yaw: 0, pitch: 0, roll: 0 },
  place: { drop: 0 },
};
const straight = (spread = 0): FingerAngles => finger(4, 5, 3, spread);
const curled = (spread = 0): FingerAngles => finger(86, 106, 42, spread);

/** A fist with the thumb beside the index finger: most letters change some of its fingers. */
const FIST: HandPose = {
  ...UPRIGHT,
  thumb: thumb(44, 25, -36, 50, -1),
  index: curled(1),
  middle: curled(0),
  ring: curled(-3),
  pinky: curled(-7),
};

/** The thumb folded over the curled ring finger, as in U, V and R. */
const FOLDED = thumb(13, 45, -7, 43, 48);
/** The thumb across the front of the whole fist. */
const ACROSS = thumb(37, 43, -10, 50, 59);
/** The thumb over the curled little finger. */
const FAR_ACROSS = thumb(1, 47, -8, 59, 26);

/** The back of the hand to the viewer, the fingers to the viewer's right, the thumb up. */
const SIDEWAYS = { turn: { yaw: 185, pitch: 0, roll: -78 }, wrist: { flex: 0, side: -20 } };
/** The palm to the viewer, the fingers to the viewer's left, the thumb up. */
const SIDEWAYS_PALM = { turn: { yaw: 0, pitch: 0, roll: 80 }, wrist: { flex: 0, side: 20 } };
/** The thumb's side to the viewer, the fingers to the viewer's left, the palm down. */
const LEFTWARDS = { turn: { yaw: -72, pitch: 0, roll: 70 }, wrist: { flex: 35, side: 0 } };

/** A hand hanging down, at ease. */
const REST: HandPose = {
  ...UPRIGHT,
  thumb: thumb(30, 30, -30, 10, 15),
  index: finger(20, 25, 12, 2),
  middle: finger(26, 28, 14),
  ring: finger(30, 30, 15, -1),
  pinky: finger(32, 30, 15, -3),
  turn: { yaw: 40, pitch: 0, roll: 0 },
  place: { drop: 0.62 },
};

const O_SHAPE: HandPose = {
  ...FIST,
  thumb: thumb(39, 16, 29, 62, 7),
  index: finger(52, 58, 34),
  middle: finger(54, 60, 36),
  ring: finger(56, 60, 36, 1),
  pinky: finger(58, 55, 34, 4),
  turn: { yaw: 65, pitch: 0, roll: -8 },
};
const V_SHAPE: HandPose = { ...FIST, index: straight(10), middle: straight(-8), thumb: FOLDED };
const W_SHAPE: HandPose = { ...FIST, index: straight(13), middle: straight(0), ring: straight(-13), thumb: FAR_ACROSS };

const G_SHAPE: HandPose = { ...FIST, ...SIDEWAYS, index: finger(8, 6, 4), thumb: thumb(22, 12, -36, 0, 4) };
const H_SHAPE: HandPose = {
  ...FIST,
  ...SIDEWAYS,
  index: finger(5, 5, 3, -3),
  middle: finger(5, 5, 3, 2),
  thumb: FOLDED,
};

const POSES: Readonly<Record<string, readonly HandPose[]>> = {
  A: [FIST],
  B: [
    {
      ...FIST,
      thumb: thumb(16, 26, -18, 63, 55),
      index: straight(-2),
      middle: straight(),
      ring: straight(1),
      pinky: straight(5),
    },
  ],
  C: [
    {
      ...FIST,
      thumb: thumb(50, 28, 30, 62, 27),
      index: finger(32, 52, 34),
      middle: finger(35, 52, 34),
      ring: finger(37, 52, 34, 1),
      pinky: finger(40, 48, 30, 4),
      turn: { yaw: 68, pitch: 0, roll: -12 },
    },
  ],
  D: [
    {
      ...FIST,
      index: straight(),
      middle: finger(62, 62, 40),
      ring: finger(66, 64, 42, 1),
      pinky: finger(70, 64, 42, 4),
      thumb: thumb(33, 25, 14, 62, 31),
      turn: { yaw: 42, pitch: 0, roll: 0 },
    },
  ],
  E: [
    {
      ...FIST,
      thumb: thumb(24, 30, 0, 63, 53),
      index: finger(38, 108, 62),
      middle: finger(36, 110, 62),
      ring: finger(38, 108, 62, 1),
      pinky: finger(42, 102, 60, 4),
    },
  ],
  F: [
    {
      ...FIST,
      thumb: thumb(46, 22, 8, 62, 14),
      index: finger(50, 62, 34, 9),
      middle: straight(1),
      ring: straight(-7),
      pinky: straight(-13),
      turn: { yaw: 30, pitch: 0, roll: 0 },
    },
  ],
  G: [{ ...G_SHAPE, ...SIDEWAYS_PALM }, G_SHAPE],
  H: [{ ...H_SHAPE, ...SIDEWAYS_PALM }, H_SHAPE],
  I: [{ ...FIST, thumb: thumb(28, 46, -6, 57, 54), pinky: straight(-6) }],
  K: [{ ...FIST, index: finger(4, 4, 2, 9), middle: finger(30, 6, 4, -8), thumb: thumb(-4, 15, -52, 3, 2) }],
  L: [{ ...FIST, index: straight(2), thumb: thumb(64, 8, -30, -5, -5) }],
  M: [
    {
      ...FIST,
      index: finger(62, 92, 42, 1),
      middle: finger(60, 94, 42),
      ring: finger(60, 92, 42, -2),
      pinky: finger(92, 92, 50, -7),
      thumb: thumb(5, 14, 17, 54, 29),
    },
  ],
  N: [
    {
      ...FIST,
      index: finger(62, 92, 42, 1),
      middle: finger(60, 94, 42, 0),
      ring: finger(90, 95, 50, -3),
      pinky: finger(92, 94, 50, -7),
      thumb: thumb(24, 16, 10, 62, 18),
    },
  ],
  O: [O_SHAPE],
  P: [
    {
      ...FIST,
      ...LEFTWARDS,
      index: finger(6, 4, 2, 6),
      middle: finger(52, 8, 5, -2),
      thumb: thumb(-1, 20, -39, 1, 6),
    },
  ],
  Q: [
    {
      ...FIST,
      index: finger(14, 8, 5),
      thumb: thumb(7, 21, -40, 0, 1),
      turn: { yaw: -100, pitch: 0, roll: 150 },
      wrist: { flex: 62, side: 0 },
    },
  ],
  R: [{ ...FIST, index: finger(14, 8, 5, -13), middle: finger(-2, 10, 6, 12), thumb: FOLDED }],
  S: [{ ...FIST, thumb: ACROSS }],
  T: [{ ...FIST, index: finger(84, 94, 30, 8), thumb: thumb(-2, 20, -86, 9, -18) }],
  U: [{ ...FIST, index: straight(-3), middle: straight(2), thumb: FOLDED }],
  V: [V_SHAPE],
  W: [W_SHAPE],
  X: [{ ...FIST, index: finger(14, 78, 55), thumb: ACROSS, turn: { yaw: 48, pitch: 0, roll: -5 } }],
  Y: [{ ...FIST, thumb: thumb(64, 8, -30, -5, -8), pinky: straight(-16) }],
  "0": [
    { ...O_SHAPE, turn: { yaw: 34, pitch: 0, roll: 0 } },
    { ...FIST, thumb: ACROSS },
  ],
  "1": [{ ...FIST, index: straight(), thumb: FOLDED }],
  "2": [V_SHAPE],
  "3": [W_SHAPE, { ...FIST, index: straight(9), middle: straight(-7), thumb: thumb(58, 12, -30, -5, -8) }],
  "4": [
    {
      ...FIST,
      index: straight(9),
      middle: straight(2),
      ring: straight(-6),
      pinky: straight(-14),
      thumb: thumb(16, 26, -18, 63, 55),
    },
  ],
  "5": [
    {
      ...FIST,
      index: straight(10),
      middle: straight(2),
      ring: straight(-7),
      pinky: straight(-17),
      thumb: thumb(58, 12, -30, -5, -8),
    },
  ],
  rest: [REST],
  none: [{ ...REST, place: { drop: OUT_OF_SIGHT } }],
};

/**
 * The pose of a sign.
 *
 * @param sign one of SIGNS
 * @param variant signers differ: 0 is the usual way, higher whole numbers take the others in turn
 * @throws RangeError naming the signs, if this is none of them
 */
export function poseOf(sign: string, variant = 0): HandPose {
  const poses = Object.hasOwn(POSES, sign) ? POSES[sign] : undefined;
  if (!poses) throw new RangeError(`cannot sign "${sign}": the drawn hand knows ${SIGNS.join(" ")}`);
  return poses[variant % poses.length] as HandPose;
}

/** The pose between two: every angle and place on the straight line from `a` (t = 0) to `b` (t = 1). */
export function interpolate(a: HandPose, b: HandPose, t: number): HandPose {
  return {
    thumb: blend(a.thumb, b.thumb, t),
    index: blend(a.index, b.index, t),
    middle: blend(a.middle, b.middle, t),
    ring: blend(a.ring, b.ring, t),
    pinky: blend(a.pinky, b.pinky, t),
    wrist: blend(a.wrist, b.wrist, t),
    turn: blend(a.turn, b.turn, t),
    place: blend(a.place, b.place, t),
  };
}

function blend<T extends { readonly [K in keyof T]: number }>(a: T, b: T, t: number): T {
  const names = Object.keys(a) as (keyof T)[];
  return Object.fromEntries(names.map((name) => [name, mix(a[name], b[name], t)])) as T;
}
