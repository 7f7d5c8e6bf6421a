import type { Random } from "@beckon/synthetic";
import { between } from "@beckon/synthetic";
import { kernelsFor } from "./kernels.ts";
import { logBetween } from "./warp.ts";

/** How far light and camera may change. Factors of 1 and shares of 0 change nothing. */
export interface Photometry {
  /** Added to all values, up to this share of full scale either way. */
  readonly brightness: number;
  /** Distances from the mean grey are multiplied by up to this factor, or divided by it. */
  readonly contrast: number;
  /** Exponent of the tone curve: up to this, or one by it. */
  readonly gamma: number;
  /** Range of the distance of a colour from its grey; 1 keeps it, 0 is grey. */
  readonly saturation: readonly [low: number, high: number];
  /** Red against blue, and green against both, are multiplied by up to this factor or divided by it: colour of the light. */
  readonly tint: number;
  /** Largest turn of the colour circle either way, in degrees. */
  readonly hue: number;
  /** Probability of no colour at all. */
  readonly grey: number;
  /** Probability of light that falls off from one side. */
  readonly shade: number;
  /** Largest change of the light from the centre to an edge, where it falls off. */
  readonly shadeDepth: number;
}

/** Changes the colours of RGB bytes in place, as one draw of `how` says. */
export function applyColour(pixels: Uint8Array, width: number, height: number, random: Random, how: Photometry): void {
  const matrix = drawMatrix(random, how);
  drawCurves(random, how, meanGrey(pixels));
  const [across, down] = drawShade(random, how);
  const { run, picture, curves: curvesAt, bytes } = kernelsFor(width, height);
  bytes(curvesAt, curves.length).set(curves);
  bytes(picture, pixels.length).set(pixels);
  run.recolour(picture, width, height, curvesAt, across, down, ...matrix);
  pixels.set(bytes(picture, pixels.length));
}

type Matrix = readonly [number, number, number, number, number, number, number, number, number];
/** Tone curves of red, green and blue, 256 values each; drawn anew for each picture. */
const curves = new Uint8Array(3 * 256);
/** Shares of red, green and blue in the brightness of a colour (ITU-R BT.709). */
const LUMA = [0.213, 0.715, 0.072] as const;

function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}

/**
 * Saturation and hue as one matrix on RGB; neither changes the brightness. It is the `hueRotate` matrix of W3C's Filter
 * Effects Module, section 9.6, with its sine and cosine scaled by the saturation.
 */
function drawMatrix(random: Random, how: Photometry): Matrix {
  const saturation = random() < how.grey ? 0 : between(random, how.saturation[0], how.saturation[1]);
  const angle = (between(random, -how.hue, how.hue) * Math.PI) / 180;
  const cos = saturation * Math.cos(angle);
  const sin = saturation * Math.sin(angle);
  const [r, g, b] = LUMA;
  return [
    r + (1 - r) * cos - r * sin,
    g - g * cos - g * sin,
    b - b * cos + (1 - b) * sin,
    r - r * cos + 0.143 * sin,
    g + (1 - g) * cos + 0.14 * sin,
    b - b * cos - 0.283 * sin,
    r - r * cos - (1 - r) * sin,
    g - g * cos + g * sin,
    b + (1 - b) * cos + b * sin,
  ];
}

function drawCurves(random: Random, how: Photometry, mean: number): void {
  const gamma = logBetween(random, 1 / how.gamma, how.gamma);
  const contrast = logBetween(random, 1 / how.contrast, how.contrast);
  const brightness = between(random, -how.brightness, how.brightness) * 255;
  const warm = Math.sqrt(logBetween(random, 1 / how.tint, how.tint));
  const green = Math.sqrt(logBetween(random, 1 / how.tint, how.tint));
  const lift = mean - mean * contrast + brightness;
  for (let value = 0; value < 256; value++) {
    const lit = 255 * (value / 255) ** gamma * contrast;
    curves[value] = toByte(lit * warm + lift);
    curves[256 + value] = toByte(lit * green + lift);
    curves[512 + value] = toByte(lit / warm + lift);
  }
}

/** Change of the light over the whole width and the whole height. */
function drawShade(random: Random, how: Photometry): [across: number, down: number] {
  if (random() >= how.shade) return [0, 0];
  const direction = random() * 2 * Math.PI;
  const depth = 2 * between(random, 0, how.shadeDepth);
  return [depth * Math.cos(direction), depth * Math.sin(direction)];
}

/** Mean of the green values, which stand for the brightness; every 13th pixel is enough. */
function meanGrey(pixels: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 1; i < pixels.length; i += 39, count++) sum += pixels[i] as number;
  return sum / count;
}
