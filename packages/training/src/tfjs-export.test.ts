import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@beckon/synthetic";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import { findArchitecture } from "./architectures/catalogue.ts";
import { buildInferenceModel } from "./graph/inference.ts";
import type { Layer } from "./layers.ts";
import { type Plan, planLayers, type Shape } from "./plan.ts";
import { type TfjsModel, toTfjsLayersModel, writeTfjs } from "./tfjs-export.ts";

const pictures = 2;

/** Weights of every sign, means around 0, variances around 1: nothing may be left out unnoticed. */
function randomState(plan: Plan, random: () => number) {
  const weights = new Float32Array(plan.weightCount);
  for (const { name, offset, size, fanIn } of plan.parameters) {
    const scale = Math.sqrt(3 / fanIn);
    for (let i = 0; i < size; i++)
      weights[offset + i] = name.endsWith(".gamma") ? 0.5 + random() : (2 * random() - 1) * scale;
  }
  const statistics = new Float32Array(plan.statisticCount);
  for (const { offset, channels } of plan.statistics)
    for (let i = 0; i < 2 * channels; i++) statistics[offset + i] = i < channels ? random() - 0.5 : 0.5 + random();
  return { weights, statistics };
}

async function onnxProbabilities(bytes: Uint8Array, images: Float32Array, shape: Shape): Promise<Float32Array> {
  const session = await InferenceSession.create(bytes);
  const feed = new Tensor("float32", images, [pictures, ...shape]);
  const { probabilities } = await session.run({ images: feed });
  await session.release();
  return probabilities?.data as Float32Array;
}

async function tfjsProbabilities(model: TfjsModel, images: Float32Array, shape: Shape): Promise<Float32Array> {
  const { modelTopology, weightsManifest } = JSON.parse(JSON.stringify(model.modelJson));
  const loaded = await loadLayersModel({
    load: async () => ({
      modelTopology,
      weightSpecs: weightsManifest[0].weights,
      weightData: model.weights.slice().buffer,
    }),
  });
  const output = tf.tidy(() => {
    const channelsFirst = tf.tensor(images, [pictures, ...shape]);
    return loaded.predict(shape.length === 3 ? tf.transpose(channelsFirst, [0, 2, 3, 1]) : channelsFirst) as tf.Tensor;
  });
  const probabilities = (await output.data()) as Float32Array;
  output.dispose();
  loaded.dispose();
  return probabilities;
}

/** The largest difference between the two, and how far the classes are apart: a flat answer would prove nothing. */
async function compare(layers: readonly Layer[], shape: Shape) {
  const plan = planLayers(layers, shape);
  const random = seededRandom(plan.weightCount, 7);
  const { weights, statistics } = randomState(plan, random);
  const images = Float32Array.from({ length: pictures * shape.reduce((a, b) => a * b, 1) }, () => 2 * random() - 1);
  const onnx = await onnxProbabilities(buildInferenceModel(plan, weights, statistics), images, shape);
  const tfjs = await tfjsProbabilities(toTfjsLayersModel(plan, weights, statistics), images, shape);
  expect(tfjs.length).toBe(onnx.length);
  return {
    difference: Math.max(...tfjs.map((value, index) => Math.abs(value - (onnx[index] ?? Number.NaN)))),
    spread: Math.max(...onnx) - Math.min(...onnx),
  };
}

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("a network written for tfjs answers as its ONNX graph does", () => {
  it.each([
    ["own", 5],
    ["hand-cnn", 2],
    ["signs-cnn", 6],
  ])("%s", { timeout: 30_000 }, async (name, classes) => {
    const { layers, side } = findArchitecture(name);
    const { difference, spread } = await compare(layers({ classes }), [3, side, side]);
    expect(spread).toBeGreaterThan(0.01);
    expect(difference).toBeLessThan(1e-4);
  });

  const norm: Layer = { type: "batch-norm" };
  const networks: Record<string, readonly Layer[]> = {
    "a depthwise step down with uneven padding": [
      { type: "conv", filters: "depthwise", kernel: 3, stride: 2 },
      { type: "conv", filters: 8, kernel: 1 },
      { type: "global-average-pool" },
    ],
    "numeric padding, zeros around, and pools of both kinds": [
      { type: "zero-pad", amount: 2 },
      { type: "conv", filters: 6, kernel: 3, stride: 2, padding: 1 },
      { type: "max-pool", size: 3, stride: 2, padding: "same" },
      { type: "average-pool", size: 2 },
      { type: "flatten" },
    ],
    "a shortcut of its own, and batch norm and dropout on a flattened image": [
      {
        type: "residual",
        body: [{ type: "conv", filters: 5, kernel: 3, stride: 2 }, norm],
        shortcut: [{ type: "conv", filters: 5, kernel: 1, stride: 2, bias: false }, norm],
      },
      { type: "relu" },
      { type: "flatten" },
      norm,
      { type: "dropout", rate: 0.5 },
      { type: "residual", body: [{ type: "relu" }, norm] },
      { type: "dense", units: 9 },
      norm,
    ],
  };
  it.each(Object.entries(networks))("%s", async (_, layers) => {
    const { difference, spread } = await compare([...layers, { type: "dense", units: 4 }], [3, 12, 12]);
    expect(spread).toBeGreaterThan(0.01);
    expect(difference).toBeLessThan(1e-4);
  });
});

describe("what a tfjs model cannot hold is refused", () => {
  const write = (layers: readonly Layer[], missing = 0) => {
    const plan = planLayers(layers, [3, 4, 4]);
    return toTfjsLayersModel(plan, new Float32Array(plan.weightCount - missing), new Float32Array(plan.statisticCount));
  };
  it("a sum of a flattened image and a dense layer", () => {
    const residual: Layer = { type: "residual", body: [{ type: "dense", units: 48 }] };
    expect(() => write([{ type: "flatten" }, residual, { type: "dense", units: 2 }])).toThrow(
      /^residual-1: a tfjs model cannot add these two branches/,
    );
  });
  it("a flattened image as the answer", () => {
    expect(() => write([{ type: "flatten" }])).toThrow("whose last layer is not dense");
  });
  it("weights of another network", () => {
    expect(() => write([{ type: "flatten" }, { type: "dense", units: 2 }], 1)).toThrow("has 98 weights");
  });
});

describe("a tfjs model on disk", () => {
  it("is model.json and weights.bin, with nothing left beside them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "beckon-tfjs-"));
    try {
      const plan = planLayers(findArchitecture("signs-cnn").layers({ classes: 6 }), [3, 64, 64]);
      const model = toTfjsLayersModel(plan, new Float32Array(plan.weightCount).fill(0.5), new Float32Array(0));
      const target = join(folder, "tfjs");
      await writeTfjs(target, model);
      await writeTfjs(target, model);
      expect((await readdir(target)).sort()).toEqual(["model.json", "weights.bin"]);
      expect(JSON.parse(await readFile(join(target, "model.json"), "utf8"))).toEqual(model.modelJson);
      expect((await readFile(join(target, "weights.bin"))).length).toBe(4 * 1286);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
