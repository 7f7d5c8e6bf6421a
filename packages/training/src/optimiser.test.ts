import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { Optimiser } from "./architecture.ts";
import { newMoments, rateAt, stretchesOf, updateWeights } from "./optimiser.ts";
import { planLayers } from "./plan.ts";

/** A kernel of 3 x 2 that decays, and a bias of 2 that does not. */
const plan = planLayers([{ type: "dense", units: 2 }], [3]);
const START = [0.5, -0.25, 1, -1.5, 0.75, 2, 0.1, -0.2];
const KERNEL = 6;
const STEPS = 12;

/** Some gradient that depends on the weights, so that an error of one step spreads to the next. */
function slopeOf(weight: number, index: number, step: number): number {
  return weight * (index + 1) * 0.1 + Math.sin(step * 1.3 + index);
}

function run(optimiser: Optimiser, layers = plan): number[] {
  const weights = Float32Array.from(START);
  const moments = newMoments(optimiser, layers);
  for (let step = 1; step <= STEPS; step++) {
    const gradients = weights.map((weight, index) => slopeOf(weight, index, step));
    updateWeights(layers.parameters, optimiser, moments, weights, gradients, optimiser.rate, step);
  }
  return [...weights];
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, index) => {
    expect(found[index], `weight ${index}`).toBeCloseTo(value, 5);
  });
}

/** Each weight by itself, in double precision, by the formulas of the papers. */
function runAlone(update: (weight: number, gradient: number, step: number, index: number) => number): number[] {
  return START.map((start, index) => {
    let weight = start;
    for (let step = 1; step <= STEPS; step++) weight = update(weight, slopeOf(weight, index, step), step, index);
    return weight;
  });
}

describe("updateWeights", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  test("goes down the slope", () => {
    expectClose(
      run({ type: "sgd", rate: 0.05 }),
      runAlone((weight, gradient) => weight - 0.05 * gradient),
    );
  });

  test("gathers momentum", () => {
    const velocity = START.map(() => 0);
    const expected = runAlone((weight, gradient, step, index) => {
      velocity[index] = (step === 1 ? 0 : 0.9 * (velocity[index] as number)) + gradient;
      return weight - 0.05 * (velocity[index] as number);
    });
    expectClose(run({ type: "sgd", rate: 0.05, momentum: 0.9 }), expected);
  });

  test("steps as Adam with its bias corrected: the first steps are as long as the rate", () => {
    const mean = START.map(() => 0);
    const square = START.map(() => 0);
    const expected = runAlone((weight, gradient, step, index) => {
      mean[index] = 0.9 * (mean[index] as number) + 0.1 * gradient;
      square[index] = 0.999 * (square[index] as number) + 0.001 * gradient ** 2;
      const corrected = [(mean[index] as number) / (1 - 0.9 ** step), (square[index] as number) / (1 - 0.999 ** step)];
      return weight - (0.05 * (corrected[0] as number)) / (Math.sqrt(corrected[1] as number) + 1e-8);
    });
    expectClose(run({ type: "adam", rate: 0.05 }), expected);
  });

  test.each([
    ["sgd", { type: "sgd", rate: 0.05 } as const, () => tf.train.sgd(0.05)],
    ["momentum", { type: "sgd", rate: 0.05, momentum: 0.8 } as const, () => tf.train.momentum(0.05, 0.8)],
    [
      "adam",
      { type: "adam", rate: 0.02, beta1: 0.8, beta2: 0.9, epsilon: 1e-7 } as const,
      () => tf.train.adam(0.02, 0.8, 0.9, 1e-7),
    ],
  ])("steps as tfjs does: %s", (_name, ours, make) => {
    const variable = tf.variable(tf.tensor1d(START), true, undefined, "float32");
    const theirs = make();
    for (let step = 1; step <= STEPS; step++) {
      const gradients = Float32Array.from(variable.dataSync(), (weight, index) => slopeOf(weight, index, step));
      theirs.applyGradients([{ name: variable.name, tensor: tf.tensor1d(gradients) }]);
    }
    expectClose(run(ours), [...variable.dataSync()]);
    theirs.dispose();
  });

  test("lets kernels decay beside the step, not through the moments of Adam, and leaves biases alone", () => {
    const rate = 0.05;
    const weightDecay = 0.3;
    const one = (optimiser: Optimiser) => {
      const weights = Float32Array.from(START);
      updateWeights(
        plan.parameters,
        optimiser,
        newMoments(optimiser, plan),
        weights,
        new Float32Array(8).fill(0.5),
        rate,
        1,
      );
      return [...weights];
    };
    for (const optimiser of [
      { type: "adam", rate },
      { type: "sgd", rate },
      { type: "sgd", rate, momentum: 0.9 },
    ] as const) {
      const plain = one(optimiser);
      const expected = plain.map((value, i) => value - (i < KERNEL ? rate * weightDecay * (START[i] as number) : 0));
      expectClose(one({ ...optimiser, weightDecay }), expected);
    }
  });

  test("adds the slope of an L2 penalty to those layers that ask for one", () => {
    const l2 = 0.01;
    const penalised = planLayers([{ type: "dense", units: 2, l2 }], [3]);
    expectClose(
      run({ type: "sgd", rate: 0.05 }, penalised),
      runAlone((weight, gradient, _step, i) => weight - 0.05 * (gradient + (i < KERNEL ? 2 * l2 * weight : 0))),
    );
  });

  test("takes the same step in parts as at once, to the bit, wherever they are cut", () => {
    const optimiser = { type: "adam", rate: 0.05, weightDecay: 0.3 } as const;
    const stepped = (cuts: readonly number[]) => {
      const weights = Float32Array.from(START);
      const moments = newMoments(optimiser, plan);
      for (const [index, start] of cuts.slice(0, -1).entries()) {
        const stretches = stretchesOf(plan.parameters, start, cuts[index + 1] as number);
        updateWeights(stretches, optimiser, moments, weights, Float32Array.from(START, Math.cos), optimiser.rate, 1);
      }
      return [...weights, ...moments.first, ...moments.second];
    };
    expect(stepped([0, 8])).not.toEqual([...START, ...new Array(16).fill(0)]);
    for (const cuts of [
      [0, 4, 8],
      [0, KERNEL, 8],
      [0, 1, 7, 7, 8],
    ])
      expect(stepped(cuts)).toEqual(stepped([0, 8]));
    expect(stepped([2, 4]).slice(0, 8)).toEqual(
      stepped([0, 8])
        .slice(0, 8)
        .map((w, i) => (i === 2 || i === 3 ? w : Math.fround(START[i] as number))),
    );
  });

  test("remembers only what the rule needs", () => {
    const lengths = (optimiser: Optimiser) => {
      const { first, second } = newMoments(optimiser, plan);
      return [first.length, second.length];
    };
    expect(lengths({ type: "sgd", rate: 1 })).toEqual([0, 0]);
    expect(lengths({ type: "sgd", rate: 1, momentum: 0.9 })).toEqual([8, 0]);
    expect(lengths({ type: "adam", rate: 1 })).toEqual([8, 8]);
  });
});

describe("rateAt", () => {
  const cosine = { type: "cosine", warmUp: 0.1 } as const;

  test("is constant when the schedule is", () => {
    expect([0, 7, 99].map((step) => rateAt(0.3, { type: "constant" }, step, 100))).toEqual([0.3, 0.3, 0.3]);
  });

  test("warms up in equal steps to the full rate", () => {
    expect(rateAt(1, cosine, 0, 100)).toBeCloseTo(0.1);
    expect(rateAt(1, cosine, 4, 100)).toBeCloseTo(0.5);
    expect(rateAt(1, cosine, 9, 100)).toBe(1);
    expect(rateAt(1, cosine, 10, 100)).toBe(1);
  });

  test("falls along half a cosine, half way down in the middle, to almost nothing at the end", () => {
    expect(rateAt(2, cosine, 55, 100)).toBeCloseTo(1);
    expect(rateAt(1, cosine, 99, 100)).toBeGreaterThan(0);
    expect(rateAt(1, cosine, 99, 100)).toBeLessThan(0.001);
    for (let step = 11; step < 100; step++)
      expect(rateAt(1, cosine, step, 100)).toBeLessThan(rateAt(1, cosine, step - 1, 100));
  });

  test("has a rate above 0 in the first step also without a warm-up, and in a run of one step", () => {
    expect(rateAt(1, { type: "cosine", warmUp: 0 }, 0, 50)).toBe(1);
    expect(rateAt(1, cosine, 0, 1)).toBe(1);
  });

  test("stays at the bottom when a run is longer than planned", () => {
    expect(rateAt(1, cosine, 150, 100)).toBe(0);
  });
});
