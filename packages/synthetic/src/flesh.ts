import { add, type Ball, between, dot, mix, unit, type Vector } from "./geometry.ts";
import { FINGERS, type FingerBones, type Skeleton } from "./skeleton.ts";

/** What a piece of the hand belongs to. A finger has three, from the knuckle: `finger`, `finger + 1`, `finger + 2`. */
export const PART = { nothing: 0, sleeve: 1, arm: 2, palm: 3, thumb: 4, fingers: 7 } as const;

/** The hull of two or three balls, and how its skin looks. */
export interface Solid {
  readonly balls: readonly [Ball, Ball] | readonly [Ball, Ball, Ball];
  readonly part: number;
  /** Set of parts (bit `1 << part`) into which it runs without an edge, over `blend` centimetres of depth. */
  readonly joins: number;
  readonly blend: number;
  /** The direction its palm side faces. */
  readonly palmar: Vector;
  /** Redness 0..1 at the first and the last ball. */
  readonly blush: readonly [number, number];
  /** Whether the joint crease at its first ball shows. */
  readonly crease: boolean;
  readonly nail: boolean;
}

const PALM_SIDE: Vector = [0, 0, 1];
const bit = (part: number): number => 1 << part;

/**
 * Covers the bones with flesh.
 *
 * @param sleeveFrom where the sleeve begins, in fractions of the forearm from the wrist; 1 or more is a bare arm
 * @returns the solids in centimetres, in the order in which they have to be drawn: a solid only runs into earlier ones
 */
export function fleshOf(skeleton: Skeleton, sleeveFrom: number): Solid[] {
  return [
    ...armSolids(skeleton, sleeveFrom),
    ...palmSolids(skeleton),
    ...digitSolids(skeleton.thumb, PART.thumb, bit(PART.palm) | bit(PART.arm), 1.4),
    ...FINGERS.flatMap((name, i) => digitSolids(skeleton.fingers[name], PART.fingers + 3 * i, bit(PART.palm), 0.5)),
  ];
}

function armSolids({ wrist, elbow }: Skeleton, sleeveFrom: number): Solid[] {
  const looks = { blend: 0, palmar: PALM_SIDE, blush: [0, 0], crease: false, nail: false } as const;
  const solids: Solid[] = [];
  if (sleeveFrom < 1) {
    const cuff = [0, 1].map((side) => {
      const ball = ballBetween(wrist[side] as Ball, elbow[side] as Ball, sleeveFrom);
      return { at: ball.at, radius: ball.radius + 0.7 };
    }) as [Ball, Ball];
    const end = elbow.map((ball) => ({ at: ball.at, radius: ball.radius + 1.6 })) as [Ball, Ball];
    solids.push(...slab(cuff, end, { ...looks, part: PART.sleeve, joins: bit(PART.sleeve) }));
  }
  solids.push(...slab(wrist, elbow, { ...looks, part: PART.arm, joins: bit(PART.arm) }));
  return solids;
}

/** A flat limb: the hull of four balls, as two triangles. */
function slab(near: readonly [Ball, Ball], far: readonly [Ball, Ball], looks: Omit<Solid, "balls">): Solid[] {
  return [
    { ...looks, balls: [near[0], near[1], far[0]] },
    { ...looks, balls: [near[1], far[0], far[1]] },
  ];
}

function palmSolids(skeleton: Skeleton): Solid[] {
  const { wrist, thumb, fingers } = skeleton;
  const looks = {
    part: PART.palm,
    joins: bit(PART.palm) | bit(PART.arm),
    blend: 0,
    palmar: PALM_SIDE,
    blush: [0.15, 0.5],
    crease: false,
    nail: false,
  } as const;
  const soft = { blend: 1.1 };
  const knuckles = FINGERS.map((name) => {
    const [knuckle] = fingers[name].joints;
    return { at: add(knuckle.at, [0, -0.1, 0]), radius: knuckle.radius * 1.08 };
  });
  const [index, middle, ring, pinky] = knuckles as [Ball, Ball, Ball, Ball];
  const [thumbSide, littleSide] = wrist;
  const heel: Ball = { at: add(littleSide.at, [-0.35, 2.2, 0.35]), radius: 1.45 };
  const ball: Ball = { at: between(thumb.joints[0].at, thumb.joints[1].at, 0.25), radius: thumb.joints[0].radius };
  const webEdge: Ball = { at: between(thumb.joints[0].at, thumb.joints[1].at, 0.85), radius: 0.75 };
  const webRoot: Ball = { at: between(index.at, thumbSide.at, 0.25), radius: 0.8 };
  return [
    { ...looks, balls: [thumbSide, littleSide, index] },
    { ...looks, balls: [littleSide, index, middle] },
    { ...looks, balls: [littleSide, middle, ring] },
    { ...looks, balls: [littleSide, ring, pinky] },
    { ...looks, ...soft, balls: [littleSide, heel, pinky] },
    { ...looks, ...soft, balls: [thumbSide, ball] },
    { ...looks, ...soft, balls: [ball, webEdge, webRoot] },
    ...webs(skeleton, { ...looks, ...soft }),
  ];
}

/** The skin between neighbouring fingers, which makes the palm longer than its bones. */
function webs({ fingers }: Skeleton, looks: Omit<Solid, "balls">): Solid[] {
  return [0, 1, 2].map((i) => {
    const a = fingers[FINGERS[i] as "index"];
    const b = fingers[FINGERS[i + 1] as "index"];
    const reach = between(a.joints[1].at, b.joints[1].at, 0.5);
    const root = between(a.joints[0].at, b.joints[0].at, 0.5);
    // Fingers bent differently pull the web back: it reaches as far as both agree in direction.
    const agree = dot(unit(add(a.joints[1].at, a.joints[0].at, -1)), unit(add(b.joints[1].at, b.joints[0].at, -1)));
    const edge: Ball = { at: between(root, reach, 0.36 * Math.max(0, agree)), radius: 0.62 };
    return { ...looks, balls: [a.joints[0], b.joints[0], edge] };
  });
}

function digitSolids(bones: FingerBones, first: number, root: number, blend: number): Solid[] {
  return [0, 1, 2].map((i) => {
    const from = bones.joints[i] as Ball;
    const to = bones.joints[i + 1] as Ball;
    return {
      balls: [from, to],
      part: first + i,
      joins: i === 0 ? root : bit(first + i - 1),
      blend: i === 0 ? blend : 0.25,
      palmar: bones.palmar[i] as Vector,
      blush: [[0.35, 0.25, 0.35][i] ?? 0, [0.25, 0.35, 0.9][i] ?? 0],
      crease: i > 0,
      nail: i === 2,
    };
  });
}

function ballBetween(a: Ball, b: Ball, t: number): Ball {
  return { at: between(a.at, b.at, t), radius: mix(a.radius, b.radius, t) };
}
