import { mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { normal, seededRandom } from "@beckon/synthetic";
import {
  type Bundle,
  BundleError,
  decodeModel,
  encodeModel,
  type InputSpec,
  loadBundle,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  onnxEngine,
  openClassifier,
  saveBundle,
  tensorLength,
  writeTensor,
} from "@beckon/vision";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBackbone } from "./backbone.ts";
import { openFeed } from "./feed.ts";
import { buildInferenceModel } from "./graph/inference.ts";
import { initialState } from "./initial-weights.ts";
import { planLayers } from "./plan.ts";
import { type PreparedData, prepareData } from "./prepare-data.ts";
import { train } from "./train.ts";
import { drawCounts, quickOptions, SIGNS, statefulNet } from "./training-fixture.ts";
import type { TrainingEvent } from "./training-run.ts";

let folder = "";
let data = "";
let runs = 0;
const { TMPDIR } = process.env;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-backbone-"));
  // Pixels and features are kept in the temporary folder: a private one shows what is left there.
  process.env["TMPDIR"] = folder;
  data = join(folder, "data");
  await drawCounts(data, 12, 32);
});
afterAll(async () => {
  if (TMPDIR === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = TMPDIR;
  await rm(folder, { recursive: true, force: true });
});

const newRun = () => join(folder, `run-${++runs}`);

async function featureFiles(): Promise<string[]> {
  const caches = (await readdir(folder)).filter((name) => name.startsWith("beckon-features-"));
  const files = await Promise.all(
    caches.map(async (name) => (await readdir(join(folder, name))).map((file) => join(folder, name, file))),
  );
  return files.flat();
}

describe("a new head on a trained network", () => {
  let base = "";
  beforeAll(async () => {
    const changes = { architecture: statefulNet, side: 32, recipe: { epochs: 6, batch: 8 } };
    base = (await train(quickOptions(data, newRun(), changes))).bundle;
  });

  /** Trains a head on three of the signs and returns how many pictures went through the backbone for it. */
  async function transfer(startFrom: string, signs = ["0", "1", "5"]) {
    let computed = 0;
    const onEvent = (event: TrainingEvent) => {
      if (event.type === "features") computed = event.done;
    };
    const recipe = { epochs: 30, batch: 8, optimiser: { type: "adam", rate: 0.06 } as const };
    const options = quickOptions(data, newRun(), { startFrom, freeze: true, classes: signs, recipe, onEvent });
    const result = await train(options);
    return { ...result, computed };
  }

  test("is learned on features that are computed once, and gives a bundle that classifies", async () => {
    const first = await transfer(base);
    expect(first.computed).toBe(36);
    expect(await featureFiles()).toEqual([expect.stringMatching(/\.f32$/)]);
    const second = await transfer(base);
    expect(second.computed).toBe(0);
    expect(await readFile(join(second.bundle, "model.onnx"))).toEqual(await readFile(join(first.bundle, "model.onnx")));

    // Guessing among three costs ln 3 = 1.1.
    expect(first.history.at(-1)?.trainLoss).toBeLessThan(0.9);
    const [old, fresh] = [await loadBundle(base), await loadBundle(first.bundle)];
    expect(fresh.labels).toEqual(["0", "1", "5"]);
    expect(fresh.card.input).toEqual(old.card.input);
    const kernel = ({ onnx }: Bundle) => decodeModel(onnx).initializers.find(({ name }) => name === "conv-1.kernel");
    expect(kernel(fresh)).toEqual(kernel(old));

    const classifier = await openClassifier(fresh, { engine: "onnx-cpu" });
    const store = await prepared(fresh.card.input, ["0", "1", "5"]);
    const pictures = store.samples.map((_, index) => pictureOf(store, index, fresh.card.input));
    const scores = await classifier.classifyBatch(pictures);
    await classifier.close();
    store.store.close();
    const right = store.samples.filter(({ label }, row) => {
      const own = scores.subarray(row * 3, row * 3 + 3);
      return own[label] === Math.max(...own);
    });
    // What the trainer said of its epochs must hold for the bundle as it ships.
    expect(right.length / store.samples.length).toBeGreaterThan(0.55);
  });

  test("computes them anew for other pictures and for another backbone", async () => {
    await transfer(base);
    expect((await transfer(base, ["0", "1", "2"])).computed).toBe(36);
    const other = (
      await train(quickOptions(data, newRun(), { architecture: statefulNet, side: 32, seed: 4, recipe: { epochs: 1 } }))
    ).bundle;
    expect((await transfer(other)).computed).toBe(36);
  });

  test("computes them anew where a file was cut short, and leaves nothing when it is stopped", async () => {
    const bundle = await loadBundle(base);
    const backbone = openBackbone(bundle);
    const pictures = await prepared(bundle.card.input, SIGNS);
    const { path } = (await backbone.computeFeatures(pictures, bundle.card.input, {})) as { path: string };
    const whole = await readFile(path);
    expect(whole).toHaveLength(72 * backbone.features * 4);
    await truncate(path, 100);

    const controller = new AbortController();
    const onEvent = () => controller.abort();
    const before = await featureFiles();
    const stopped = backbone.computeFeatures(pictures, bundle.card.input, { signal: controller.signal, onEvent });
    await expect(stopped).rejects.toThrow(/abort/);
    expect(await featureFiles()).toEqual(before);

    await backbone.computeFeatures(pictures, bundle.card.input, {});
    pictures.store.close();
    expect(await readFile(path)).toEqual(whole);
  });

  test("can be put on a network that has other dense layers, and on the result of such a training", async () => {
    const layers = () => [
      { type: "flatten" } as const,
      { type: "dense", units: 5 } as const,
      { type: "relu" } as const,
      { type: "dense", units: 6 } as const,
    ];
    const deep = { ...statefulNet, layers };
    const first = await train(quickOptions(data, newRun(), { architecture: deep, side: 16, recipe: { epochs: 1 } }));
    const again = await transfer((await transfer(first.bundle)).bundle, ["2", "3"]);
    const names = decodeModel((await loadBundle(again.bundle)).onnx).initializers.map(
      ({ name, dims }) => `${name} ${dims}`,
    );
    // Under its old name a later training of the whole network finds it again.
    expect(names.filter((name) => name.startsWith("dense"))).toEqual([
      "dense-1.kernel 768,5",
      "dense-1.bias 5",
      "dense-2.kernel 5,2",
      "dense-2.bias 2",
    ]);
  });
});

test("weights that do not fit the network are refused in one line", async () => {
  const input: InputSpec = { ...foreignInput("NCHW"), width: 32, height: 32 };
  const plan = planLayers([{ type: "flatten" }, { type: "dense", units: 6 }], [3, 32, 32]);
  const { weights, statistics } = initialState(plan, 1);
  const startFrom = newRun();
  await saveBundle(startFrom, {
    card: {
      format: "beckon-model/1",
      name: "flat",
      version: "1",
      architecture: "flat",
      input,
      thresholds: { default: 0 },
    },
    labels: SIGNS,
    onnx: buildInferenceModel(plan, weights, statistics),
  });
  const failure = train(
    quickOptions(data, newRun(), {
      startFrom,
      architecture: {
        ...statefulNet,
        layers: () => [{ type: "conv", filters: 6, kernel: 3 }, { type: "global-average-pool" }],
      },
    }),
  );
  await expect(failure).rejects.toThrow(BundleError);
  await expect(failure).rejects.toThrow(/none of its weights fits stateful: .* add --freeze/);
});

const FEATURES = 4;
const CLASSES = 3;

function foreignInput(layout: InputSpec["layout"]): InputSpec {
  const half: [number, number, number] = [0.5, 0.5, 0.5];
  return { width: 16, height: 16, layout, colours: "RGB", mean: half, std: half, fit: "stretch", kernel: "linear" };
}

function float(name: string, dims: readonly number[], seed: number): FloatTensor {
  const random = seededRandom(seed);
  const size = dims.reduce((product, side) => product * side, 1);
  return { name, dims, type: "float", data: Float32Array.from({ length: size }, () => 2 * normal(random)) };
}

const BODY = float("body", [FEATURES, 3, 1, 1], 1);
type FloatTensor = Extract<OnnxTensor, { type: "float" }>;
/** As a new head takes it: [features, classes]. */
const KERNEL = float("kernel", [FEATURES, CLASSES], 2);
const BIAS = float("bias", [CLASSES], 3);
const TURNED: FloatTensor = {
  ...KERNEL,
  dims: [CLASSES, FEATURES],
  data: Float32Array.from(
    { length: CLASSES * FEATURES },
    (_, index) => KERNEL.data[(index % FEATURES) * CLASSES + Math.floor(index / FEATURES)] as number,
  ),
};

interface Foreign {
  readonly head: readonly OnnxNode[];
  readonly kernel?: OnnxTensor;
  readonly batch?: number | string;
  readonly layout?: InputSpec["layout"];
  readonly change?: Partial<OnnxModel>;
}

/** A model as other tools write them: a convolution, the mean of its channels as the tensor `means`, and some head. */
function foreign({ head, kernel = KERNEL, batch = "N", layout = "NCHW", change = {} }: Foreign): Bundle {
  const input = foreignInput(layout);
  const turn: OnnxNode = {
    opType: "Transpose",
    inputs: ["x"],
    outputs: ["planes"],
    attributes: { perm: { ints: [0, 3, 1, 2] } },
  };
  const onnx = encodeModel({
    name: "foreign",
    opset: 13,
    inputs: [{ name: "x", type: "float", dims: layout === "NCHW" ? [batch, 3, 16, 16] : [batch, 16, 16, 3] }],
    outputs: [{ name: "probabilities", type: "float", dims: [batch, CLASSES] }],
    initializers: [BODY, kernel, BIAS],
    nodes: [
      ...(layout === "NHWC" ? [turn] : []),
      { opType: "Conv", inputs: [layout === "NHWC" ? "planes" : "x", "body"], outputs: ["logits"] },
      {
        opType: "ReduceMean",
        inputs: ["logits"],
        outputs: ["means"],
        attributes: { axes: { ints: [2, 3] }, keepdims: { int: 0 } },
      },
      ...head,
      { opType: "Softmax", inputs: ["scores"], outputs: ["probabilities"], attributes: { axis: { int: 1 } } },
    ],
    ...change,
  });
  const labels = SIGNS.slice(0, CLASSES);
  return {
    folder: "foreign",
    card: {
      format: "beckon-model/1",
      name: "foreign",
      version: "1",
      architecture: "imported",
      input,
      thresholds: { default: 0, classes: {} },
      sha256: { onnx: "" },
      evaluations: [],
      sources: [],
    },
    labels,
    onnx,
  };
}

const gemm: OnnxNode[] = [{ opType: "Gemm", inputs: ["means", "kernel", "bias"], outputs: ["scores"] }];
const transposed: OnnxNode[] = [
  { opType: "Gemm", inputs: ["means", "kernel", "bias"], outputs: ["scores"], attributes: { transB: { int: 1 } } },
];
const product: OnnxNode[] = [
  { opType: "MatMul", inputs: ["means", "kernel"], outputs: ["product"] },
  { opType: "Add", inputs: ["product", "bias"], outputs: ["scores"] },
];
/** The bias and a shape come from constant nodes, which are computed like everything else. */
const constants: OnnxNode[] = [
  { opType: "Constant", inputs: [], outputs: ["bias-constant"], attributes: { value: { tensor: BIAS } } },
  {
    opType: "Constant",
    inputs: [],
    outputs: ["shape"],
    attributes: { value: { tensor: { name: "s", dims: [2], type: "int64", data: BigInt64Array.of(-1n, 3n) } } },
  },
  { opType: "MatMul", inputs: ["means", "kernel"], outputs: ["product"] },
  { opType: "Add", inputs: ["product", "bias-constant"], outputs: ["sum"] },
  { opType: "Reshape", inputs: ["sum", "shape"], outputs: ["scores"] },
];

describe("a head taken off an imported model and put on again", () => {
  test.each<[string, Bundle]>([
    ["Gemm", foreign({ head: gemm })],
    ["Gemm with its kernel transposed", foreign({ head: transposed, kernel: TURNED })],
    ["MatMul and Add", foreign({ head: product })],
    ["constants in nodes", foreign({ head: constants })],
    ["a batch of exactly 1", foreign({ head: gemm, batch: 1 })],
    ["a batch of exactly 5", foreign({ head: gemm, batch: 5 })],
    ["channels last", foreign({ head: gemm, layout: "NHWC" })],
    [
      "weights among the inputs, as in old files",
      foreign({
        head: gemm,
        change: {
          irVersion: 3,
          inputs: [
            { name: "kernel", type: "float", dims: KERNEL.dims },
            { name: "body", type: "float", dims: BODY.dims },
            { name: "bias", type: "float", dims: BIAS.dims },
            { name: "x", type: "float", dims: ["N", 3, 16, 16] },
          ],
        },
      }),
    ],
  ])("gives the same as before: %s", async (_what, bundle) => {
    const { input } = bundle.card;
    const pictures = await prepared(input, bundle.labels);
    const backbone = openBackbone(bundle);
    expect(backbone.features).toBe(FEATURES);
    const head = Float32Array.of(...KERNEL.data, ...BIAS.data);

    const images = new Float32Array(pictures.samples.length * tensorLength(input));
    pictures.samples.forEach((_, index) => {
      writeTensor(pictureOf(pictures, index, input), input, images, index * tensorLength(input));
    });
    const expected = await probabilities(bundle, images);
    expect(new Set(expected).size).toBeGreaterThan(CLASSES);
    expectNear(await probabilities({ ...bundle, onnx: backbone.withHead(head, CLASSES) }, images), expected);

    const feed = openFeed(await backbone.computeFeatures(pictures, input, {}));
    const rows = pictures.samples.map((_, index) => {
      const means = new Float32Array(FEATURES);
      feed.plain(index, means, 0);
      return softmax(
        BIAS.data.map((bias, unit) =>
          means.reduce((sum, mean, at) => sum + mean * (KERNEL.data[at * CLASSES + unit] as number), bias),
        ),
      );
    });
    feed.close();
    pictures.store.close();
    expectNear(Float32Array.from(rows.flatMap((row) => [...row])), expected);
  });

  test.each<[string, readonly OnnxNode[]]>([
    [
      "a convolution",
      [
        { opType: "Conv", inputs: ["logits", "wide"], outputs: ["maps"] },
        { opType: "GlobalAveragePool", inputs: ["maps"], outputs: ["pooled"] },
        { opType: "Flatten", inputs: ["pooled"], outputs: ["scores"] },
      ],
    ],
    [
      "a dense layer somewhere before its end",
      [
        ...gemm.map((node) => ({ ...node, outputs: ["hidden"] })),
        { opType: "Relu", inputs: ["hidden"], outputs: ["scores"] },
      ],
    ],
    ["the product of two computed values", [{ opType: "MatMul", inputs: ["means", "means"], outputs: ["scores"] }]],
  ])("is refused in one line by a model that ends in %s", (_what, head) => {
    const bundle = foreign({ head });
    expect(() => openBackbone(bundle)).toThrow(BundleError);
    expect(() => openBackbone(bundle)).toThrow(
      "foreign: does not end in a dense layer, so no new head can be put on it",
    );
  });
});

function prepared(input: InputSpec, classes: readonly string[]): Promise<PreparedData> {
  return prepareData(quickOptions(data, "", { classes }), input);
}

function pictureOf({ store }: PreparedData, index: number, { width, height }: InputSpec) {
  const picture = { width, height, data: new Uint8Array(width * height * 3) };
  store.read(index, picture.data, 0);
  return picture;
}

async function probabilities(bundle: Bundle, images: Float32Array): Promise<Float32Array> {
  const engine = await onnxEngine(bundle, { provider: "cpu" });
  const scores = await engine.run(images, images.length / tensorLength(bundle.card.input));
  await engine.close();
  return scores;
}

function softmax(scores: Float32Array): Float32Array {
  const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function expectNear(found: Float32Array, expected: Float32Array): void {
  expect(found).toHaveLength(expected.length);
  expect(Math.max(...found.map((value, index) => Math.abs(value - (expected[index] as number))))).toBeLessThan(1e-5);
}
