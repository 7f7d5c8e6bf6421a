import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Bundle,
  type Engine,
  encodeModel,
  loadBundle,
  onnxEngine,
  type Pixels,
  saveBundle,
  tensorLength,
  tfjsEngine,
  writeTensor,
  writeTfjsFiles,
} from "@beckon/vision";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// One small net, written twice by hand: as ONNX (channels first) and as a LayersModel (channels last).
// An even height and an odd width make `same` padding at stride 2 lopsided in one direction only.
const HEIGHT = 16;
const WIDTH = 17;
const FILTERS = 4;
const POOLED = { height: 4, width: 4 };
const LABELS = ["one", "two", "three"];
const EPSILON = 1e-3;

/** Values between -1 and 1 that look random and are the same every time. */
const values = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9 + seed));

/** Moves the dimensions of a row-major tensor, as numpy.transpose does. */
function transposed(data: Float32Array, dims: readonly number[], order: readonly number[]): Float32Array {
  const strides = dims.map((_, d) => dims.slice(d + 1).reduce((a, b) => a * b, 1));
  const sides = order.map((d) => dims[d]!);
  return data.map((_, to) => {
    let rest = to;
    let from = 0;
    for (let d = sides.length - 1; d >= 0; d--) {
      from += (rest % sides[d]!) * strides[order[d]!]!;
      rest = Math.floor(rest / sides[d]!);
    }
    return data[from]!;
  });
}

const conv = { kernel: values(FILTERS * 3 * 9, 1), bias: values(FILTERS, 2) };
const norm = { gamma: values(FILTERS, 3), beta: values(FILTERS, 4), mean: values(FILTERS, 5) };
const variance = values(FILTERS, 6).map((value) => value * value + 0.1);
const flat = FILTERS * POOLED.height * POOLED.width;
const dense = { kernel: values(flat * 3, 7), bias: values(3, 8) };

function onnxModel(): Uint8Array {
  const float = (name: string, dims: number[], data: Float32Array) => ({ name, dims, type: "float" as const, data });
  return encodeModel({
    name: "contract",
    opset: 17,
    inputs: [{ name: "picture", type: "float", dims: ["batch", 3, HEIGHT, WIDTH] }],
    outputs: [{ name: "probabilities", type: "float", dims: ["batch", 3] }],
    initializers: [
      float("conv.kernel", [FILTERS, 3, 3, 3], conv.kernel),
      float("conv.bias", [FILTERS], conv.bias),
      ...Object.entries({ ...norm, variance }).map(([name, data]) => float(name, [FILTERS], data)),
      float("dense.kernel", [flat, 3], dense.kernel),
      float("dense.bias", [3], dense.bias),
    ],
    nodes: [
      {
        opType: "Conv",
        inputs: ["picture", "conv.kernel", "conv.bias"],
        outputs: ["conv"],
        attributes: { strides: { ints: [2, 2] }, pads: { ints: [0, 1, 1, 1] } },
      },
      {
        opType: "BatchNormalization",
        inputs: ["conv", "gamma", "beta", "mean", "variance"],
        outputs: ["normal"],
        attributes: { epsilon: { float: EPSILON } },
      },
      { opType: "Relu", inputs: ["normal"], outputs: ["relu"] },
      {
        opType: "MaxPool",
        inputs: ["relu"],
        outputs: ["pooled"],
        attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
      },
      { opType: "Flatten", inputs: ["pooled"], outputs: ["flat"] },
      { opType: "Gemm", inputs: ["flat", "dense.kernel", "dense.bias"], outputs: ["logits"] },
      { opType: "Softmax", inputs: ["logits"], outputs: ["probabilities"], attributes: { axis: { int: -1 } } },
    ],
  });
}

async function writeLayersModel(folder: string): Promise<void> {
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [HEIGHT, WIDTH, 3], filters: FILTERS, kernelSize: 3, strides: 2, padding: "same" }),
      layers.batchNormalization({ epsilon: EPSILON }),
      layers.reLU(),
      layers.maxPooling2d({ poolSize: 2, dataFormat: "channelsLast" }),
      layers.flatten(),
      layers.dense({ units: 3, activation: "softmax" }),
    ],
  });
  const { height, width } = POOLED;
  const kernel = transposed(dense.kernel, [FILTERS, height, width, 3], [1, 2, 0, 3]);
  model.setWeights([
    tf.tensor(transposed(conv.kernel, [FILTERS, 3, 3, 3], [2, 3, 1, 0]), [3, 3, 3, FILTERS]),
    tf.tensor(conv.bias),
    tf.tensor(norm.gamma),
    tf.tensor(norm.beta),
    tf.tensor(kernel, [flat, 3]),
    tf.tensor(dense.bias),
    tf.tensor(norm.mean),
    tf.tensor(variance),
  ]);
  await model.save({
    save: async (artifacts) => {
      await writeTfjsFiles(folder, artifacts);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    },
  });
}

async function writeBundle(folder: string): Promise<void> {
  const third = [1 / 3, 1 / 3, 1 / 3] as [number, number, number];
  await saveBundle(folder, {
    card: {
      format: "beckon-model/1",
      name: "contract",
      version: "1.0.0",
      architecture: "contract",
      input: {
        width: WIDTH,
        height: HEIGHT,
        layout: "NCHW",
        colours: "RGB",
        mean: [0.4, 0.5, 0.6],
        std: third,
        fit: "stretch",
        kernel: "linear",
      },
      thresholds: { default: 0.5 },
    },
    labels: LABELS,
    onnx: onnxModel(),
    addFiles: (fresh) => writeLayersModel(join(fresh, "tfjs")),
  });
}

function picture(seed: number): Pixels {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 73 + seed * 1009 + ((i * i) % 97)) % 256);
  return { width: WIDTH, height: HEIGHT, data };
}

/** The whole net in plain loops, in double precision: what both engines must agree with. */
function direct(x: Float32Array): number[] {
  const convolved = (f: number, oy: number, ox: number) => {
    let sum = conv.bias[f]!;
    for (let c = 0; c < 3; c++)
      for (let k = 0; k < 9; k++) {
        const y = oy * 2 + Math.floor(k / 3);
        const xx = ox * 2 + (k % 3) - 1;
        if (y < HEIGHT && xx >= 0 && xx < WIDTH)
          sum += x[(c * HEIGHT + y) * WIDTH + xx]! * conv.kernel[(f * 3 + c) * 9 + k]!;
      }
    const normal = (sum - norm.mean[f]!) / Math.sqrt(variance[f]! + EPSILON);
    return Math.max(0, normal * norm.gamma[f]! + norm.beta[f]!);
  };
  const logits = [...dense.bias];
  for (let i = 0; i < flat; i++) {
    const [f, py, px] = [Math.floor(i / 16), Math.floor(i / 4) % 4, i % 4];
    const window = [0, 1, 2, 3].map((k) => convolved(f, 2 * py + (k >> 1), 2 * px + (k & 1)));
    for (let unit = 0; unit < 3; unit++) logits[unit]! += Math.max(...window) * dense.kernel[i * 3 + unit]!;
  }
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

const ENGINES: readonly { name: string; open: (bundle: Bundle) => Promise<Engine> }[] = [
  { name: "onnx-cpu", open: (bundle) => onnxEngine(bundle, { provider: "cpu" }) },
  { name: "tfjs-wasm", open: (bundle) => tfjsEngine(bundle, "tfjs-wasm") },
];

describe.each(ENGINES)("the engine $name", ({ name, open }) => {
  let folder = "";
  let bundle: Bundle;
  let engine: Engine;
  let batch: Float32Array;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "beckon-contract-"));
    await tf.setBackend("cpu");
    await writeBundle(join(folder, "contract"));
    bundle = await loadBundle(join(folder, "contract"));
    engine = await open(bundle);
    batch = new Float32Array(3 * tensorLength(bundle.card.input));
    for (let i = 0; i < 3; i++) writeTensor(picture(i), bundle.card.input, batch, i * tensorLength(bundle.card.input));
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });

  const one = (i: number) =>
    batch.slice(i * tensorLength(bundle.card.input), (i + 1) * tensorLength(bundle.card.input));

  it("says what it is", () => {
    expect(engine.name).toBe(name);
  });

  it("knows the checksum of every file it runs", () => {
    expect(Object.keys(bundle.card.sha256)).toEqual(["onnx", "tfjs"]);
  });

  it("gives the probabilities of plain loops to 1e-4", async () => {
    for (const i of [0, 1, 2]) {
      const found = await engine.run(one(i), 1);
      const expected = direct(one(i));
      // A net that is certain of everything would agree with anything.
      expect(Math.max(...expected)).toBeLessThan(0.99);
      expect(found).toHaveLength(3);
      expected.forEach((value, unit) => {
        expect(Math.abs(found[unit]! - value)).toBeLessThan(1e-4);
      });
    }
  });

  it("gives three pictures at once what it gives them one by one", async () => {
    const together = await engine.run(batch, 3);
    const singles = await Promise.all([0, 1, 2].map((i) => engine.run(one(i), 1)));
    singles
      .flatMap((row) => [...row])
      .forEach((value, i) => {
        expect(together[i]).toBeCloseTo(value, 6);
      });
    expect(together).toHaveLength(9);
  });

  it("leaves the batch as it was, and its answer to the caller", async () => {
    const copy = batch.slice();
    const first = await engine.run(batch, 3);
    const kept = first.slice();
    await engine.run(one(1), 1);
    expect(batch).toEqual(copy);
    expect(first).toEqual(kept);
  });

  it("refuses a batch of another size, and says which it needs", async () => {
    await expect(engine.run(batch, 2)).rejects.toThrow(/1632 values/);
    await expect(engine.run(one(0).subarray(1), 1)).rejects.toThrow(RangeError);
  });

  it("can be closed twice, and then runs no more", async () => {
    const other = await open(bundle);
    await other.close();
    await other.close();
    await expect(other.run(one(0), 1)).rejects.toThrow("closed");
    await expect(engine.run(one(0), 1)).resolves.toHaveLength(3);
  });
});
