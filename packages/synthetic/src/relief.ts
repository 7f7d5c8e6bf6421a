import type { Solid } from "./flesh.ts";
import { add, type Ball, clamp, cross, dot, length, type Vector } from "./geometry.ts";

/**
 * A window of the picture in which, for every pixel, the nearest surface is known. Positions are pixels of the
 * picture, y down; depths are pixels towards the viewer; normals have y up.
 */
export interface Relief {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly depth: Float32Array;
  readonly normalX: Float32Array;
  readonly normalY: Float32Array;
  /** 1 where the skin faces as the palm does, 0 sideways and on the back. */
  readonly palmar: Float32Array;
  readonly blush: Float32Array;
  /** Brightness of creases, 1 where there is none. */
  readonly crease: Float32Array;
  readonly nail: Float32Array;
  /** How much of the pixel is covered, 0..1. */
  readonly cover: Float32Array;
  /** The part (see PART) in front. */
  readonly part: Uint8Array;
}

const FAR = -1e9;

/** Draws solids, whose balls are given in pixels (y up, the origin at the picture's top left), into a depth map. */
export function reliefOf(solids: readonly Solid[], width: number, height: number): Relief {
  const relief = emptyRelief(boundsOf(solids, width, height));
  const surface = emptySurface(relief.width * relief.height);
  for (const solid of solids) {
    // Half a pixel more all around, so that the edge pixels know how much of them is covered.
    const balls = solid.balls.map((ball) => ({ at: ball.at, radius: ball.radius + 0.5 }));
    const [a, b, c] = balls as [Ball, Ball, Ball?];
    const box = pixelBox(relief, balls);
    const window = { ...box, relief, surface };
    drawCone(window, a, b, 0, c ? 0.5 : 1);
    if (c) {
      drawCone(window, b, c, 0.5, 1);
      drawCone(window, c, a, 1, 0);
      drawFacet(window, [a, b, c]);
    }
    lay(window, solid, Math.hypot(...add(b.at, a.at, -1)));
  }
  return relief;
}

interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function boundsOf(solids: readonly Solid[], width: number, height: number): Bounds {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const { balls } of solids) {
    for (const { at, radius } of balls) {
      left = Math.min(left, at[0] - radius - 2);
      right = Math.max(right, at[0] + radius + 2);
      top = Math.min(top, -at[1] - radius - 2);
      bottom = Math.max(bottom, -at[1] + radius + 2);
    }
  }
  left = clamp(Math.floor(left), 0, width);
  top = clamp(Math.floor(top), 0, height);
  return {
    left,
    top,
    width: clamp(Math.ceil(right), left, width) - left,
    height: clamp(Math.ceil(bottom), top, height) - top,
  };
}

function emptyRelief(bounds: Bounds): Relief {
  const size = bounds.width * bounds.height;
  return {
    ...bounds,
    depth: new Float32Array(size).fill(FAR),
    normalX: new Float32Array(size),
    normalY: new Float32Array(size),
    palmar: new Float32Array(size),
    blush: new Float32Array(size),
    crease: new Float32Array(size).fill(1),
    nail: new Float32Array(size),
    cover: new Float32Array(size),
    part: new Uint8Array(size),
  };
}

/** The surface of the solid being drawn, before it meets the others. */
interface Surface {
  readonly depth: Float32Array;
  readonly normalX: Float32Array;
  readonly normalY: Float32Array;
  readonly radius: Float32Array;
  /** How far along the solid, 0 at its first ball and 1 at its last. */
  readonly along: Float32Array;
}

/** The part of the relief that one solid may touch: columns and rows of the relief, the ends excluded. */
interface Window {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly relief: Relief;
  readonly surface: Surface;
}

function emptySurface(size: number): Surface {
  return {
    depth: new Float32Array(size).fill(FAR),
    normalX: new Float32Array(size),
    normalY: new Float32Array(size),
    radius: new Float32Array(size),
    along: new Float32Array(size),
  };
}

/**
 * The hull of two balls, seen along z. A pixel at distance d from the centre line point c(t) sees the ball of
 * radius r(t) at depth z(t) + sqrt(q(t)) with q = r(t)^2 - d^2, a quadratic in t; where it is nearest, the derivative
 * is zero, which is a quadratic again.
 */
function drawCone({ relief, surface }: Window, a: Ball, b: Ball, start: number, end: number): void {
  const box = pixelBox(relief, [a, b]);
  const [dx, dy, dz] = add(b.at, a.at, -1);
  const dr = b.radius - a.radius;
  const qa = dr * dr - dx * dx - dy * dy;
  const slope = dz * dz - qa;
  // One ball inside the other: the hull is the larger ball.
  const degenerate = slope <= 1e-9;
  for (let row = box.top; row < box.bottom; row++) {
    const py = -(row + relief.top + 0.5) - a.at[1];
    for (let column = box.left; column < box.right; column++) {
      const px = column + relief.left + 0.5 - a.at[0];
      const qb = a.radius * dr + px * dx + py * dy;
      const qc = a.radius * a.radius - px * px - py * py;
      let t = dr > 0 ? 1 : 0;
      let q = -1;
      const discriminant = qb * qb - qa * qc;
      if (degenerate) {
        q = qa * t * t + 2 * qb * t + qc;
      } else if (discriminant >= 0 && Math.abs(qa) > 1e-6) {
        t = (-dz * Math.sqrt(discriminant / slope) - qb) / qa;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        q = qa * t * t + 2 * qb * t + qc;
      }
      // Seen nearly end on, an end may be nearer than the stationary point.
      if (qa > -1e-6) {
        const qEnd = qa + 2 * qb + qc;
        const nearest = q >= 0 ? t * dz + Math.sqrt(q) : FAR;
        if (qc >= 0 && Math.sqrt(qc) > nearest) [t, q] = [0, qc];
        if (qEnd >= 0 && dz + Math.sqrt(qEnd) > Math.max(nearest, qc >= 0 ? Math.sqrt(qc) : FAR)) [t, q] = [1, qEnd];
      }
      if (q < 0) continue;
      const z = a.at[2] + t * dz + Math.sqrt(q);
      const at = row * relief.width + column;
      if (z <= (surface.depth[at] ?? FAR)) continue;
      const radius = a.radius + t * dr;
      surface.depth[at] = z;
      surface.normalX[at] = (px - t * dx) / radius;
      surface.normalY[at] = (py - t * dy) / radius;
      surface.radius[at] = radius;
      surface.along[at] = start + t * (end - start);
    }
  }
}

/** The flat face between three balls: the plane that touches all of them on the viewer's side. */
function drawFacet({ relief, surface, ...box }: Window, balls: readonly [Ball, Ball, Ball]): void {
  const normal = tangentNormal(balls);
  if (!normal) return;
  const [p0, p1, p2] = balls.map((ball) => add(ball.at, normal, ball.radius)) as [Vector, Vector, Vector];
  const area = (p1[0] - p0[0]) * (p2[1] - p0[1]) - (p2[0] - p0[0]) * (p1[1] - p0[1]);
  if (Math.abs(area) < 1e-6) return;
  for (let row = box.top; row < box.bottom; row++) {
    const py = -(row + relief.top + 0.5);
    for (let column = box.left; column < box.right; column++) {
      const px = column + relief.left + 0.5;
      const u = ((px - p0[0]) * (p2[1] - p0[1]) - (p2[0] - p0[0]) * (py - p0[1])) / area;
      const v = ((p1[0] - p0[0]) * (py - p0[1]) - (px - p0[0]) * (p1[1] - p0[1])) / area;
      if (u < 0 || v < 0 || u + v > 1) continue;
      const z = p0[2] + u * (p1[2] - p0[2]) + v * (p2[2] - p0[2]);
      const at = row * relief.width + column;
      if (z <= (surface.depth[at] ?? FAR)) continue;
      surface.depth[at] = z;
      surface.normalX[at] = normal[0];
      surface.normalY[at] = normal[1];
      surface.radius[at] = balls[0].radius;
      surface.along[at] = 0.5 * u + v;
    }
  }
}

/** The unit normal n, facing the viewer, with n . (c1 - c0) = r0 - r1 and n . (c2 - c0) = r0 - r2. */
function tangentNormal([a, b, c]: readonly [Ball, Ball, Ball]): Vector | undefined {
  const u = add(b.at, a.at, -1);
  const v = add(c.at, a.at, -1);
  const w = cross(u, v);
  const square = dot(w, w);
  if (square < 1e-9) return undefined;
  const towardsB = add([0, 0, 0], cross(v, w), (a.radius - b.radius) / square);
  const inPlane = add(towardsB, cross(w, u), (a.radius - c.radius) / square);
  const rest = 1 - dot(inPlane, inPlane);
  if (rest <= 0) return undefined;
  return add(inPlane, w, (Math.sign(w[2]) * Math.sqrt(rest)) / length(w));
}

/**
 * Lays the surface of one solid over the relief: what is in front wins, and where two parts belong together they run
 * into one another (a smooth maximum over `solid.blend`). Clears the surface for the next solid.
 */
function lay({ relief, surface, ...box }: Window, solid: Solid, span: number): void {
  const { blend, palmar } = solid;
  const friends = solid.joins | (1 << solid.part);
  for (let row = box.top; row < box.bottom; row++) {
    for (let at = row * relief.width + box.left; at < row * relief.width + box.right; at++) {
      const z = surface.depth[at] ?? FAR;
      if (z === FAR) continue;
      surface.depth[at] = FAR;
      const nx = surface.normalX[at] ?? 0;
      const ny = surface.normalY[at] ?? 0;
      const radius = surface.radius[at] ?? 1;
      const flat = Math.min(1, nx * nx + ny * ny);
      const edge = radius * (1 - Math.sqrt(flat));
      if (edge > (relief.cover[at] ?? 0)) relief.cover[at] = edge > 1 ? 1 : edge;

      const apart = z - (relief.depth[at] ?? FAR);
      if (apart <= -blend) continue;
      const joined = apart < blend && ((1 << (relief.part[at] ?? 0)) & friends) !== 0;
      if (!joined && apart <= 0) continue;
      const facing = nx * palmar[0] + ny * palmar[1] + Math.sqrt(1 - flat) * palmar[2];
      const share = joined ? 0.5 + (0.5 * apart) / blend : 1;
      mingle(relief.normalX, at, nx, share);
      mingle(relief.normalY, at, ny, share);
      mingle(relief.palmar, at, facing > 0 ? facing : 0, share);
      const along = surface.along[at] ?? 0;
      mingle(relief.blush, at, solid.blush[0] + along * (solid.blush[1] - solid.blush[0]), share);
      relief.depth[at] = joined ? z - apart * (1 - share) + blend * share * (1 - share) : z;
      if (share < 0.5) continue;
      relief.part[at] = solid.part;
      relief.crease[at] = solid.crease ? creaseAt((along * span) / (0.1 * radius), facing) : 1;
      relief.nail[at] = solid.nail ? nailAt(along, facing) : 0;
    }
  }
}

function mingle(map: Float32Array, at: number, value: number, share: number): void {
  map[at] = share === 1 ? value : (map[at] ?? 0) * (1 - share) + value * share;
}

/** A crease across the palm side of a joint, and the fainter wrinkles on its back. */
function creaseAt(distance: number, facing: number): number {
  const fold = 1 / (1 + distance * distance);
  return 1 - fold * (facing > 0 ? 0.35 * facing : -0.12 * facing);
}

/** The nail: on the back of the last bone, towards the tip. */
function nailAt(along: number, facing: number): number {
  if (along < 0.45 || facing > -0.6) return 0;
  return clamp((-facing - 0.6) * 10, 0, 1) * clamp((along - 0.45) * 10, 0, 1);
}

function pixelBox(relief: Relief, balls: readonly Ball[]) {
  let [left, top, right, bottom] = [relief.width, relief.height, 0, 0];
  for (const { at, radius } of balls) {
    left = Math.min(left, at[0] - radius - relief.left);
    right = Math.max(right, at[0] + radius - relief.left);
    top = Math.min(top, -at[1] - radius - relief.top);
    bottom = Math.max(bottom, -at[1] + radius - relief.top);
  }
  return {
    left: clamp(Math.floor(left), 0, relief.width),
    right: clamp(Math.ceil(right), 0, relief.width),
    top: clamp(Math.floor(top), 0, relief.height),
    bottom: clamp(Math.ceil(bottom), 0, relief.height),
  };
}
