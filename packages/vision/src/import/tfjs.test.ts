import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import {
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
  sequential,
  input as symbolicInput,
} from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBundle } from "../bundle.ts";
import { BundleError } from "../bundle-error.ts";
import { onnxEngine } from "../engines/onnx.ts";
import { tfjsEngine } from "../engines/tfjs.ts";
import { startTfjs } from "../engines/tfjs-backend.ts";
import { writeTfjsFiles } from "../tfjs-files.ts";
import { softmax } from "./probe.ts";
import { importTfjs } from "./tfjs.ts";

const HEIGHT = 20;
const WIDTH = 17;
const LABELS = ["fist", "palm", "nothing"];
const picture = Float32Array.from({ length: HEIGHT * WIDTH * 3 }, (_, i) => Math.sin(i * 7.3));

/** Every weight another value, and the same every time; variances above zero. */
function withWeights<M extends LayersModel>(net: M): M {
  net.setWeights(
    net.getWeights().map(({ shape }, n) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from(
        { length: size },
        (_, i) => Math.sin(i * 12.9 + n) * 0.4 + (shape.length === 1 ? 0.6 : 0),
      );
      return tf.tensor(values, shape);
    }),
  );
  return net;
}

const apply = (layer: SymbolicTensor["sourceLayer"], on: SymbolicTensor | SymbolicTensor[]) =>
  layer.apply(on) as SymbolicTensor;

/** Built as Teachable Machine's are: models inside a model, MobileNet's layers, a residual connection. */
function teachable(): LayersModel {
  const start = symbolicInput({ shape: [HEIGHT, WIDTH, 3] });
  const steps = [
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [1, 2],
      ],
    }),
    layers.conv2d({ filters: 6, kernelSize: 3, strides: 2, padding: "valid", useBias: false }),
    layers.batchNormalization({ epsilon: 0.001 }),
    layers.reLU({ maxValue: 6 }),
  ];
  const trunk = steps.reduce((x, layer) => apply(layer, x), start);
  const branch = [
    layers.depthwiseConv2d({ kernelSize: 3, padding: "same", depthMultiplier: 1, activation: "relu6" }),
    layers.conv2d({ filters: 6, kernelSize: 1 }),
    layers.dropout({ rate: 0.5 }),
  ].reduce((x, layer) => apply(layer, x), trunk);
  const base = model({ inputs: start, outputs: apply(layers.add(), [trunk, branch]) });
  const features = sequential({ layers: [base, layers.globalAveragePooling2d({ dataFormat: "channelsLast" })] });
  const head = sequential({
    layers: [
      layers.dense({ inputShape: [6], units: 5, activation: "relu" }),
      layers.dense({ units: 3, activation: "softmax", useBias: false }),
    ],
  });
  return withWeights(sequential({ layers: [features, head] }));
}

/** The rest of the layers, in a plain net that gives logits. */
function plain(): LayersModel {
  const start = symbolicInput({ shape: [HEIGHT, WIDTH, 3] });
  const left = [
    layers.conv2d({ filters: 4, kernelSize: [3, 2], strides: 2, padding: "same", activation: "tanh" }),
    layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same", dataFormat: "channelsLast" }),
    layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "valid" }),
    layers.leakyReLU({ alpha: 0.2 }),
  ].reduce((x, layer) => apply(layer, x), start);
  const right = [
    layers.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, padding: "same" }),
    layers.averagePooling2d({ poolSize: 2, strides: 2, padding: "same", dataFormat: "channelsLast" }),
    layers.activation({ activation: "sigmoid" }),
    layers.conv2d({ filters: 8, kernelSize: 3, dilationRate: 1 }),
  ].reduce((x, layer) => apply(layer, x), start);
  const joined = apply(layers.concatenate({ axis: 3 }), [left, right]);
  const end = [
    layers.reshape({ targetShape: [9, 2, 8] }),
    layers.flatten(),
    layers.batchNormalization({ scale: false }),
    layers.dense({ units: 3 }),
  ].reduce((x, layer) => apply(layer, x), joined);
  return withWeights(model({ inputs: start, outputs: end }));
}

describe("importTfjs", () => {
  let root = "";
  let count = 0;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "beckon-import-tfjs-"));
    await startTfjs("tfjs-wasm");
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  async function exported(net: LayersModel, metadata?: object): Promise<string> {
    const folder = join(root, `export-${count++}`);
    await mkdir(folder);
    await net.save({
      save: async (artifacts) => {
        await writeTfjsFiles(folder, artifacts);
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
      },
    });
    if (metadata) await writeFile(join(folder, "metadata.json"), JSON.stringify(metadata));
    return folder;
  }

  const answer = (net: LayersModel): Float32Array =>
    tf.tidy(() =>
      (net.predict(tf.tensor4d(picture, [1, HEIGHT, WIDTH, 3])) as tf.Tensor).dataSync<"float32">().slice(),
    );

  async function expectBothEngines(folder: string, expected: Float32Array): Promise<void> {
    const bundle = await loadBundle(folder);
    for (const engine of [await onnxEngine(bundle, { provider: "cpu" }), await tfjsEngine(bundle, "tfjs-wasm")]) {
      const found = await engine.run(picture, 1);
      expected.forEach((value, i) => {
        expect(Math.abs(found[i]! - value)).toBeLessThan(1e-4);
      });
      expect(await engine.run(Float32Array.from([...picture, ...picture]), 2)).toHaveLength(6);
      await engine.close();
    }
  }

  it("makes a bundle for both engines of Teachable Machine's export", async () => {
    const net = teachable();
    const folder = await exported(net, { packageName: "@teachablemachine/image", labels: LABELS, imageSize: 224 });
    const out = join(root, "teachable");
    const { notes } = await importTfjs({ folder, name: "teachable", out });
    expect(notes).toEqual([
      "input: 17x20, NHWC, from the model",
      "colours: guessed RGB: what nearly all models take; --colours changes it",
      "scale: guessed -1..1: what Teachable Machine does; --scale changes it",
      "fit: guessed cover: what Teachable Machine does; --fit changes it",
      "output: guessed probabilities: its outputs add up to 1; --logits changes it",
    ]);
    const { card, labels } = await loadBundle(out);
    expect(labels).toEqual(LABELS);
    expect(card.input).toMatchObject({ layout: "NHWC", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], fit: "cover" });
    expect(card.sha256.tfjs).toBeDefined();
    expect(await readFile(join(out, "tfjs", "weights.bin"))).toEqual(await readFile(join(folder, "weights.bin")));
    const expected = answer(net);
    expect(Math.max(...expected)).toBeLessThan(0.99);
    await expectBothEngines(out, expected);
  });

  it("puts a softmax behind logits, in both of the bundle's models", async () => {
    const net = plain();
    const logits = answer(net);
    const out = join(root, "plain");
    const { notes } = await importTfjs({ folder: await exported(net), labels: LABELS, name: "plain", out });
    expect(notes.at(-1)).toContain("output: guessed logits");
    expect(Math.max(...softmax(logits))).toBeLessThan(0.99);
    await expectBothEngines(out, softmax(logits));
  });

  it("keeps no tensor of what it imported", async () => {
    const folder = await exported(plain());
    const before = tf.memory().numTensors;
    await importTfjs({ folder, labels: LABELS, name: "plain", out: join(root, "again") });
    expect(tf.memory().numTensors).toBe(before);
  });

  it("refuses what it cannot use, in one line", async () => {
    const unusual = sequential({
      layers: [layers.flatten({ inputShape: [8, 8, 3] }), layers.dense({ units: 3, activation: "hardSigmoid" })],
    });
    const grey = sequential({ layers: [layers.flatten({ inputShape: [8, 8, 1] }), layers.dense({ units: 3 })] });
    const image = sequential({ layers: [layers.conv2d({ inputShape: [8, 8, 3], filters: 3, kernelSize: 3 })] });
    const huge = sequential({
      layers: [
        layers.globalAveragePooling2d({ inputShape: [4096, 4096, 3], dataFormat: "channelsLast" }),
        layers.dense({ units: 3 }),
      ],
    });
    const good = await exported(plain());
    const options = { labels: LABELS, name: "bad", out: join(root, "bad") };
    for (const [folder, own, message] of [
      [await exported(unusual), {}, /no ONNX operator for the activation hardSigmoid; export it to ONNX/],
      [await exported(grey), {}, /takes \[8,8,1\]; a classifier of pictures takes \[height, width, 3\]/],
      [await exported(image), {}, /gives \[6,6,3\], not one row of classes/],
      [await exported(huge), {}, /takes 4096x4096 pixels; 8 to 1024 a side can be used/],
      [good, { labels: ["a", "b"] }, /gives 3 classes, the labels name 2/],
      [good, { output: "probabilities" as const }, /do not add up to 1/],
      [good, { size: [9, 9] as const }, /takes 17x20 pixels, not 9x9/],
      [good, { out: good }, /holds other files/],
      [join(root, "absent"), {}, /model\.json: no such file/],
    ] as const) {
      const error = await importTfjs({ folder, ...options, ...own }).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(BundleError);
      expect(String(error)).not.toContain("\n");
      await expect(Promise.reject(error)).rejects.toThrow(message);
    }
    await expect(importTfjs({ folder: good, name: "bad", out: options.out })).rejects.toThrow(
      "give them with --labels",
    );
  });
});
