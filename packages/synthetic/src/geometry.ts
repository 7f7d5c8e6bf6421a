/** A point or direction: x to the viewer's right, y up, z towards the viewer. */
export type Vector = readonly [x: number, y: number, z: number];

/** A rotation, as the images of the three axes (columns). */
export type Rotation = readonly [x: Vector, y: Vector, z: Vector];

/** A sphere: the centre and the radius, in one unit. */
export interface Ball {
  readonly at: Vector;
  readonly radius: number;
}

/** Degrees as radians. */
export function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

/** The number between two: `a` at t = 0, `b` at 1. */
export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** The nearest number to `value` within the range. */
export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

/** 0 below `low`, 1 above `high`, and smooth between (the usual cubic). */
export function smoothstep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

/** `a` and `scale` times `b`. */
export function add(a: Vector, b: Vector, scale = 1): Vector {
  return [a[0] + b[0] * scale, a[1] + b[1] * scale, a[2] + b[2] * scale];
}

/** The point between two: `a` at t = 0, `b` at 1. */
export function between(a: Vector, b: Vector, t: number): Vector {
  return [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)];
}

/** The scalar product. */
export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** The vector product: perpendicular to both, right-handed. */
export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** The length of a vector, in its own unit. */
export function length(a: Vector): number {
  return Math.hypot(a[0], a[1], a[2]);
}

/** The direction of `a`; a zero vector stays zero. */
export function unit(a: Vector): Vector {
  const size = length(a) || 1;
  return [a[0] / size, a[1] / size, a[2] / size];
}

/** The unit direction between two perpendicular unit vectors: `from` at 0 degrees, `to` at 90. */
export function bend(from: Vector, to: Vector, degrees: number): Vector {
  const c = Math.cos(radians(degrees));
  const s = Math.sin(radians(degrees));
  return [from[0] * c + to[0] * s, from[1] * c + to[1] * s, from[2] * c + to[2] * s];
}

/** Turns a vector by a rotation. */
export function rotate(rotation: Rotation, v: Vector): Vector {
  const [x, y, z] = rotation;
  return [
    x[0] * v[0] + y[0] * v[1] + z[0] * v[2],
    x[1] * v[0] + y[1] * v[1] + z[1] * v[2],
    x[2] * v[0] + y[2] * v[1] + z[2] * v[2],
  ];
}

/** Turns a vector back: the inverse of `rotate`. */
export function unrotate(rotation: Rotation, v: Vector): Vector {
  return [dot(rotation[0], v), dot(rotation[1], v), dot(rotation[2], v)];
}

/** The rotation that first does `inner`, then `outer`. */
export function compose(outer: Rotation, inner: Rotation): Rotation {
  return [rotate(outer, inner[0]), rotate(outer, inner[1]), rotate(outer, inner[2])];
}

/**
 * First yaw about the y axis, then pitch about the x axis, then roll about the z axis, in degrees.
 * Positive yaw turns what faces the viewer to the viewer's right, positive pitch tips the top towards the viewer,
 * positive roll turns anticlockwise as seen.
 */
export function orientation(yaw: number, pitch: number, roll: number): Rotation {
  const [cy, sy] = [Math.cos(radians(yaw)), Math.sin(radians(yaw))];
  const [cp, sp] = [Math.cos(radians(pitch)), Math.sin(radians(pitch))];
  const [cr, sr] = [Math.cos(radians(roll)), Math.sin(radians(roll))];
  const yawed: Rotation = [
    [cy, 0, -sy],
    [0, 1, 0],
    [sy, 0, cy],
  ];
  const pitched: Rotation = [
    [1, 0, 0],
    [0, cp, sp],
    [0, -sp, cp],
  ];
  const rolled: Rotation = [
    [cr, sr, 0],
    [-sr, cr, 0],
    [0, 0, 1],
  ];
  return compose(rolled, compose(pitched, yawed));
}
