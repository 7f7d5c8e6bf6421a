import { normal, seededRandom } from "@beckon/synthetic";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
// The build for Node leaves the gradients out.
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, expect, test } from "vitest";
import { findArchitecture } from "../architectures/catalogue.ts";
import type { Conv, Layer } from "../layers.ts";
import { type Plan, type PlannedConv, type PlannedLayer, planLayers, type Shape } from "../plan.ts";
import { buildTrainingModel } from "./training.ts";

const BATCH = 3;
const CLASSES = 4;
const head: Layer[] = [{ type: "flatten" }, { type: "dense", units: CLASSES }];
const norm: Layer = { type: "batch-norm" };
const relu: Layer = { type: "relu" };

const NETWORKS: Record<string, { input: Shape; layers: readonly Layer[] }> = {
  dense: {
    input: [6],
    layers: [
      { type: "dense", units: 5 },
      { type: "dense", units: CLASSES },
    ],
  },
  relu: { input: [2, 5, 5], layers: [conv(3, 3), relu, conv(3, 3), relu, ...head] },
  "conv same": { input: [2, 6, 6], layers: [conv(3, 3), conv(3, 5), ...head] },
  "conv of an even kernel, same": { input: [2, 6, 6], layers: [conv(3, 4), conv(3, 2), ...head] },
  "conv 1x1": { input: [3, 5, 5], layers: [conv(4, 1), conv(2, 1), ...head] },
  "conv valid": { input: [2, 7, 7], layers: [conv(3, 3, 1, "valid"), conv(2, 3, 1, "valid"), ...head] },
  "conv stride 2 same, even side": { input: [2, 8, 8], layers: [conv(3, 3, 2), conv(3, 3, 2), ...head] },
  "conv stride 2 same, odd side": { input: [2, 9, 9], layers: [conv(3, 3, 2), conv(3, 3, 2), ...head] },
  "conv stride 3 valid with a rest": { input: [2, 13, 13], layers: [conv(3, 3), conv(3, 2, 3, "valid"), ...head] },
  "conv 1x1 stride 2": { input: [2, 6, 6], layers: [conv(3, 3), conv(3, 1, 2), ...head] },
  "conv on padding given by number": { input: [2, 9, 9], layers: [conv(3, 3), conv(3, 5, 2, 2), ...head] },
  "conv without bias": { input: [2, 5, 5], layers: [conv(3, 3), { ...conv(3, 3), bias: false }, ...head] },
  "conv depthwise": { input: [3, 6, 6], layers: [conv(4, 1), depthwise(3), conv(3, 1), ...head] },
  "conv depthwise stride 2": { input: [3, 7, 7], layers: [conv(4, 1), depthwise(5, 2), conv(3, 1), ...head] },
  "batch norm of images": { input: [2, 5, 5], layers: [conv(3, 3), norm, relu, conv(3, 3), norm, ...head] },
  "batch norm of vectors": {
    input: [6],
    layers: [{ type: "dense", units: 5 }, norm, relu, { type: "dense", units: CLASSES }],
  },
  "max-pool": { input: [2, 8, 8], layers: [conv(3, 3), { type: "max-pool", size: 2 }, conv(2, 3), ...head] },
  "max-pool with a rest": { input: [2, 8, 8], layers: [conv(3, 3), { type: "max-pool", size: 3 }, ...head] },
  "max-pool overlapping": {
    input: [2, 9, 9],
    layers: [conv(3, 3), { type: "max-pool", size: 3, stride: 2 }, conv(2, 3), ...head],
  },
  "max-pool same, overlapping": {
    input: [2, 8, 8],
    layers: [conv(3, 3), { type: "max-pool", size: 3, stride: 2, padding: "same" }, ...head],
  },
  "average-pool": { input: [2, 8, 8], layers: [conv(3, 3), { type: "average-pool", size: 2 }, ...head] },
  "average-pool with a rest": { input: [2, 8, 8], layers: [conv(3, 3), { type: "average-pool", size: 3 }, ...head] },
  "global average pool": {
    input: [2, 5, 5],
    layers: [conv(6, 3), { type: "global-average-pool" }, { type: "dense", units: CLASSES }],
  },
  "zero-pad": { input: [2, 5, 5], layers: [conv(3, 3), { type: "zero-pad", amount: 2 }, conv(2, 3, 2), ...head] },
  "dropout of vectors": {
    input: [6],
    layers: [
      { type: "dense", units: 8 },
      { type: "dropout", rate: 0.25 },
      { type: "dense", units: CLASSES },
    ],
  },
  "dropout of images": { input: [2, 5, 5], layers: [conv(4, 3), { type: "dropout", rate: 0.5 }, conv(2, 3), ...head] },
  residual: { input: [2, 6, 6], layers: [conv(3, 3), { type: "residual", body: [conv(3, 3), relu] }, ...head] },
  "residual with a shortcut": {
    input: [2, 7, 7],
    layers: [
      conv(3, 3),
      { type: "residual", body: [conv(4, 3, 2), norm, relu, conv(4, 3)], shortcut: [conv(4, 1, 2), norm] },
      relu,
      ...head,
    ],
  },
  "residual in a residual": {
    input: [2, 5, 5],
    layers: [{ type: "residual", body: [{ type: "residual", body: [conv(2, 3)] }, conv(2, 3)] }, ...head],
  },
  // All of them together, as the gradient of one becomes the input of the next.
  "the network of a test": { input: [3, 32, 32], layers: findArchitecture("signs-cnn").layers({ classes: CLASSES }) },
};

beforeAll(async () => {
  await tf.setBackend("cpu");
});

test.each(Object.entries(NETWORKS))("loss and gradients are those of tfjs: %s", async (_name, { input, layers }) => {
  const plan = planLayers(layers, input);
  const numbers = drawNumbers(plan);
  const ours = await byTrainingGraph(plan, numbers);
  const theirs = byTfjs(plan, numbers);

  expect(Math.abs(ours.loss / theirs.loss - 1)).toBeLessThan(1e-5);
  const scale = Math.hypot(...ours.gradients);
  expect(scale).toBeGreaterThan(0.01);
  for (const { name, offset, size } of plan.parameters) {
    const [found, expected] = [ours, theirs].map(({ gradients }) => gradients.subarray(offset, offset + size));
    const apart = Math.hypot(...(found ?? []).map((value, index) => value - (expected?.[index] as number)));
    // The gradient of a bias before a batch norm is truly zero: rounding is judged by the size of the others there.
    expect(apart / Math.max(Math.hypot(...(expected ?? [])), scale * 0.01), name).toBeLessThan(1e-4);
  }
});

function conv(filters: number, kernel: number, stride = 1, padding: "same" | "valid" | number = "same"): Conv {
  return { type: "conv", filters, kernel, stride, padding };
}

function depthwise(kernel: number, stride = 1): Layer {
  return { type: "conv", filters: "depthwise", kernel, stride };
}

interface Numbers {
  readonly images: Float32Array;
  readonly targets: Float32Array;
  readonly weights: Float32Array;
  /** For each dropout, in order. */
  readonly factors: readonly Float32Array[];
}

interface Outcome {
  readonly loss: number;
  readonly gradients: Float32Array;
}

function drawNumbers(plan: Plan): Numbers {
  const random = seededRandom(3);
  const normals = (size: number, scale: number) => new Float32Array(size).map(() => normal(random) * scale);
  const weights = new Float32Array(plan.weightCount);
  for (const { offset, size, fanIn, name } of plan.parameters) {
    const centre = name.endsWith(".gamma") ? 1 : 0;
    weights.set(
      normals(size, 0.3 + 1 / Math.sqrt(fanIn)).map((value) => value * 0.7 + centre),
      offset,
    );
  }
  // Targets of two classes each, uneven: a mix-up of rows or classes shows.
  const targets = new Float32Array(BATCH * CLASSES);
  for (let row = 0; row < BATCH; row++) {
    targets[row * CLASSES + (row % CLASSES)] = 0.8;
    targets[row * CLASSES + ((row + 1) % CLASSES)] = 0.2;
  }
  const factors = buildTrainingModel(plan, BATCH).dropouts.map(({ size, rate }) =>
    new Float32Array(BATCH * size).map(() => (random() < rate ? 0 : 1 / (1 - rate))),
  );
  const length = plan.input.reduce<number>((product, side) => product * side, BATCH);
  return { images: normals(length, 1), targets, weights, factors };
}

async function byTrainingGraph(plan: Plan, { images, targets, weights, factors }: Numbers): Promise<Outcome> {
  const { onnx, dropouts } = buildTrainingModel(plan, BATCH);
  const session = await InferenceSession.create(onnx, { logSeverityLevel: 3 });
  const outputs = await session.run({
    images: new Tensor("float32", images, [BATCH, ...plan.input]),
    targets: new Tensor("float32", targets, [BATCH, CLASSES]),
    weights: new Tensor("float32", weights, [plan.weightCount]),
    ...Object.fromEntries(
      dropouts.map(({ name, size }, index) => [
        name,
        new Tensor("float32", factors[index] as Float32Array, [BATCH, size]),
      ]),
    ),
  });
  await session.release();
  const floats = (name: string) => outputs[name]?.data as Float32Array;
  return { loss: floats("loss")[0] as number, gradients: floats("gradients") };
}

/** The same function written with tfjs's own operators, channels last, and differentiated by tfjs. */
function byTfjs(plan: Plan, { images, targets, weights, factors }: Numbers): Outcome {
  return tf.tidy(() => {
    const parameters = plan.parameters.map(({ shape, offset, size }) =>
      tf.tensor(weights.slice(offset, offset + size), [...shape]),
    );
    const lossOf = (...values: tf.Tensor[]) => {
      const values_ = new Map(plan.parameters.map((parameter, index) => [parameter, values[index] as tf.Tensor]));
      const network = new TfjsNetwork((parameter) => values_.get(parameter) as tf.Tensor, [...factors]);
      const logits = network.sequence(plan.layers, channelsLast(tf.tensor(images, [BATCH, ...plan.input])));
      const likelihood = tf.sum(tf.mul(tf.logSoftmax(logits), tf.tensor(targets, [BATCH, CLASSES])), 1);
      return tf.neg(tf.mean(likelihood)) as tf.Scalar;
    };
    const gradients = new Float32Array(plan.weightCount);
    tf.grads(lossOf)(parameters).forEach((gradient, index) => {
      gradients.set(gradient.dataSync() as Float32Array, plan.parameters[index]?.offset);
    });
    return { loss: lossOf(...parameters).dataSync()[0] as number, gradients };
  });
}

class TfjsNetwork {
  private readonly weight: (parameter: Plan["parameters"][number]) => tf.Tensor;
  private readonly factors: Float32Array[];

  constructor(weight: (parameter: Plan["parameters"][number]) => tf.Tensor, factors: Float32Array[]) {
    this.weight = weight;
    this.factors = factors;
  }

  sequence(layers: readonly PlannedLayer[], input: tf.Tensor): tf.Tensor {
    return layers.reduce((tensor, layer) => this.layer(layer, tensor), input);
  }

  private layer(layer: PlannedLayer, x: tf.Tensor): tf.Tensor {
    const image = x as tf.Tensor4D;
    switch (layer.type) {
      case "conv":
        return this.conv(layer, image);
      case "batch-norm": {
        const { mean, variance } = tf.moments(x, x.rank === 4 ? [0, 1, 2] : [0]);
        const centred = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, layer.epsilon)));
        return tf.add(tf.mul(centred, this.weight(layer.gamma)), this.weight(layer.beta));
      }
      case "relu":
        return tf.relu(x);
      case "max-pool":
        return tf.maxPool(image, layer.spec.size, layer.stride, layer.spec.padding ?? "valid");
      case "average-pool":
        return tf.avgPool(image, layer.spec.size, layer.spec.size, "valid");
      case "global-average-pool":
        return tf.mean(image, [1, 2]);
      case "zero-pad":
        return padded(image, layer.spec.amount);
      case "flatten":
        return tf.reshape(tf.transpose(image, [0, 3, 1, 2]), [BATCH, -1]);
      case "dropout": {
        const factors = tf.tensor(this.factors.shift() as Float32Array, [BATCH, ...layer.input]);
        return tf.mul(x, channelsLast(factors));
      }
      case "dense":
        return tf.add(tf.matMul(x as tf.Tensor2D, this.weight(layer.kernel) as tf.Tensor2D), this.weight(layer.bias));
      case "residual":
        return tf.add(this.sequence(layer.body, x), this.sequence(layer.shortcut, x));
    }
  }

  private conv({ spec, stride, groups, kernel, bias }: PlannedConv, image: tf.Tensor4D): tf.Tensor {
    const padding = spec.padding ?? "same";
    const input = typeof padding === "number" ? padded(image, padding) : image;
    const rule = typeof padding === "number" ? "valid" : padding;
    const order = groups > 1 ? [2, 3, 0, 1] : [2, 3, 1, 0];
    const filter = tf.transpose(this.weight(kernel) as tf.Tensor4D, order);
    const output =
      groups > 1 ? tf.depthwiseConv2d(input, filter, stride, rule) : tf.conv2d(input, filter, stride, rule);
    return bias ? tf.add(output, this.weight(bias)) : output;
  }
}

function padded(image: tf.Tensor4D, amount: number): tf.Tensor4D {
  const sides: [number, number] = [amount, amount];
  return tf.pad(image, [[0, 0], sides, sides, [0, 0]]);
}

function channelsLast(tensor: tf.Tensor): tf.Tensor {
  return tensor.rank === 4 ? tf.transpose(tensor, [0, 2, 3, 1]) : tensor;
}
