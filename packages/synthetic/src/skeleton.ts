import { add, type Ball, bend, cross, dot, mix, unit, type Vector } from "./geometry.ts";

/** Joint angles of a finger in degrees: three flexions (0 is straight, positive into the palm) and the spread at its root. */
export interface FingerAngles {
  readonly mcp: number;
  readonly pip: number;
  readonly dip: number;
  /** Sideways at the knuckle, positive towards the thumb. */
  readonly spread: number;
}

/** Joint angles of the thumb in degrees. */
export interface ThumbAngles {
  /** Abduction in the plane of the palm: 0 lies along the index finger, 90 points straight out to the side. */
  readonly out: number;
  /** Opposition: how far its metacarpal stands out in front of the palm. */
  readonly front: number;
  /** The plane in which it flexes: 0 sweeps across in front of the palm, -90 presses into it. */
  readonly roll: number;
  readonly mcp: number;
  readonly ip: number;
}

/**
 * A hand posed by its joints, all angles in degrees. A right hand; at `turn` zero its palm faces the viewer, the
 * fingers point up and the thumb is at the viewer's right.
 */
export interface HandPose {
  readonly thumb: ThumbAngles;
  readonly index: FingerAngles;
  readonly middle: FingerAngles;
  readonly ring: FingerAngles;
  readonly pinky: FingerAngles;
  /** The forearm against the hand: `flex` bends it to the palm side, `side` towards the little finger. */
  readonly wrist: { readonly flex: number; readonly side: number };
  /** How the hand is held: see `orientation` in geometry.ts for the order and the signs. */
  readonly turn: { readonly yaw: number; readonly pitch: number; readonly roll: number };
  /** Where the hand is: 0 in the middle of the region of interest, 1 one region height lower. */
  readonly place: { readonly drop: number };
}

/** The fingers but the thumb, from its side on: the order in which neighbours share a web. */
export const FINGERS = ["index", "middle", "ring", "pinky"] as const;
export type FingerName = (typeof FINGERS)[number];

/** Proportions of a hand against the average one; 1 is average. */
export interface HandShape {
  readonly fingerLength: number;
  readonly fingerThickness: number;
  readonly thumbLength: number;
  readonly palmWidth: number;
  readonly palmLength: number;
}

/** The joints of one finger from the knuckle to the tip, and for each bone the direction its pad faces. */
export interface FingerBones {
  readonly joints: readonly [Ball, Ball, Ball, Ball];
  readonly palmar: readonly [Vector, Vector, Vector];
}

/** A hand in space, in centimetres, the wrist at the origin and the palm facing +z. */
export interface Skeleton {
  readonly thumb: FingerBones;
  readonly fingers: Readonly<Record<FingerName, FingerBones>>;
  /** The two sides of the wrist, thumb side first. */
  readonly wrist: readonly [Ball, Ball];
  /** The two sides of the forearm's far end, thumb side first. */
  readonly elbow: readonly [Ball, Ball];
}

interface FingerBuild {
  readonly root: Vector;
  readonly lean: number;
  readonly bones: readonly [number, number, number];
  readonly radii: readonly [number, number, number, number];
}

// An average adult hand in centimetres: the proportions of bones and joint breadths follow the usual hand
// anthropometry tables (stature of a hand about 18.5 cm, breadth about 8.5 cm), rounded by eye.
const BUILD: Readonly<Record<FingerName, FingerBuild>> = {
  index: { root: [2.5, 9.0, 0], lean: 2, bones: [4.3, 2.5, 1.85], radii: [1.1, 1.02, 0.91, 0.74] },
  middle: { root: [0.4, 9.3, -0.2], lean: 0, bones: [4.7, 2.9, 1.95], radii: [1.12, 1.04, 0.93, 0.76] },
  ring: { root: [-1.65, 8.8, -0.1], lean: -2, bones: [4.4, 2.75, 1.95], radii: [1.08, 0.99, 0.88, 0.72] },
  pinky: { root: [-3.45, 7.8, 0.2], lean: -5, bones: [3.4, 1.9, 1.7], radii: [1.0, 0.88, 0.77, 0.64] },
};
const THUMB = {
  root: [1.9, 1.7, 0.6] as Vector,
  bones: [4.5, 3.4, 2.3] as const,
  radii: [1.6, 1.22, 1.1, 0.82] as const,
};
const WRIST = { x: [1.25, -1.55] as const, radius: 1.6 };
const FOREARM = { length: 30, x: [1.7, -1.7] as const, radius: 2.5 };

/** Forward kinematics: from joint angles to the places of the joints, in centimetres. */
export function skeletonOf(pose: HandPose, shape: HandShape): Skeleton {
  return {
    thumb: thumbBones(pose.thumb, shape),
    fingers: {
      index: fingerBones("index", pose.index, shape),
      middle: fingerBones("middle", pose.middle, shape),
      ring: fingerBones("ring", pose.ring, shape),
      pinky: fingerBones("pinky", pose.pinky, shape),
    },
    wrist: [wristBall(0, shape), wristBall(1, shape)],
    elbow: [elbowBall(0, pose, shape), elbowBall(1, pose, shape)],
  };
}

function fingerBones(name: FingerName, angles: FingerAngles, shape: HandShape): FingerBones {
  const { root, lean, bones, radii } = BUILD[name];
  const along = bend([0, 1, 0], [1, 0, 0], lean + angles.spread);
  return chain(
    [root[0] * shape.palmWidth, root[1] * shape.palmLength, root[2]],
    along,
    [0, 0, 1],
    [angles.mcp, angles.pip, angles.dip],
    bones.map((bone) => bone * shape.fingerLength),
    radii.map((radius) => radius * shape.fingerThickness),
  );
}

function thumbBones(angles: ThumbAngles, shape: HandShape): FingerBones {
  const { root, bones, radii } = THUMB;
  const along = bend(bend([0, 1, 0], [1, 0, 0], angles.out), [0, 0, 1], angles.front);
  const across: Vector = [-1, 0, 0];
  const inward = unit(add(across, along, -dot(across, along)));
  const pad = bend(inward, cross(along, inward), angles.roll);
  return chain(
    [root[0] * shape.palmWidth, root[1] * shape.palmLength, root[2]],
    along,
    pad,
    [0, angles.mcp, angles.ip],
    bones.map((bone) => bone * shape.thumbLength),
    radii.map((radius) => radius * shape.fingerThickness),
  );
}

/** Lays three bones end to end, each flexed against the one before in the plane of `along` and `pad`. */
function chain(
  root: Vector,
  along: Vector,
  pad: Vector,
  flexions: readonly [number, number, number],
  bones: readonly number[],
  radii: readonly number[],
): FingerBones {
  const joints: Ball[] = [{ at: root, radius: radii[0] ?? 0 }];
  const palmar: Vector[] = [];
  let at = root;
  let total = 0;
  for (let i = 0; i < 3; i++) {
    total += flexions[i] ?? 0;
    at = add(at, bend(along, pad, total), bones[i]);
    joints.push({ at, radius: radii[i + 1] ?? 0 });
    palmar.push(bend(pad, [-along[0], -along[1], -along[2]], total));
  }
  return { joints: joints as [Ball, Ball, Ball, Ball], palmar: palmar as [Vector, Vector, Vector] };
}

function wristBall(side: 0 | 1, shape: HandShape): Ball {
  const girth = mix(1, shape.palmWidth, 0.7);
  return { at: [WRIST.x[side] * girth, 0.2, 0], radius: WRIST.radius * girth };
}

function elbowBall(side: 0 | 1, pose: HandPose, shape: HandShape): Ball {
  const down = bend([0, -1, 0], [-1, 0, 0], pose.wrist.side);
  const away = bend(down, [0, 0, 1], pose.wrist.flex);
  const across = bend([1, 0, 0], [0, -1, 0], pose.wrist.side);
  const girth = mix(1, shape.palmWidth, 0.7);
  const centre = add([-0.15, 0, 0], away, FOREARM.length);
  return { at: add(centre, across, FOREARM.x[side] * girth), radius: FOREARM.radius * girth };
}
