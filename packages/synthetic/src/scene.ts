import type { Pixels, Roi } from "@beckon/vision";
import { paintBackground } from "./background.ts";
import { fleshOf, PART, type Solid } from "./flesh.ts";
import { add, type Ball, clamp, compose, mix, orientation, type Rotation, rotate, type Vector } from "./geometry.ts";
import { OUT_OF_SIGHT, poseOf } from "./poses.ts";
import { normal, seededRandom } from "./random.ts";
import { type Relief, reliefOf } from "./relief.ts";
import { type Placement, shade } from "./shading.ts";
import { FINGERS, type HandPose, type Skeleton, skeletonOf } from "./skeleton.ts";
import { defaultStyle, type HandStyle } from "./style.ts";

/** What to draw. */
export interface Scene {
  /** A sign of SIGNS, or the pose itself. */
  readonly sign: string | HandPose;
  /** Which of the sign's variants, see `poseOf`. */
  readonly variant?: number;
  readonly style?: HandStyle;
  /** Width and height of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Milliseconds: moves the background, the hand's sway and the noise. */
  readonly time?: number;
  /** Where in the picture the hand is; by default the largest centred square. */
  readonly roi?: Roi;
}

/**
 * Draws a hand in front of a background. The same scene gives the same bytes.
 *
 * @throws RangeError for an unknown sign, or a width or height that is not a whole number above 0
 */
export function drawScene(scene: Scene): Pixels {
  const { width, height } = scene;
  checkSize(scene);
  const style = scene.style ?? defaultStyle;
  const seconds = (scene.time ?? 0) / 1000;
  const data = paintBackground(style.background, width, height, seconds);
  const hand = placeHand(scene);
  if (hand) {
    const relief = reliefOf(hand.solids, width, height);
    shade(data, width, relief, style, hand.placement);
  }
  finish(data, width, height, style, seconds);
  return { width, height, data };
}

/**
 * The pixels that the hand covers, without background, light or noise: 0 is background, 255 fully hand, row by row.
 * With `withArm` false only what lies beyond the wrist counts.
 *
 * @throws RangeError as `drawScene` does
 */
export function drawSilhouette(scene: Scene, withArm = true): Uint8Array {
  const { width, height } = scene;
  checkSize(scene);
  const mask = new Uint8Array(width * height);
  const hand = placeHand(scene);
  if (!hand) return mask;
  const relief: Relief = reliefOf(hand.solids, width, height);
  for (let row = 0; row < relief.height; row++) {
    for (let column = 0; column < relief.width; column++) {
      const i = row * relief.width + column;
      if (!withArm && (relief.part[i] ?? 0) <= PART.arm) continue;
      mask[(row + relief.top) * width + column + relief.left] = 255 * (relief.cover[i] ?? 0);
    }
  }
  return mask;
}

function checkSize({ width, height }: Scene): void {
  if (Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0) return;
  throw new RangeError(`cannot draw a picture of ${width} x ${height}: both must be whole numbers above 0`);
}

/** The camera's distance from the hand in centimetres, as at a desk: gives the perspective. */
const CAMERA_DISTANCE = 55;
/** Length in centimetres of the upright open hand that `style.size` refers to. */
const OPEN_HAND = 19.5;
/** How far a smaller hand shape is brought nearer to fill the region as an open hand does: 0 not at all, 1 fully. */
const APPROACH = 0.55;

function placeHand(scene: Scene): { solids: Solid[]; placement: Placement } | undefined {
  const style = scene.style ?? defaultStyle;
  const seconds = (scene.time ?? 0) / 1000;
  const pose = typeof scene.sign === "string" ? poseOf(scene.sign, scene.variant) : scene.sign;
  if (pose.place.drop >= OUT_OF_SIGHT) return undefined;
  const skeleton = skeletonOf(loosen(pose, style), style.shape);
  const sway = swayAt(style, seconds);
  const turn = compose(
    orientation(style.view.yaw + sway.yaw, style.view.pitch + sway.pitch, style.view.roll + sway.roll),
    orientation(pose.turn.yaw, pose.turn.pitch, pose.turn.roll),
  );
  const frame = frameOf(skeleton, turn);
  const roi = roiPixels(scene);
  const scale = (style.size * roi.size) / mix(OPEN_HAND, frame.extent, APPROACH);
  const side = style.mirror ? -1 : 1;
  const centre: Vector = [
    roi.x + roi.size * (style.shift[0] + sway.x),
    -(roi.y + roi.size * (style.shift[1] + sway.y + pose.place.drop)),
    0,
  ];
  const project = (at: Vector, radius: number): Ball => {
    const seen = rotate(turn, at);
    const near = scale * (CAMERA_DISTANCE / Math.max(10, CAMERA_DISTANCE - seen[2]));
    const offset: Vector = [
      side * (seen[0] * near - frame.x * scale),
      seen[1] * near - frame.y * scale,
      seen[2] * scale,
    ];
    return { at: add(centre, offset), radius: radius * near };
  };
  const solids = fleshOf(skeleton, style.sleeve.from).map((solid) => {
    const palmar = rotate(turn, solid.palmar);
    return {
      ...solid,
      balls: solid.balls.map((ball) => project(ball.at, ball.radius)) as [Ball, Ball] | [Ball, Ball, Ball],
      blend: solid.blend * scale,
      palmar: [side * palmar[0], palmar[1], palmar[2]] as const,
    };
  });
  return { solids, placement: { scale, wrist: project([0, 0, 0], 0).at, turn, mirror: style.mirror } };
}

/** The middle (centimetres, as seen) and the larger extent of the hand without its arm. */
function frameOf(skeleton: Skeleton, turn: Rotation): { x: number; y: number; extent: number } {
  let [left, right, bottom, top] = [1e9, -1e9, 1e9, -1e9];
  const bones = [skeleton.thumb, ...FINGERS.map((name) => skeleton.fingers[name])];
  for (const ball of [...skeleton.wrist, ...bones.flatMap((bone) => bone.joints)]) {
    const [x, y, z] = rotate(turn, ball.at);
    const near = CAMERA_DISTANCE / Math.max(10, CAMERA_DISTANCE - z);
    left = Math.min(left, near * (x - ball.radius));
    right = Math.max(right, near * (x + ball.radius));
    bottom = Math.min(bottom, near * (y - ball.radius));
    top = Math.max(top, near * (y + ball.radius));
  }
  return { x: (left + right) / 2, y: (bottom + top) / 2, extent: Math.max(right - left, top - bottom) };
}

/** The region of interest in pixels: its centre, and its smaller side. */
function roiPixels({ roi, width, height }: Scene): { x: number; y: number; size: number } {
  if (!roi) return { x: width / 2, y: height / 2, size: Math.min(width, height) };
  const [x, y, w, h] = roi;
  return { x: (x + w / 2) * width, y: (y + h / 2) * height, size: Math.min(w * width, h * height) };
}

/** Nobody signs twice alike: every joint is off by a little, decided by the style's seed. */
function loosen(pose: HandPose, { looseness, seed }: HandStyle): HandPose {
  if (looseness === 0) return pose;
  const random = seededRandom(seed, 11);
  const off = <T extends { readonly [K in keyof T]: number }>(angles: T, share: number): T =>
    Object.fromEntries(
      Object.entries<number>(angles).map(([name, angle]) => [
        name,
        angle + share * looseness * clamp(normal(random), -2, 2),
      ]),
    ) as T;
  return {
    thumb: off(pose.thumb, 1),
    index: off(pose.index, 0.8),
    middle: off(pose.middle, 0.8),
    ring: off(pose.ring, 0.8),
    pinky: off(pose.pinky, 0.8),
    wrist: off(pose.wrist, 2.5),
    turn: pose.turn,
    place: pose.place,
  };
}

/** Slow drift and a small tremor, smooth in time. */
function swayAt({ sway, seed }: HandStyle, seconds: number) {
  const wave = (k: number, rate: number): number =>
    sway * (Math.sin(rate * seconds + seed * 0.37 + k) + 0.3 * Math.sin(3.1 * rate * seconds + 2 * k));
  return {
    x: 0.008 * wave(1, 0.9),
    y: 0.008 * wave(2, 1.1),
    yaw: 2 * wave(3, 0.7),
    pitch: 1.5 * wave(4, 0.8),
    roll: 1.5 * wave(5, 0.6),
  };
}

/** The camera: a soft lens, then sensor noise. */
function finish(data: Uint8Array, width: number, height: number, style: HandStyle, seconds: number): void {
  if (style.softness > 0) soften(data, width, height, style.softness);
  if (style.noise <= 0) return;
  // A sum of two uniform draws is near enough to the bell curve of a sensor; one 32-bit draw gives both.
  let state = (style.seed ^ Math.imul(Math.round(seconds * 1000) + 1, 0x9e3779b1)) | 0;
  const gain = (style.noise * 2.45) / 65536;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const mixed = state ^ (state >>> 15);
    const draw = (mixed & 0xffff) + (mixed >>> 16) - 65536;
    const value = (data[i] ?? 0) + draw * gain;
    data[i] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
  }
}

/** Blurs by mixing every pixel with its neighbours, first along rows, then along columns. */
function soften(data: Uint8Array, width: number, height: number, softness: number): void {
  const side = 0.25 * softness;
  const middle = 1 - 2 * side;
  const row = 3 * width;
  for (let y = 0; y < height; y++) {
    const start = y * row;
    for (let channel = 0; channel < 3; channel++) {
      let before = data[start + channel] ?? 0;
      for (let i = start + channel + 3; i < start + row - 3; i += 3) {
        const here = data[i] ?? 0;
        data[i] = side * (before + (data[i + 3] ?? 0)) + middle * here + 0.5;
        before = here;
      }
    }
  }
  const above = data.slice(0, row);
  for (let y = 1; y < height - 1; y++) {
    const start = y * row;
    for (let x = 0; x < row; x++) {
      const here = data[start + x] ?? 0;
      data[start + x] = side * ((above[x] ?? 0) + (data[start + row + x] ?? 0)) + middle * here + 0.5;
      above[x] = here;
    }
  }
}
