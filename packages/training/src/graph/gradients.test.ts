import { normal, seededRandom } from "@beckon/synthetic";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { Layer } from "../layers.ts";
import { type Plan, planLayers, type Shape } from "../plan.ts";
import { buildTrainingModel, type TrainingModel } from "./training.ts";

const BATCH = 3;
const CLASSES = 4;
const dense: Layer = { type: "dense", units: CLASSES };
const flatten: Layer = { type: "flatten" };
const head: Layer[] = [flatten, dense];

/** Each kind of layer between others that let its parameter and input gradients show. */
const NETWORKS: Record<string, { input: Shape; layers: Layer[] }> = {
  dense: {
    input: [5],
    layers: [
      { type: "dense", units: 6 },
      { type: "dense", units: CLASSES },
    ],
  },
  relu: { input: [5], layers: [{ type: "dense", units: 6 }, { type: "relu" }, dense] },
  "conv same": { input: [2, 5, 5], layers: [conv(3, 3), conv(3, 3), ...head] },
  "conv of an even kernel, same": { input: [2, 5, 5], layers: [conv(3, 3), conv(2, 4), ...head] },
  "conv valid": { input: [2, 6, 6], layers: [conv(3, 3), conv(2, 3, 1, "valid"), ...head] },
  "conv 1x1": { input: [3, 4, 4], layers: [conv(3, 3), conv(4, 1), ...head] },
  "conv stride 2 same, even side": { input: [2, 6, 6], layers: [conv(3, 3), conv(3, 3, 2), ...head] },
  "conv stride 2 same, odd side": { input: [2, 7, 7], layers: [conv(3, 3), conv(3, 3, 2), ...head] },
  "conv stride 3 valid with a rest": { input: [2, 9, 9], layers: [conv(3, 3), conv(3, 2, 3, "valid"), ...head] },
  "conv 1x1 stride 2": { input: [2, 6, 6], layers: [conv(3, 3), conv(3, 1, 2), ...head] },
  "conv without bias": {
    input: [2, 4, 4],
    layers: [conv(3, 3), { type: "conv", filters: 2, kernel: 3, bias: false }, ...head],
  },
  "conv on padding given by number": { input: [2, 5, 5], layers: [conv(3, 3), conv(2, 3, 2, 1), ...head] },
  "conv of a kernel wider than the picture": { input: [2, 2, 2], layers: [conv(3, 3), conv(2, 7), ...head] },
  "conv of which the last row meets no kernel": { input: [2, 4, 4], layers: [conv(3, 3), conv(3, 3, 3), ...head] },
  "conv on padding as wide as its stride": { input: [2, 6, 6], layers: [conv(3, 3), conv(3, 2, 2, 1), ...head] },
  "conv 1x1 on padding": { input: [2, 4, 4], layers: [conv(3, 3), conv(3, 1, 1, 1), ...head] },
  "conv stride 4 of a single pixel": { input: [2, 1, 1], layers: [conv(3, 3), conv(3, 4, 4), ...head] },
  "conv of a picture that is no square": { input: [2, 5, 7], layers: [conv(3, 3), conv(3, 3), ...head] },
  "conv stride 2 of a picture that is no square": { input: [2, 5, 7], layers: [conv(3, 3), conv(3, 3, 2, 1), ...head] },
  "conv stride 2 on a single pixel": { input: [2, 2, 2], layers: [conv(3, 3, 2), conv(3, 3, 2), ...head] },
  "conv depthwise": {
    input: [3, 5, 5],
    layers: [conv(4, 3), { type: "conv", filters: "depthwise", kernel: 3 }, ...head],
  },
  "conv depthwise stride 2": {
    input: [3, 6, 6],
    layers: [conv(4, 3), { type: "conv", filters: "depthwise", kernel: 3, stride: 2 }, ...head],
  },
  "batch norm of images": { input: [2, 4, 4], layers: [conv(3, 3), { type: "batch-norm" }, conv(2, 3), ...head] },
  "batch norm of vectors": { input: [5], layers: [{ type: "dense", units: 6 }, { type: "batch-norm" }, dense] },
  "max-pool": { input: [2, 6, 6], layers: [conv(3, 3), { type: "max-pool", size: 2 }, ...head] },
  "max-pool with a rest": { input: [2, 7, 7], layers: [conv(3, 3), { type: "max-pool", size: 3 }, ...head] },
  "max-pool overlapping": {
    input: [2, 7, 7],
    layers: [conv(3, 3), { type: "max-pool", size: 3, stride: 2 }, ...head],
  },
  "max-pool same": {
    input: [2, 7, 7],
    layers: [conv(3, 3), { type: "max-pool", size: 4, stride: 4, padding: "same" }, ...head],
  },
  "average-pool": { input: [2, 6, 6], layers: [conv(3, 3), { type: "average-pool", size: 2 }, ...head] },
  "average-pool with a rest": { input: [2, 7, 7], layers: [conv(3, 3), { type: "average-pool", size: 2 }, ...head] },
  "pools of a picture that is no square": {
    input: [2, 6, 9],
    layers: [conv(3, 3), { type: "average-pool", size: 2 }, { type: "max-pool", size: 2, stride: 1 }, ...head],
  },
  "global average pool": { input: [2, 5, 5], layers: [conv(3, 3), { type: "global-average-pool" }, dense] },
  "zero-pad": { input: [2, 4, 4], layers: [conv(3, 3), { type: "zero-pad", amount: 2 }, conv(2, 3), ...head] },
  dropout: { input: [5], layers: [{ type: "dense", units: 6 }, { type: "dropout", rate: 0.5 }, dense] },
  "dropout of images": { input: [2, 4, 4], layers: [conv(3, 3), { type: "dropout", rate: 0.5 }, conv(2, 3), ...head] },
  residual: { input: [2, 5, 5], layers: [conv(3, 3), { type: "residual", body: [conv(3, 3)] }, ...head] },
  "residual with a shortcut": {
    input: [2, 6, 6],
    layers: [
      conv(3, 3),
      { type: "residual", body: [conv(4, 3, 2), { type: "relu" }, conv(4, 3)], shortcut: [conv(4, 1, 2)] },
      ...head,
    ],
  },
  "residual as the first layer": {
    input: [2, 5, 5],
    layers: [{ type: "residual", body: [conv(2, 3)], shortcut: [conv(2, 1)] }, ...head],
  },
};

describe("gradients agree with central finite differences", () => {
  test.each(Object.entries(NETWORKS))("%s", async (_name, { input, layers }) => {
    const plan = planLayers(layers, input);
    const step = await openStep(plan);
    const weights = randomVector(plan.weightCount, 11, 0.4);
    const { gradients } = await step(weights);
    const scale = Math.hypot(...gradients);
    for (const parameter of plan.parameters) {
      const found: number[] = [];
      const expected: number[] = [];
      for (let index = parameter.offset; index < parameter.offset + parameter.size; index++) {
        const slope = await slopeAt(step, weights, index, scale);
        if (slope === undefined) continue;
        found.push(gradients[index] as number);
        expected.push(slope);
      }
      expect(expected.length / parameter.size, `${parameter.name}: share without a kink`).toBeGreaterThan(0.4);
      // A gradient that is truly zero, as of a bias before a batch norm, is judged by the size of the others.
      const size = Math.max(Math.hypot(...expected), scale * 0.05);
      const apart = Math.hypot(...found.map((value, index) => value - (expected[index] as number)));
      expect(apart / size, parameter.name).toBeLessThan(1e-2);
    }
  });
});

test("of equal maxima exactly one gets the gradient", async () => {
  // A flat patch: every value of each window is equal. All of them getting the gradient would make it 4 or 9 times as large.
  for (const pool of [{ size: 2 }, { size: 3, stride: 2 }]) {
    const layers: Layer[] = [
      { type: "conv", filters: 1, kernel: 1, bias: true },
      { type: "max-pool", ...pool },
      { type: "global-average-pool" },
      { type: "dense", units: 2 },
    ];
    const plan = planLayers(layers, [1, 6, 6]);
    const model = buildTrainingModel(plan, 1);
    const session = await InferenceSession.create(model.onnx);
    const weights = Float32Array.of(1, 0, 1, -1, 0, 0); // kernel, bias, dense [1, 2], its bias
    const feeds = {
      images: new Tensor("float32", new Float32Array(36).fill(0.5), [1, 1, 6, 6]),
      targets: new Tensor("float32", Float32Array.of(0, 1), [1, 2]),
      weights: new Tensor("float32", weights, [plan.weightCount]),
    };
    const outputs = await session.run(feeds);
    const p = floats(outputs, "probabilities")[0] as number;
    // d loss / d bias of the convolution = sum over logits of (p - target) * dense weight.
    expect(floats(outputs, "gradients")[1]).toBeCloseTo(p * 1 + (1 - p - 1) * -1, 5);
  }
});

function conv(filters: number, kernel: number, stride = 1, padding: "same" | "valid" | number = "same"): Layer {
  return { type: "conv", filters, kernel, stride, padding };
}

type Step = (weights: Float32Array) => Promise<{ loss: number; gradients: Float32Array }>;

async function openStep(plan: Plan): Promise<Step> {
  const model = buildTrainingModel(plan, BATCH);
  const session = await InferenceSession.create(model.onnx);
  const feeds = inputs(plan, model);
  return async (weights) => {
    const output = await session.run({ ...feeds, weights: new Tensor("float32", weights, [weights.length]) });
    return {
      loss: floats(output, "loss")[0] as number,
      gradients: floats(output, "gradients"),
    };
  };
}

function floats(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  return (outputs[name] as Tensor).data as Float32Array;
}

function inputs(plan: Plan, model: TrainingModel): Record<string, Tensor> {
  const size = plan.input.reduce<number>((product, side) => product * side, BATCH);
  const targets = new Float32Array(BATCH * CLASSES).map((_, index) => (index % CLASSES === 1 ? 0.7 : 0.1));
  const dropouts = model.dropouts.map(({ name, size: width }) => [
    name,
    new Tensor(
      "float32",
      randomVector(BATCH * width, 5, 1).map((value) => (value > 0 ? 2 : 0)),
      [BATCH, width],
    ),
  ]);
  return {
    images: new Tensor("float32", randomVector(size, 7, 1), [BATCH, ...plan.input]),
    targets: new Tensor("float32", targets, [BATCH, CLASSES]),
    ...Object.fromEntries(dropouts),
  };
}

/**
 * Central difference of the loss by one weight; undefined where a kink (of a maximum or of ReLU) lies between the two
 * points, which shows as different slopes on both sides.
 */
async function slopeAt(step: Step, weights: Float32Array, index: number, scale: number): Promise<number | undefined> {
  const at = async (change: number) => {
    const moved = weights.slice();
    moved[index] = (moved[index] as number) + change;
    return (await step(moved)).loss;
  };
  const width = 3e-3;
  const [before, here, after] = [await at(-width), await at(0), await at(width)];
  const kink = Math.abs(after - here - (here - before)) / width;
  return kink > 0.003 * scale + 3e-4 ? undefined : (after - before) / (2 * width);
}

function randomVector(size: number, seed: number, scale: number): Float32Array {
  const random = seededRandom(seed);
  return new Float32Array(size).map(() => normal(random) * scale);
}
