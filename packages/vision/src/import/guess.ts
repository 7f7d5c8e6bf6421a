import { BundleError } from "../bundle-error.ts";
import type { InputSpec, ModelCard } from "../card.ts";
import { checkLabels, readLabels } from "../labels.ts";
import { areProbabilities } from "./probe.ts";

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

/** What an import made, and what it guessed. */
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

/** A scale in words, for the notes. */
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
export async function importLabels(labels: string | readonly string[]): Promise<readonly string[]> {
  if (typeof labels === "string") return readLabels(labels);
  checkLabels("the labels", labels);
  return labels;
}

const SMALLEST = 8;
const LARGEST = 1024;

/**
 * What a card can hold; asked before anything of that size is allocated.
 *
 * @throws BundleError
 */
export function checkSize(file: string, width: number, height: number): void {
  if ([width, height].every((side) => Number.isInteger(side) && side >= SMALLEST && side <= LARGEST)) return;
  throw new BundleError(`${file}: takes ${width}x${height} pixels; ${SMALLEST} to ${LARGEST} a side can be used`);
}

/**
 * Whether a softmax has to be added: by the rows that the model gave for the probe pictures, unless the user knows better.
 *
 * @throws BundleError when the user's word cannot be true
 */
export function chooseOutput(
  file: string,
  rows: readonly Float32Array[],
  own: ImportOverrides["output"],
  notes: Notes,
): "logits" | "probabilities" {
  const found = areProbabilities(rows) ? "probabilities" : "logits";
  if (found === "logits" && own === "probabilities")
    throw new BundleError(`${file}: its outputs do not add up to 1, so they are no probabilities`);
  const reason = found === "logits" ? "its outputs do not add up to 1, a softmax is added" : "its outputs add up to 1";
  return notes.choose("output", own, found, reason);
}
