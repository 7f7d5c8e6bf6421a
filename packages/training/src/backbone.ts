import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** Name of the tensor that the new head reads, and what makes it: all nodes but those of the old head. */
interface Cut {
  readonly feature: string;
  readonly features: number;
  readonly nodes: readonly OnnxNode[];
}

/** Pictures that one run of the backbone takes. */
const BATCH = 32;

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
  const follow = (tensor: string | undefined): OnnxNode | undefined => {
    let node = tensor === undefined ? undefined : makers.get(tensor);
    while (node && node.opType !== "Gemm" && node.opType !== "MatMul") {
      // Softmax, bias, reshaping: one of their inputs is computed, the others are stored.
      const computed = node.inputs.filter((input) => makers.has(input));
      node = computed.length === 1 ? makers.get(computed[0] as string) : undefined;
    }
    return node;
  };
  const dense = follow(model.outputs[0]?.name);
  const kernel = stored.get(dense?.inputs[1] ?? "");
  const feature = dense?.inputs[0];
  if (!dense || !kernel || feature === undefined || kernel.dims.length !== 2) {
    throw new BundleError(`${bundle.folder}: does not end in a dense layer, so no new head can be put on it`);
  }
  const transposed = dense.attributes?.["transB"];
  const side = transposed && "int" in transposed && transposed.int === 1 ? 1 : 0;
  return { feature, features: kernel.dims[side] as number, nodes: nodesBefore(model, makers, feature) };
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
  return encodeModel({
    ...model,
    ...onlyUsed(model, cut),
    nodes: [
      ...cut.nodes,
      { opType: "Gemm", inputs: [cut.feature, "dense-1.kernel", "dense-1.bias"], outputs: ["logits"] },
      { opType: "Softmax", inputs: ["logits"], outputs: ["probabilities"], attributes: { axis: { int: 1 } } },
    ],
    initializers: [
      ...onlyUsed(model, cut).initializers,
      { name: "dense-1.kernel", type: "float", dims: [cut.features, classes], data: weights.slice(0, split) },
      { name: "dense-1.bias", type: "float", dims: [classes], data: weights.slice(split, split + classes) },
    ],
    outputs: [{ name: "probabilities", type: "float", dims: ["N", classes] }],
  });
}

function onlyUsed(model: OnnxModel, cut: Cut): Pick<OnnxModel, "initializers"> {
  const used = new Set(cut.nodes.flatMap((node) => node.inputs));
  const own = new Set(["dense-1.kernel", "dense-1.bias"]);
  return { initializers: model.initializers.filter(({ name }) => used.has(name) && !own.has(name)) };
}

async function computeFeatures(
  bundle: Bundle,
  model: OnnxModel,
  cut: Cut,
  data: PreparedData,
  input: InputSpec,
  { signal, onEvent }: Pick<TrainingOptions, "signal" | "onEvent">,
): Promise<FeatureSource> {
  const key = createHash("sha256")
    .update(bundle.onnx)
    .update(data.store.path)
    .update(JSON.stringify(input))
    .digest("hex");
  const folder = join(tmpdir(), `beckon-features-${process.getuid?.() ?? "user"}`);
  const path = join(folder, `${key.slice(0, 24)}.f32`);
  const source: FeatureSource = { kind: "features", path, size: cut.features };
  if (existsSync(path)) return source;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const backbone = encodeModel({
    ...model,
    ...onlyUsed(model, cut),
    nodes: cut.nodes,
    outputs: [{ name: cut.feature, type: "float", dims: ["N", cut.features] }],
  });
  const session = await InferenceSession.create(backbone, { logSeverityLevel: 3 });
  const file = await open(`${path}.tmp`, "w");
  try {
    for (let start = 0; start < data.samples.length; start += BATCH) {
      signal?.throwIfAborted();
      const count = Math.min(BATCH, data.samples.length - start);
      await file.writeFile(new Uint8Array((await featuresOf(session, data, input, start, count)).buffer));
      onEvent?.({ type: "features", done: start + count, total: data.samples.length });
    }
    await file.close();
    await rename(`${path}.tmp`, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(`${path}.tmp`, { force: true });
    throw error;
  } finally {
    await session.release();
  }
  return source;
}

async function featuresOf(
  session: InferenceSession,
  data: PreparedData,
  input: InputSpec,
  start: number,
  count: number,
): Promise<Float32Array> {
  const { width, height } = input;
  const size = tensorLength(input);
  const images = new Float32Array(count * size);
  const picture = new Uint8Array(width * height * 3);
  for (let row = 0; row < count; row++) {
    data.store.read(start + row, picture, 0);
    writeTensor({ width, height, data: picture }, input, images, row * size);
  }
  const dims = input.layout === "NCHW" ? [count, 3, height, width] : [count, height, width, 3];
  const [name] = session.inputNames;
  const outputs = await session.run({ [name as string]: new Tensor("float32", images, dims) });
  const features = outputs[session.outputNames[0] as string]?.data as Float32Array;
  // A copy of its own: the runtime's array may be a view into a larger buffer.
  return features.slice();
}
