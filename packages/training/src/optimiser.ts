import type { Optimiser, Schedule } from "./architecture.ts";
import type { Parameter, Plan } from "./plan.ts";
import { type SharedFloats, sharedFloats } from "./shared-floats.ts";

/** What an optimiser remembers between steps: as many values as there are weights, or none where it needs none. Each thread changes its part. */
export interface Moments {
  /** Moving mean of the gradients, or the velocity of momentum. */
  readonly first: SharedFloats;
  /** Moving mean of the squared gradients; Adam only. */
  readonly second: SharedFloats;
}

/** Moments at the start of a training. */
export function newMoments(optimiser: Optimiser, plan: Plan): Moments {
  const needed = (yes: boolean) => sharedFloats(yes ? plan.weightCount : 0);
  const adam = optimiser.type === "adam";
  return { first: needed(adam || (optimiser.momentum ?? 0) > 0), second: needed(adam) };
}

/** A stretch of the flat vector to which one rule applies: a parameter, or a part of one. */
export type Stretch = Pick<Parameter, "offset" | "size" | "decays" | "l2">;

/** The parts of parameters that lie from `start` up to, without, `end`. */
export function stretchesOf(parameters: readonly Parameter[], start: number, end: number): readonly Stretch[] {
  return parameters
    .map(({ offset, size, decays, l2 }) => {
      const from = Math.max(offset, start);
      return { offset: from, size: Math.min(offset + size, end) - from, decays, l2 };
    })
    .filter(({ size }) => size > 0);
}

/**
 * Changes these stretches of the weights by one step, in place, and nothing else.
 *
 * @param gradients mean over the batch, flat, as the weights
 * @param rate learning rate of this step
 * @param step number of this step, from 1
 */
export function updateWeights(
  stretches: readonly Stretch[],
  optimiser: Optimiser,
  moments: Moments,
  weights: Float32Array,
  gradients: Float32Array,
  rate: number,
  step: number,
): void {
  for (const { offset, size, decays, l2 } of stretches) {
    const part = (vector: Float32Array) => vector.subarray(offset, offset + size);
    const kernel = part(weights);
    const slope = part(gradients);
    if (l2 > 0) addScaled(slope, kernel, 2 * l2);
    const shrink = 1 - rate * (decays ? (optimiser.weightDecay ?? 0) : 0);
    if (optimiser.type === "adam") {
      adam(kernel, slope, part(moments.first), part(moments.second), shrink, rate, step, optimiser);
    } else if (moments.first.length > 0) {
      momentum(kernel, slope, part(moments.first), shrink, rate, optimiser.momentum ?? 0);
    } else {
      descend(kernel, slope, shrink, rate);
    }
  }
}

/**
 * Adam with bias correction (Kingma and Ba, 2014) and decoupled weight decay (Loshchilov and Hutter, 2017).
 * Beta 0.9 and 0.999 and epsilon 1e-8 are the authors' own.
 */
function adam(
  weights: Float32Array,
  gradients: Float32Array,
  mean: Float32Array,
  square: Float32Array,
  shrink: number,
  rate: number,
  step: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Extract<Optimiser, { type: "adam" }>,
): void {
  const meanScale = 1 / (1 - beta1 ** step);
  const squareScale = 1 / (1 - beta2 ** step);
  for (let i = 0; i < weights.length; i++) {
    const gradient = gradients[i] as number;
    const m = beta1 * (mean[i] as number) + (1 - beta1) * gradient;
    const v = beta2 * (square[i] as number) + (1 - beta2) * gradient * gradient;
    mean[i] = m;
    square[i] = v;
    weights[i] = (weights[i] as number) * shrink - (rate * m * meanScale) / (Math.sqrt(v * squareScale) + epsilon);
  }
}

function momentum(
  weights: Float32Array,
  gradients: Float32Array,
  velocity: Float32Array,
  shrink: number,
  rate: number,
  kept: number,
): void {
  for (let i = 0; i < weights.length; i++) {
    const v = kept * (velocity[i] as number) + (gradients[i] as number);
    velocity[i] = v;
    weights[i] = (weights[i] as number) * shrink - rate * v;
  }
}

function descend(weights: Float32Array, gradients: Float32Array, shrink: number, rate: number): void {
  for (let i = 0; i < weights.length; i++) {
    weights[i] = (weights[i] as number) * shrink - rate * (gradients[i] as number);
  }
}

function addScaled(into: Float32Array, values: Float32Array, factor: number): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + factor * (values[i] as number);
}

/** `into` becomes the mean of itself and the others, from `start` up to, without, `end`. */
export function average(into: Float32Array, others: readonly Float32Array[], start: number, end: number): void {
  const count = others.length + 1;
  others.forEach((other, index) => {
    const last = index === others.length - 1;
    for (let i = start; i < end; i++) {
      const sum = Math.fround((into[i] as number) + (other[i] as number));
      into[i] = last ? sum / count : sum;
    }
  });
}

/** into = kept * into + (1 - kept) * values, from `start` up to, without, `end`. */
export function blend(into: Float32Array, values: Float32Array, kept: number, start: number, end: number): void {
  for (let i = start; i < end; i++) into[i] = kept * (into[i] as number) + (1 - kept) * (values[i] as number);
}

/**
 * Learning rate of one step.
 *
 * @param step number of the step, from 0
 * @param steps of the whole run
 */
export function rateAt(base: number, schedule: Schedule, step: number, steps: number): number {
  if (schedule.type === "constant") return base;
  const rising = Math.max(1, Math.round(schedule.warmUp * steps));
  if (step < rising) return (base * (step + 1)) / rising;
  const progress = (step - rising) / Math.max(1, steps - rising);
  return (base * (1 + Math.cos(Math.PI * Math.min(1, progress)))) / 2;
}
