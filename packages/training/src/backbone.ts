import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import {
  type Bundle,
  BundleError,
  decodeModel,
  encodeModel,
  type InputSpec,
  type OnnxModel,
  type OnnxNode,
  tensorLength,
  writeTensor,
} from "@beckon/vision";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { cacheFolder, cachePath, markUsed, writeCached } from "./cache-folder.ts";
import type { FeatureSource } from "./feed.ts";
import type { PreparedData } from "./prepare-data.ts";
import type { TrainingOptions } from "./training-run.ts";

/** A trained model without its last dense layer. */
export interface Backbone {
  /** Length of the feature vector. */
  readonly features: number;
  /** Runs every sample through once and keeps the features on disk; an earlier run's file is used again. */
  computeFeatures(
    data: PreparedData,
    input: InputSpec,
    options: Pick<TrainingOptions, "signal" | "onEvent">,
  ): Promise<FeatureSource>;
  /**
   * The backbone with a new head: pictures in, probabilities out.
   *
   * @param weights kernel [features, classes], then bias [classes]
   */
  withHead(weights: Float32Array, classes: number): Uint8Array;
}

/** Where the old head was cut off. */
interface Cut {
  /** Name of the tensor that the new head reads, and its length for one picture. */
  readonly feature: string;
  readonly features: number;
  /** All nodes that the feature needs, and so none of the old head. */
  readonly nodes: readonly OnnxNode[];
  /** The input for pictures, and its batch where the model fixes it. */
  readonly images: string;
  readonly batch: number | undefined;
  /**
   * Names of the old head's tensors: under the same names a later training of the whole network finds the new ones.
   * None of them is used by the nodes that stay.
   */
  readonly kernel: string;
  readonly bias: string;
}

/** Pictures that one run of the backbone takes. */
const BATCH = 32;

/** Raised when what the file of features holds, or how they are computed, changes. */
const FORMAT = 2;

/** What may stand between a head and the output: shifting, scaling, reshaping its scores, and making probabilities of them. */
const AFTER_HEAD = new Set([
  ...["Add", "Sub", "Mul", "Div", "Cast", "Identity", "Dropout", "BatchNormalization"],
  ...["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Softmax", "LogSoftmax", "Sigmoid"],
]);

/**
 * Takes the head off a model: the last matrix product on the way to its output, and what follows it.
 *
 * @throws BundleError when the model does not end in a dense layer
 */
export function openBackbone(bundle: Bundle): Backbone {
  const model = decodeModel(bundle.onnx);
  const cut = cutHead(bundle, model);
  return {
    features: cut.features,
    computeFeatures: (data, input, options) => computeFeatures(bundle, model, cut, data, input, options),
    withHead: (weights, classes) => withHead(model, cut, weights, classes),
  };
}

function cutHead(bundle: Bundle, model: OnnxModel): Cut {
  const makers = new Map(model.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const stored = new Map(model.initializers.map((tensor) => [tensor.name, tensor]));
  // Old files list stored tensors among the inputs too.
  const images = model.inputs.find(({ name }) => !stored.has(name));
  const computed = computedFrom(model, images?.name ?? "");
  const follow = (tensor: string | undefined): OnnxNode | undefined => {
    let node = tensor === undefined ? undefined : makers.get(tensor);
    while (node && node.opType !== "Gemm" && node.opType !== "MatMul") {
      const inputs: string[] = AFTER_HEAD.has(node.opType) ? node.inputs.filter((input) => computed.has(input)) : [];
      node = inputs.length === 1 ? makers.get(inputs[0] as string) : undefined;
    }
    return node;
  };
  const dense = follow(model.outputs[0]?.name);
  const [feature, kernel = ""] = dense?.inputs ?? [];
  const dims = stored.get(kernel)?.dims ?? constantDims(makers.get(kernel));
  if (!dense || !images || dims?.length !== 2 || feature === undefined || !computed.has(feature)) {
    throw new BundleError(`${bundle.folder}: does not end in a dense layer, so no new head can be put on it`);
  }
  const transposed = dense.attributes?.["transB"];
  const side = transposed && "int" in transposed && transposed.int === 1 ? 1 : 0;
  const nodes = nodesBefore(model, makers, feature);
  const batch = images.dims?.[0];
  const taken = new Set([images.name, ...nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])]);
  return {
    feature,
    features: dims[side] as number,
    nodes,
    images: images.name,
    batch: typeof batch === "number" && batch > 0 ? batch : undefined,
    kernel: freeName(taken, kernel),
    bias: freeName(taken, dense.inputs[2] || "head.bias"),
  };
}

/** All tensors that change with the picture; what a graph computes from constants alone is not among them. */
function computedFrom(model: OnnxModel, images: string): Set<string> {
  const computed = new Set([images]);
  for (const { inputs, outputs } of model.nodes) {
    if (inputs.some((input) => computed.has(input))) for (const output of outputs) computed.add(output);
  }
  return computed;
}

function constantDims(node: OnnxNode | undefined): readonly number[] | undefined {
  const value = node?.opType === "Constant" ? node.attributes?.["value"] : undefined;
  return value && "tensor" in value ? value.tensor.dims : undefined;
}

/** The name, with as many dashes behind it as make it new. */
function freeName(taken: Set<string>, name: string): string {
  const free = taken.has(name) ? freeName(taken, `${name}-`) : name;
  taken.add(free);
  return free;
}

/** The nodes that a tensor depends on, in the order of the model. */
function nodesBefore(model: OnnxModel, makers: ReadonlyMap<string, OnnxNode>, tensor: string): OnnxNode[] {
  const needed = new Set<OnnxNode>();
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = makers.get(name);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    open.push(...node.inputs);
  }
  return model.nodes.filter((node) => needed.has(node));
}

function withHead(model: OnnxModel, cut: Cut, weights: Float32Array, classes: number): Uint8Array {
  const split = cut.features * classes;
  const body = bodyOf(model, cut);
  const taken = new Set([cut.kernel, cut.bias, cut.images, ...cut.nodes.flatMap(({ outputs }) => outputs)]);
  const logits = freeName(taken, "logits");
  const probabilities = freeName(taken, "probabilities");
  return encodeModel({
    ...body,
    nodes: [
      ...body.nodes,
      { opType: "Gemm", inputs: [cut.feature, cut.kernel, cut.bias], outputs: [logits] },
      { opType: "Softmax", inputs: [logits], outputs: [probabilities], attributes: { axis: { int: 1 } } },
    ],
    initializers: [
      ...body.initializers,
      { name: cut.kernel, type: "float", dims: [cut.features, classes], data: weights.slice(0, split) },
      { name: cut.bias, type: "float", dims: [classes], data: weights.slice(split, split + classes) },
    ],
    outputs: [{ name: probabilities, type: "float", dims: [cut.batch ?? "N", classes] }],
  });
}

/** The model up to the feature, which is its output, without what only the old head used. */
function bodyOf(model: OnnxModel, cut: Cut): OnnxModel {
  const used = new Set([cut.images, cut.feature, ...cut.nodes.flatMap(({ inputs }) => inputs)]);
  const isUsed = ({ name }: { readonly name: string }) => used.has(name);
  return {
    ...model,
    nodes: cut.nodes,
    initializers: model.initializers.filter(isUsed),
    inputs: model.inputs.filter(isUsed),
    outputs: [{ name: cut.feature, type: "float", dims: [cut.batch ?? "N", cut.features] }],
  };
}

async function computeFeatures(
  bundle: Bundle,
  model: OnnxModel,
  cut: Cut,
  data: PreparedData,
  input: InputSpec,
  { signal, onEvent }: Pick<TrainingOptions, "signal" | "onEvent">,
): Promise<FeatureSource> {
  // The name of the store stands for its pictures: files, times of change, shape.
  const key = createHash("sha256")
    .update(bundle.onnx)
    .update(JSON.stringify([FORMAT, data.store.path, data.samples.length, input]))
    .digest("hex");
  const path = cachePath(cacheFolder("features"), "features", key);
  const source: FeatureSource = { kind: "features", path, size: cut.features };
  await markUsed(path);
  if ((await bytesOf(path)) === data.samples.length * cut.features * Float32Array.BYTES_PER_ELEMENT) return source;
  const session = await openBody(bundle, model, cut);
  try {
    await writeCached(path, async (file) => {
      const size = cut.batch ?? BATCH;
      for (let start = 0; start < data.samples.length; start += size) {
        signal?.throwIfAborted();
        const count = Math.min(size, data.samples.length - start);
        const features = await featuresOf(session, bundle, cut, data, input, start, count);
        await file.writeFile(new Uint8Array(features.buffer));
        onEvent?.({ type: "features", done: start + count, total: data.samples.length });
      }
      await file.sync();
    });
  } finally {
    await session.release();
  }
  return source;
}

async function bytesOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function openBody(bundle: Bundle, model: OnnxModel, cut: Cut): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(encodeModel(bodyOf(model, cut)), { logSeverityLevel: 4 });
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    throw new BundleError(`${bundle.folder}: cannot be run without its head: ${line}`, { cause: error });
  }
}

async function featuresOf(
  session: InferenceSession,
  bundle: Bundle,
  cut: Cut,
  data: PreparedData,
  input: InputSpec,
  start: number,
  count: number,
): Promise<Float32Array> {
  const { width, height } = input;
  const size = tensorLength(input);
  // A model with a fixed batch gets the missing pictures as zeros.
  const rows = cut.batch ?? count;
  const images = new Float32Array(rows * size);
  const picture = new Uint8Array(width * height * 3);
  for (let row = 0; row < count; row++) {
    data.store.read(start + row, picture, 0);
    writeTensor({ width, height, data: picture }, input, images, row * size);
  }
  const dims = input.layout === "NCHW" ? [rows, 3, height, width] : [rows, height, width, 3];
  const outputs = await session.run({ [cut.images]: new Tensor("float32", images, dims) });
  const features = outputs[cut.feature]?.data;
  if (!(features instanceof Float32Array) || features.length !== rows * cut.features) {
    throw new BundleError(`${bundle.folder}: its last dense layer reads no ${cut.features} values of each picture`);
  }
  // A copy of its own: the runtime's array may be a view into a larger buffer.
  return features.slice(0, count * cut.features);
}
