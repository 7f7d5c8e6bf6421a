import { clamp, smoothstep } from "./geometry.ts";
import { between, type Random, seededRandom } from "./random.ts";
import type { Colour } from "./style.ts";

/** One shape behind the hand; places and sizes in fractions of the picture's height, the origin in its middle. */
interface Shape {
  readonly kind: "rectangle" | "ellipse";
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  readonly angle: number;
  readonly colour: Colour;
  /** Width of its soft edge, in fractions of the height. */
  readonly edge: number;
  readonly opacity: number;
  /** How far and how fast it moves: in fractions of the height, and in rounds a second. */
  readonly drift: number;
  readonly speed: number;
  readonly phase: number;
}

/** What is behind the hand: a wall with a gradient, shapes on it from back to front, and a texture. */
export interface BackgroundStyle {
  readonly top: Colour;
  readonly bottom: Colour;
  /** Brightness gained from the left edge to the right, in fractions. */
  readonly slope: number;
  readonly shapes: readonly Shape[];
  readonly texture: {
    readonly amount: number;
    readonly scale: number;
    readonly stretch: number;
    readonly seed: number;
  };
}

/** A light wall, for tests and demonstrations. */
export const plainBackground: BackgroundStyle = {
  top: [196, 204, 208],
  bottom: [168, 176, 182],
  slope: 0.06,
  shapes: [],
  texture: { amount: 0, scale: 0.1, stretch: 1, seed: 1 },
};

const SCENES = [plainWall, room, blobs, lines, clutter] as const;

/** A background drawn at random: a wall, a room, soft blobs, stripes or clutter, sometimes with somebody in it. */
export function randomBackground(random: Random): BackgroundStyle {
  const [top, bottom] = wallColours(random);
  const scene = SCENES[Math.floor(random() * SCENES.length)] ?? plainWall;
  const shapes = scene(random);
  if (random() < 0.3) shapes.push(...person(random));
  return {
    top,
    bottom,
    slope: between(random, -0.3, 0.3),
    shapes,
    texture: {
      amount: random() < 0.5 ? between(random, 2, 16) : 0,
      scale: between(random, 0.02, 0.2),
      stretch: random() < 0.5 ? 1 : between(random, 0.1, 8),
      seed: Math.floor(random() * 1e6),
    },
  };
}

/**
 * Paints the background into RGB bytes.
 *
 * @param seconds time: shapes and texture move with it
 * @returns `3 * width * height` bytes, row by row from the top
 */
export function paintBackground(style: BackgroundStyle, width: number, height: number, seconds: number): Uint8Array {
  const data = new Uint8Array(3 * width * height);
  paintWall(data, style, width, height);
  for (const shape of style.shapes) paintShape(data, shape, width, height, seconds);
  if (style.texture.amount > 0) paintTexture(data, style.texture, width, height, seconds);
  return data;
}

function paintWall(data: Uint8Array, { top, bottom, slope }: BackgroundStyle, width: number, height: number): void {
  for (let y = 0, at = 0; y < height; y++) {
    const t = y / height;
    const red = top[0] + (bottom[0] - top[0]) * t;
    const green = top[1] + (bottom[1] - top[1]) * t;
    const blue = top[2] + (bottom[2] - top[2]) * t;
    for (let x = 0; x < width; x++, at += 3) {
      const gain = 1 + slope * (x / width - 0.5);
      data[at] = Math.min(255, red * gain);
      data[at + 1] = Math.min(255, green * gain);
      data[at + 2] = Math.min(255, blue * gain);
    }
  }
}

function paintShape(data: Uint8Array, shape: Shape, width: number, height: number, seconds: number): void {
  const turn = 2 * Math.PI * (shape.speed * seconds + shape.phase);
  const cx = width / 2 + height * (shape.x + shape.drift * Math.sin(turn));
  const cy = height / 2 + height * (shape.y + 0.6 * shape.drift * Math.cos(1.3 * turn));
  const [a, b] = [shape.halfWidth * height, shape.halfHeight * height];
  const edge = Math.max(1, shape.edge * height);
  const [cos, sin] = [Math.cos(shape.angle), Math.sin(shape.angle)];
  const reachX = Math.abs(a * cos) + Math.abs(b * sin) + edge;
  const reachY = Math.abs(a * sin) + Math.abs(b * cos) + edge;
  const right = clamp(Math.ceil(cx + reachX), 0, width);
  const bottom = clamp(Math.ceil(cy + reachY), 0, height);
  const round = shape.kind === "ellipse";
  const inner = Math.min(a, b);
  for (let y = clamp(Math.floor(cy - reachY), 0, height); y < bottom; y++) {
    for (let x = clamp(Math.floor(cx - reachX), 0, width); x < right; x++) {
      const dx = x + 0.5 - cx;
      const dy = y + 0.5 - cy;
      const u = Math.abs(dx * cos + dy * sin);
      const v = Math.abs(dy * cos - dx * sin);
      const inside = round ? inner * (1 - Math.sqrt((u * u) / (a * a) + (v * v) / (b * b))) : Math.min(a - u, b - v);
      if (inside <= -0.5 * edge) continue;
      const share = shape.opacity * (inside >= 0.5 * edge ? 1 : inside / edge + 0.5);
      const at = 3 * (y * width + x);
      data[at] = (data[at] ?? 0) + ((shape.colour[0] ?? 0) - (data[at] ?? 0)) * share;
      data[at + 1] = (data[at + 1] ?? 0) + ((shape.colour[1] ?? 0) - (data[at + 1] ?? 0)) * share;
      data[at + 2] = (data[at + 2] ?? 0) + ((shape.colour[2] ?? 0) - (data[at + 2] ?? 0)) * share;
    }
  }
}

/** Smooth value noise: a coarse grid of random greys, interpolated, drifting slowly. */
function paintTexture(
  data: Uint8Array,
  { amount, scale, stretch, seed }: BackgroundStyle["texture"],
  width: number,
  height: number,
  seconds: number,
): void {
  const random = seededRandom(seed);
  const grid = Float32Array.from({ length: 64 * 64 }, () => 2 * random() - 1);
  const stepX = 1 / (scale * height);
  const stepY = 1 / (scale * stretch * height);
  for (let y = 0, at = 0; y < height; y++) {
    const gy = y * stepY;
    const row = Math.floor(gy);
    const fy = smoothstep(0, 1, gy - row);
    for (let x = 0; x < width; x++, at += 3) {
      const gx = x * stepX + 0.3 * seconds;
      const column = Math.floor(gx);
      const t = gx - column;
      const fx = t * t * (3 - 2 * t);
      const upper = lattice(grid, column, row) * (1 - fx) + lattice(grid, column + 1, row) * fx;
      const lower = lattice(grid, column, row + 1) * (1 - fx) + lattice(grid, column + 1, row + 1) * fx;
      const grey = amount * (upper * (1 - fy) + lower * fy);
      data[at] = toByte((data[at] ?? 0) + grey);
      data[at + 1] = toByte((data[at + 1] ?? 0) + grey);
      data[at + 2] = toByte((data[at + 2] ?? 0) + grey);
    }
  }
}

function lattice(grid: Float32Array, column: number, row: number): number {
  return grid[((row & 63) << 6) | (column & 63)] ?? 0;
}

function toByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function wallColours(random: Random): readonly [Colour, Colour] {
  const light = random() < 0.65 ? between(random, 120, 235) : between(random, 20, 120);
  const tint = (): number => between(random, -22, 22);
  const fall = between(random, 0.6, 1.15);
  const [red, green, blue] = [light + tint(), light + tint(), light + tint()];
  return [
    [toByte(red), toByte(green), toByte(blue)],
    [toByte(red * fall), toByte(green * fall), toByte(blue * fall)],
  ];
}

function anyColour(random: Random): Colour {
  const light = between(random, 20, 235);
  const tint = (): number => toByte(light + between(random, -50, 50));
  return [tint(), tint(), tint()];
}

function shapeAt(random: Random, part: Partial<Shape>): Shape {
  return {
    kind: "rectangle",
    x: between(random, -0.8, 0.8),
    y: between(random, -0.5, 0.5),
    halfWidth: 0.2,
    halfHeight: 0.2,
    angle: 0,
    colour: anyColour(random),
    edge: between(random, 0.003, 0.02),
    opacity: 1,
    drift: between(random, 0, 0.02),
    speed: between(random, 0.03, 0.2),
    phase: random(),
    ...part,
  };
}

function several(random: Random, low: number, high: number, make: () => Shape): Shape[] {
  return Array.from({ length: Math.floor(between(random, low, high + 1)) }, make);
}

/** A wall with, at most, a soft patch of light. */
function plainWall(random: Random): Shape[] {
  return several(random, 0, 1, () =>
    shapeAt(random, {
      kind: "ellipse",
      halfWidth: 0.6,
      halfHeight: 0.5,
      edge: 0.5,
      opacity: 0.3,
      colour: [255, 250, 235],
    }),
  );
}

/** A floor or a table, a window or a door, shelves, a picture on the wall. */
function room(random: Random): Shape[] {
  const floor = between(random, 0.15, 0.45);
  return [
    shapeAt(random, { x: 0, y: floor + 1, halfWidth: 3, halfHeight: 1, angle: between(random, -0.1, 0.1), drift: 0 }),
    ...several(random, 1, 3, () =>
      shapeAt(random, {
        y: floor - between(random, 0.2, 0.5),
        halfWidth: between(random, 0.06, 0.3),
        halfHeight: between(random, 0.1, 0.45),
        drift: 0.004,
      }),
    ),
    ...several(random, 0, 4, () =>
      shapeAt(random, { halfWidth: between(random, 0.1, 0.4), halfHeight: between(random, 0.008, 0.03), drift: 0.004 }),
    ),
  ];
}

/** Out of focus: large soft spots. */
function blobs(random: Random): Shape[] {
  return several(random, 4, 12, () =>
    shapeAt(random, {
      kind: "ellipse",
      halfWidth: between(random, 0.08, 0.5),
      halfHeight: between(random, 0.08, 0.5),
      angle: between(random, 0, Math.PI),
      edge: between(random, 0.05, 0.2),
      opacity: between(random, 0.3, 0.9),
      drift: between(random, 0, 0.1),
    }),
  );
}

/** Blinds, planks, panels: parallel stripes. */
function lines(random: Random): Shape[] {
  const angle = random() < 0.5 ? between(random, -0.15, 0.15) : between(random, 1.2, 1.9);
  const colour = anyColour(random);
  const gap = between(random, 0.05, 0.25);
  const thick = gap * between(random, 0.04, 0.4);
  const count = Math.ceil(2.4 / gap);
  return Array.from({ length: count }, (_, i) => {
    const offset = (i - count / 2) * gap;
    return shapeAt(random, {
      x: -Math.sin(angle) * offset,
      y: Math.cos(angle) * offset,
      halfWidth: 2,
      halfHeight: thick,
      angle,
      colour,
      opacity: 0.6,
      drift: 0,
      edge: 0.01,
    });
  });
}

/** A desk full of things. */
function clutter(random: Random): Shape[] {
  return several(random, 6, 16, () =>
    shapeAt(random, {
      kind: random() < 0.6 ? "rectangle" : "ellipse",
      halfWidth: between(random, 0.02, 0.25),
      halfHeight: between(random, 0.02, 0.25),
      angle: between(random, 0, Math.PI),
    }),
  );
}

/** Somebody behind the hand: shoulders, neck, hair, a face-like ellipse with two eyes and a mouth. */
function person(random: Random): Shape[] {
  const x = (random() < 0.5 ? -1 : 1) * between(random, 0.15, 0.6);
  const y = between(random, -0.3, 0.1);
  const size = between(random, 0.1, 0.2);
  const light = between(random, 70, 235);
  const skin: Colour = [light, light * 0.78, light * 0.64];
  const dark: Colour = [light * 0.35, light * 0.25, light * 0.22];
  const motion = { drift: between(random, 0, 0.03), speed: between(random, 0.05, 0.2), phase: random(), edge: 0.015 };
  const oval = (dx: number, dy: number, halfWidth: number, halfHeight: number, colour: Colour): Shape =>
    shapeAt(random, {
      ...motion,
      kind: "ellipse",
      x: x + dx * size,
      y: y + dy * size,
      halfWidth: halfWidth * size,
      halfHeight: halfHeight * size,
      colour,
    });
  return [
    oval(0, 3.4, 2.1, 2.0, anyColour(random)),
    oval(0, 1.3, 0.42, 0.7, [light * 0.85, light * 0.64, light * 0.52]),
    oval(0, -0.3, 0.95, 1.15, dark),
    oval(0, 0, 0.78, 1.02, skin),
    oval(-0.3, -0.12, 0.12, 0.06, dark),
    oval(0.3, -0.12, 0.12, 0.06, dark),
    oval(0, 0.5, 0.25, 0.06, [light * 0.7, light * 0.4, light * 0.38]),
  ];
}
