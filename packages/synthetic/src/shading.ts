import { PART } from "./flesh.ts";
import { clamp, type Rotation, radians, smoothstep, unit, unrotate, type Vector } from "./geometry.ts";
import type { Relief } from "./relief.ts";
import type { Colour, HandStyle } from "./style.ts";

/** How the hand lies in the picture: pixels a centimetre, where its wrist is (pixels, y up), and how it is turned. */
export interface Placement {
  readonly scale: number;
  readonly wrist: Vector;
  readonly turn: Rotation;
  readonly mirror: boolean;
}

/**
 * Colours a relief and lays it over a picture.
 *
 * Direct light with a soft shadow found by marching through the depth map, an ambient part dimmed where neighbouring
 * surfaces stand in front (screen-space ambient occlusion), and a dark line where the depth jumps, so that fingers in
 * front of one another stay apart.
 *
 * @param data RGB bytes of the picture, changed in place
 */
export function shade(data: Uint8Array, pictureWidth: number, relief: Relief, style: HandStyle, at: Placement): void {
  const light = lightDirection(style.light);
  const occlusion = occlusionOf(relief, at.scale);
  const shadow = shadowOf(relief, light, at.scale);
  const lines = palmLines(relief, at);
  const tones = linearTones(style);
  const pixel: [number, number, number] = [0, 0, 0];
  for (let row = 0; row < relief.height; row++) {
    for (let column = 0; column < relief.width; column++) {
      const i = row * relief.width + column;
      const cover = relief.cover[i] ?? 0;
      if (cover === 0 || relief.part[i] === PART.nothing) continue;
      albedo(pixel, relief, i, tones, lines[i] ?? 1);
      illuminate(pixel, relief, i, light, occlusion[i] ?? 1, shadow[i] ?? 1, tones);
      const to = 3 * ((row + relief.top) * pictureWidth + column + relief.left);
      for (let channel = 0; channel < 3; channel++) {
        const old = data[to + channel] ?? 0;
        data[to + channel] = old + (encode(pixel[channel] ?? 0) - old) * cover;
      }
    }
  }
}

interface Tones {
  readonly back: Colour;
  readonly palm: Colour;
  readonly nail: Colour;
  readonly sleeve: Colour;
  readonly sun: Colour;
  readonly ambient: number;
}

function linearTones({ skin, sleeve, light }: HandStyle): Tones {
  const sun = linear(light.colour).map((part) => part * light.strength) as [number, number, number];
  return {
    back: linear(skin.back),
    palm: linear(skin.palm),
    nail: linear(skin.nail),
    sleeve: linear(sleeve.colour),
    sun,
    ambient: light.ambient,
  };
}

function lightDirection({ azimuth, elevation }: HandStyle["light"]): Vector {
  const [a, e] = [radians(azimuth), radians(elevation)];
  // Never fully from above: a room's walls throw light back on what faces the camera.
  return unit([Math.sin(a) * Math.cos(e), Math.sin(e), Math.cos(a) * Math.cos(e) + 0.35]);
}

function albedo(pixel: [number, number, number], relief: Relief, i: number, tones: Tones, line: number): void {
  if (relief.part[i] === PART.sleeve) {
    [pixel[0], pixel[1], pixel[2]] = tones.sleeve;
    return;
  }
  const palm = smoothstep(0, 0.55, relief.palmar[i] ?? 0);
  const nail = 0.7 * (relief.nail[i] ?? 0);
  const blush = relief.blush[i] ?? 0;
  const fold = (relief.crease[i] ?? 1) * line;
  for (let channel = 0; channel < 3; channel++) {
    const back = tones.back[channel] ?? 0;
    const skin = back + ((tones.palm[channel] ?? 0) - back) * palm;
    pixel[channel] = skin + ((tones.nail[channel] ?? 0) - skin) * nail;
  }
  // Blood shows through at the fingertips and in folds: green and blue are lost first.
  pixel[0] *= 1 - 0.6 * (1 - fold);
  pixel[1] *= (1 - 0.16 * blush) * fold;
  pixel[2] *= (1 - 0.14 * blush) * fold;
}

function illuminate(
  pixel: [number, number, number],
  relief: Relief,
  i: number,
  light: Vector,
  open: number,
  shadow: number,
  tones: Tones,
): void {
  const nx = relief.normalX[i] ?? 0;
  const ny = relief.normalY[i] ?? 0;
  const nz = Math.sqrt(Math.max(0, 1 - nx * nx - ny * ny));
  const facing = nx * light[0] + ny * light[1] + nz * light[2];
  const sky = tones.ambient * (0.8 + 0.2 * ny) * (0.75 + 0.25 * nz) * open;
  // Light wraps around skin, red the furthest.
  for (let channel = 0; channel < 3; channel++) {
    const wrap = channel === 0 ? 0.35 : channel === 1 ? 0.22 : 0.18;
    const direct = Math.max(0, (facing + wrap) / (1 + wrap)) * shadow * (0.4 + 0.6 * open);
    pixel[channel] =
      (pixel[channel] ?? 0) * (0.72 * (tones.sun[channel] ?? 0) * direct + sky * (channel === 0 ? 1.04 : 0.98));
  }
  const halfway = nx * light[0] * 0.55 + ny * light[1] * 0.55 + nz * (0.55 * light[2] + 0.55);
  const tight = halfway > 0.5 ? halfway * halfway * halfway : 0;
  const gloss = 0.035 * tight * tight * tight * tight * tight * tight * shadow;
  pixel[0] += gloss;
  pixel[1] += gloss;
  pixel[2] += gloss;
}

/** Directions and radii (centimetres) of the neighbours that are asked whether they stand in the way. */
const RING = Array.from({ length: 12 }, (_, k) => {
  const angle = (k * 5 * Math.PI) / 12 + 0.3;
  const radius = k % 2 === 0 ? 0.35 : 0.95;
  return { x: Math.cos(angle) * radius, y: Math.sin(angle) * radius, radius };
});

/** For every pixel, 1 where it is open to the room and less where it lies in a crease or just behind an edge. */
function occlusionOf(relief: Relief, scale: number): Float32Array {
  const { width, height, depth, part } = relief;
  const open = new Float32Array(width * height).fill(1);
  const steps = RING.map(({ x, y, radius }) => ({
    x: Math.round(x * scale),
    y: Math.round(y * scale),
    reach: 1 / (radius * scale),
  }));
  const line = Math.max(1, Math.round(0.09 * scale));
  const jump = 0.22 * scale;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (part[i] === PART.nothing) continue;
      const z = depth[i] ?? 0;
      let blocked = 0;
      for (const step of steps) {
        const sx = x + step.x;
        const sy = y + step.y;
        if (sx < 0 || sy < 0 || sx >= width || sy >= height) continue;
        const rise = ((depth[sy * width + sx] ?? 0) - z) * step.reach - 0.12;
        // Far in front means another finger passing by, which shades less than a wall that touches.
        if (rise > 0) blocked += rise < 1 ? rise : rise < 3 ? 1 : 3 / rise;
      }
      const dim = 1 - 0.75 * (blocked / steps.length);
      open[i] = dim * dim * (isBehindEdge(relief, x, y, line, jump) ? 0.55 : 1);
    }
  }
  return open;
}

/** Whether a neighbour `reach` pixels away is nearer to the viewer by more than `jump`. */
function isBehindEdge({ width, height, depth }: Relief, x: number, y: number, reach: number, jump: number): boolean {
  const i = y * width + x;
  const limit = (depth[i] ?? 0) + jump;
  return (
    (x >= reach && (depth[i - reach] ?? 0) > limit) ||
    (x + reach < width && (depth[i + reach] ?? 0) > limit) ||
    (y >= reach && (depth[i - reach * width] ?? 0) > limit) ||
    (y + reach < height && (depth[i + reach * width] ?? 0) > limit)
  );
}

const SHADOW_STEPS = 10;

/** For every pixel, how much of the lamp it sees: marches towards the light and asks what stands in between. */
function shadowOf(relief: Relief, light: Vector, scale: number): Float32Array {
  const { width, height, depth, part } = relief;
  const lit = new Float32Array(width * height).fill(1);
  const stride = (3.2 * scale) / SHADOW_STEPS;
  const [dx, dy, dz] = [light[0] * stride, -light[1] * stride, light[2] * stride];
  const soft = 1 / (0.5 * scale);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (part[i] === PART.nothing) continue;
      const z = (depth[i] ?? 0) + 0.12 * scale;
      let worst = 0;
      for (let step = 1; step <= SHADOW_STEPS; step++) {
        const sx = Math.round(x + dx * step);
        const sy = Math.round(y + dy * step);
        if (sx < 0 || sy < 0 || sx >= width || sy >= height) break;
        const above = (depth[sy * width + sx] ?? 0) - (z + dz * step);
        // Something far in front is a finger with air behind it: its thickness is limited.
        if (above > worst && above < 2.4 * scale) worst = above;
      }
      lit[i] = 1 - 0.7 * clamp(worst * soft, 0, 1);
    }
  }
  return smoothed(lit, width, height);
}

/** The mean of every pixel and its four neighbours: takes the steps out of the shadows' edges. */
function smoothed(map: Float32Array, width: number, height: number): Float32Array {
  const out = map.slice();
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const beside = (map[i - 1] ?? 0) + (map[i + 1] ?? 0) + (map[i - width] ?? 0) + (map[i + width] ?? 0);
      out[i] = 0.2 * ((map[i] ?? 0) + beside);
    }
  }
  return out;
}

/** The three main lines of the palm, in centimetres of the average hand seen from its palm. */
const PALM_LINES: readonly (readonly Vector[])[] = [
  [
    [-4.1, 6.0, 0],
    [-2.2, 6.3, 0],
    [0, 7.1, 0],
    [1.3, 8.3, 0],
  ],
  [
    [3.0, 6.3, 0],
    [1.0, 5.9, 0],
    [-1.2, 5.0, 0],
    [-3.2, 3.9, 0],
  ],
  [
    [3.0, 6.2, 0],
    [1.5, 5.3, 0],
    [0.4, 3.8, 0],
    [0.1, 1.8, 0],
  ],
];

/** Brightness of the lines across the palm, 1 off them. */
function palmLines(relief: Relief, { scale, wrist, turn, mirror }: Placement): Float32Array {
  const faint = new Float32Array(relief.width * relief.height).fill(1);
  for (let row = 0; row < relief.height; row++) {
    for (let column = 0; column < relief.width; column++) {
      const i = row * relief.width + column;
      if (relief.part[i] !== PART.palm && relief.part[i] !== PART.thumb) continue;
      const palm = relief.palmar[i] ?? 0;
      if (palm < 0.5) continue;
      const dx = column + relief.left + 0.5 - wrist[0];
      const seen: Vector = [mirror ? -dx : dx, -(row + relief.top + 0.5) - wrist[1], (relief.depth[i] ?? 0) - wrist[2]];
      const [x, y] = unrotate(turn, seen);
      const distance = distanceToLines(x / scale, y / scale);
      faint[i] = 1 - (0.3 * (palm - 0.5) * 2) / (1 + (distance / 0.1) ** 2);
    }
  }
  return faint;
}

function distanceToLines(x: number, y: number): number {
  let nearest = 1e9;
  for (const line of PALM_LINES) {
    for (let k = 1; k < line.length; k++) {
      const [a, b] = [line[k - 1] as Vector, line[k] as Vector];
      const [ux, uy] = [b[0] - a[0], b[1] - a[1]];
      const t = clamp(((x - a[0]) * ux + (y - a[1]) * uy) / (ux * ux + uy * uy), 0, 1);
      nearest = Math.min(nearest, (x - a[0] - t * ux) ** 2 + (y - a[1] - t * uy) ** 2);
    }
  }
  return Math.sqrt(nearest);
}

function linear(colour: Colour): Colour {
  return [(colour[0] / 255) ** 2.2, (colour[1] / 255) ** 2.2, (colour[2] / 255) ** 2.2];
}

const ENCODED = Uint8Array.from({ length: 4096 }, (_, i) => Math.round(255 * (i / 4095) ** (1 / 2.2)));

/** A linear brightness 0..1 as a byte. */
function encode(value: number): number {
  return ENCODED[value >= 1 ? 4095 : value <= 0 ? 0 : (value * 4095) | 0] ?? 0;
}
