import { describe, expect, test } from "vitest";
import { buildInferenceModel } from "./graph/inference.ts";
import { initialState, takeOverWeights } from "./initial-weights.ts";
import type { Layer } from "./layers.ts";
import { planLayers } from "./plan.ts";

const body: Layer[] = [
  { type: "conv", filters: 32, kernel: 3 },
  { type: "batch-norm" },
  { type: "conv", filters: 32, kernel: 3, init: "glorot" },
  { type: "batch-norm", gamma: "zero" },
  { type: "conv", filters: "depthwise", kernel: 5 },
  { type: "global-average-pool" },
];
const withHead = (units: number) => planLayers([...body, { type: "dense", units }], [16, 8, 8]);
const plan = withHead(60);

function moments(values: Float32Array): { mean: number; variance: number; largest: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, variance, largest: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) };
}

describe("initialState", () => {
  const { weights, statistics } = initialState(plan, 1);
  const part = (name: string) => {
    const found = plan.parameters.find((parameter) => parameter.name === name);
    return weights.subarray(found?.offset, (found?.offset ?? 0) + (found?.size ?? 0));
  };

  test("draws He's variance of 2 / fan-in", () => {
    const { mean, variance } = moments(part("conv-1.kernel"));
    expect(Math.abs(mean)).toBeLessThan(0.005);
    expect(variance / (2 / (16 * 9))).toBeCloseTo(1, 1);
  });

  test("draws Glorot's uniform values within the root of 6 / (fan-in + fan-out)", () => {
    const limit = Math.sqrt(6 / (32 * 9 + 32 * 9));
    const { variance, largest } = moments(part("conv-2.kernel"));
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.99 * limit);
    expect(variance / (limit ** 2 / 3)).toBeCloseTo(1, 1);
    expect(moments(part("dense-1.kernel")).largest).toBeLessThanOrEqual(Math.sqrt(6 / (32 + 60)));
  });

  test("counts only its own channel into the fan of a depthwise kernel", () => {
    const { variance } = moments(part("conv-3.kernel"));
    expect(variance / (2 / 25)).toBeGreaterThan(0.8);
    expect(variance / (2 / 25)).toBeLessThan(1.2);
  });

  test("starts biases at 0, gammas at 1, and those of residual bodies at 0 where the layer says so", () => {
    expect([...new Set(part("conv-1.bias"))]).toEqual([0]);
    expect([...new Set(part("batch-norm-1.gamma"))]).toEqual([1]);
    expect([...new Set(part("batch-norm-1.beta"))]).toEqual([0]);
    expect([...new Set(part("batch-norm-2.gamma"))]).toEqual([0]);
  });

  test("starts running means at 0 and variances at 1", () => {
    expect([...statistics]).toEqual([0, 1, 0, 1].flatMap((value) => new Array(32).fill(value)));
  });

  test("is the same for the same seed, and another for another", () => {
    expect(initialState(plan, 1).weights).toEqual(weights);
    expect(initialState(plan, 2).weights).not.toEqual(weights);
    expect(part("conv-1.kernel").subarray(0, 9)).not.toEqual(part("conv-3.kernel").subarray(0, 9));
  });
});

describe("takeOverWeights", () => {
  test("takes everything but the head when only the number of classes differs", () => {
    const trained = initialState(plan, 1);
    trained.statistics.forEach((_, index) => {
      trained.statistics[index] = 0.25 + index / 100;
    });
    const onnx = buildInferenceModel(plan, trained.weights, trained.statistics);

    const other = withHead(7);
    const state = initialState(other, 9);
    const head = state.weights.slice(-(32 * 7 + 7));
    const { taken, of } = takeOverWeights(other, state, onnx);

    expect(of - taken).toBe(2); // kernel and bias of the head
    const shared = other.weightCount - head.length;
    expect(state.weights.slice(0, shared)).toEqual(trained.weights.slice(0, shared));
    expect(state.weights.slice(shared)).toEqual(head);
    expect(state.statistics).toEqual(trained.statistics);
  });

  test("takes nothing from a model that has nothing in common, and says so", () => {
    const foreign = planLayers([{ type: "flatten" }, { type: "dense", units: 3 }], [3, 4, 4]);
    const onnx = buildInferenceModel(foreign, new Float32Array(foreign.weightCount), new Float32Array(0));
    const state = initialState(plan, 9);
    expect(takeOverWeights(plan, state, onnx).taken).toBe(0);
    expect(state).toEqual(initialState(plan, 9));
  });
});
