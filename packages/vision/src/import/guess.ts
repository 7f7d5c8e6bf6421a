import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BundleError } from "../bundle.ts";
import type { InputSpec, ModelCard } from "../card.ts";
import type { Pixels } from "../pixels.ts";

/** The range of the input values, or how they are made of 0..1: by the mean and the standard deviation of each channel. */
export type Scale =
  | "0..1"
  | "-1..1"
  | "0..255"
  | "imagenet"
  | { readonly mean: InputSpec["mean"]; readonly std: InputSpec["std"] };

/** What the user knows of a model better than we can guess. */
export interface ImportOverrides {
  /** Width and height of the input in pixels. */
  readonly size?: readonly [width: number, height: number];
  readonly layout?: InputSpec["layout"];
  readonly colours?: InputSpec["colours"];
  readonly scale?: Scale;
  /** What the last layer gives; logits get a softmax behind them. */
  readonly output?: "logits" | "probabilities";
  readonly fit?: InputSpec["fit"];
}

export interface Imported {
  readonly folder: string;
  /** One line for each thing that was read or guessed, and how to change it. */
  readonly notes: readonly string[];
}

/** Collects what is said to the user: where each choice came from. */
export class Notes {
  readonly lines: string[] = [];

  /** The user's own choice if there is one, else the guess, with its reason and the flag that changes it. */
  choose<T>(what: string, own: T | undefined, guess: T, reason: string, show: (value: T) => string = String): T {
    const flag = what === "output" ? `--${guess === "logits" ? "probabilities" : "logits"}` : `--${what}`;
    if (own !== undefined) this.lines.push(`${what}: ${show(own)}, as asked`);
    else this.lines.push(`${what}: guessed ${show(guess)}: ${reason}; ${flag} changes it`);
    return own ?? guess;
  }

  say(line: string): void {
    this.lines.push(line);
  }
}

// Mean and deviation of ImageNet's pictures, as torchvision and timm use them.
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } satisfies Exclude<Scale, string>;

/** The mean and std of a card for this scale, in the order of the colours. */
export function meanAndStd(scale: Scale, colours: InputSpec["colours"]): Pick<InputSpec, "mean" | "std"> {
  const grey = (mean: number, std: number): Pick<InputSpec, "mean" | "std"> => ({
    mean: [mean, mean, mean],
    std: [std, std, std],
  });
  if (typeof scale === "object") return scale;
  if (scale === "0..1") return grey(0, 1);
  if (scale === "-1..1") return grey(0.5, 0.5);
  if (scale === "0..255") return grey(0, 1 / 255);
  const flip = ([r, g, b]: readonly [number, number, number]): [number, number, number] =>
    colours === "RGB" ? [r, g, b] : [b, g, r];
  return { mean: flip(IMAGENET.mean), std: flip(IMAGENET.std) };
}

export function showScale(scale: Scale): string {
  return typeof scale === "string" ? scale : `mean ${scale.mean.join()} std ${scale.std.join()}`;
}

/** The card of a model of which only the input is known. */
export function importedCard(name: string, summary: string, input: InputSpec): Omit<ModelCard, "sha256"> {
  return {
    format: "beckon-model/1",
    name,
    version: "1.0.0",
    summary,
    architecture: "imported",
    input,
    thresholds: { default: 0.5, classes: {} },
    evaluations: [],
    sources: [],
  };
}

/** Class names: given, or one a line in a file. */
export async function importLabels(labels: string | readonly string[]): Promise<string[]> {
  if (typeof labels !== "string") return [...labels];
  const text = await readFile(labels, "utf8").catch((cause) => {
    throw new BundleError(`${labels}: cannot be read; give a file with one class a line`, { cause });
  });
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

/** A bundle replaces what is in its folder, so the folder must be a bundle, empty or new. */
export function checkFreeFolder(folder: string): void {
  const isBundle = ["model.json", "labels.txt"].every((file) => existsSync(join(folder, file)));
  if (!existsSync(folder) || isBundle || readdirSync(folder).length === 0) return;
  throw new BundleError(`${folder}: holds other files and would be replaced; name a new folder`);
}

/** Pictures that are the same every time: noise, a light and a dark one. */
export function probePictures({ width, height }: Pick<InputSpec, "width" | "height">): Pixels[] {
  let state = 1;
  const random = () => {
    // Numerical Recipes' linear congruential generator; only variety is asked of it.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const picture = (value: () => number): Pixels => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, value),
  });
  return [picture(random), picture(random), picture(() => 128 + (random() >> 1)), picture(() => random() >> 2)];
}

/** True when every row holds values of 0 or more that add up to 1. */
export function areProbabilities(rows: readonly Float32Array[]): boolean {
  return rows.every((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return Math.abs(sum - 1) < 1e-3 && row.every((value) => value >= -1e-6);
  });
}

/** Probabilities of one row of logits. */
export function softmax(row: Float32Array): Float32Array {
  const highest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = row.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Largest difference between two rows; infinite when they cannot be compared. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((largest, value, i) => {
    const difference = Math.abs(value - (b[i] ?? Number.NaN));
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
  }, 0);
}
