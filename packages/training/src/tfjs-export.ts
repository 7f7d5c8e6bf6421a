import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Parameter,
  type Plan,
  type PlannedBatchNorm,
  type PlannedConv,
  type PlannedDense,
  type PlannedLayer,
  type PlannedResidual,
  type Shape,
  sizeOf,
} from "./plan.ts";

/** A LayersModel as tfjs saves and loads it: the text of `model.json` and the bytes of `weights.bin`. */
export interface TfjsModel {
  readonly modelJson: TfjsModelJson;
  /** Little-endian float32, in the order of the manifest. */
  readonly weights: Uint8Array;
}

/** The format is that of tfjs's own `model.save()`; the topology within is Keras's. */
export interface TfjsModelJson {
  readonly format: "layers-model";
  readonly generatedBy: string;
  readonly convertedBy: null;
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly {
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: "float32";
    }[];
  }[];
}

/** A parameter under its Keras name, in Keras's order of dimensions. */
interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

interface KerasLayer {
  readonly class_name: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes: readonly unknown[];
}

/**
 * A value between two layers: the Keras layer that makes it and, when it is flat, the image it was flattened from. tfjs
 * flattens with the channels innermost, we with the channels outermost, so whatever is indexed by such a vector has to be permuted.
 */
interface Flow {
  readonly from: string;
  readonly flattened: Shape | undefined;
}

const weightsFile = "weights.bin";

/**
 * Writes a trained network as a tfjs LayersModel: input [N, height, width, channels] normalised as the architecture
 * says, output probabilities [N, classes].
 *
 * @param weights flat, as the plan places them
 * @param statistics running means and variances, flat, as the plan places them
 * @throws Error naming the layer that tfjs cannot express
 */
export function toTfjsLayersModel(plan: Plan, weights: Float32Array, statistics: Float32Array): TfjsModel {
  if (weights.length !== plan.weightCount || statistics.length !== plan.statisticCount)
    throw new Error(
      `the network has ${plan.weightCount} weights and ${plan.statisticCount} statistics, ` +
        `got ${weights.length} and ${statistics.length}`,
    );
  return new TfjsWriter(weights, statistics).model(plan);
}

/**
 * Saves a model as `model.json` and `weights.bin` in a folder, which is made where it is missing. Each file appears whole
 * or not at all, the weights first.
 *
 * @throws Error of the file system: no space, no permission
 */
export async function writeTfjs(folder: string, { modelJson, weights }: TfjsModel): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, weightsFile), weights);
  await writeWhole(join(folder, "model.json"), `${JSON.stringify(modelJson)}\n`);
}

async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  try {
    await writeFile(part, content, { flush: true });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

class TfjsWriter {
  private readonly layers: KerasLayer[] = [];
  private readonly tensors: Tensor[] = [];
  private readonly weights: Float32Array;
  private readonly statistics: Float32Array;

  constructor(weights: Float32Array, statistics: Float32Array) {
    this.weights = weights;
    this.statistics = statistics;
  }

  model(plan: Plan): TfjsModel {
    const input = "input";
    this.layers.push({
      class_name: "InputLayer",
      name: input,
      config: { name: input, batch_input_shape: [null, ...channelsLast(plan.input)], dtype: "float32", sparse: false },
      inbound_nodes: [],
    });
    const logits = this.sequence(plan.layers, { from: input, flattened: undefined });
    if (plan.output.length !== 1 || logits.flattened)
      throw new Error("a tfjs model cannot be made of a network whose last layer is not dense or a global pool");
    const output = this.layer("Activation", "probabilities", { activation: "softmax" }, logits);
    const config = {
      name: "beckon",
      layers: this.layers,
      input_layers: [[input, 0, 0]],
      output_layers: [[output.from, 0, 0]],
    };
    return {
      modelJson: {
        format: "layers-model",
        generatedBy: "Beckon",
        convertedBy: null,
        // `Model` is what every version of tfjs and Keras 2 calls a functional model.
        modelTopology: { class_name: "Model", config, keras_version: "2.15.0", backend: "tensorflow" },
        weightsManifest: [
          {
            paths: [weightsFile],
            weights: this.tensors.map(({ name, shape }) => ({ name, shape, dtype: "float32" as const })),
          },
        ],
      },
      weights: concatenated(this.tensors.map(({ data }) => data)),
    };
  }

  private sequence(layers: readonly PlannedLayer[], input: Flow): Flow {
    return layers.reduce((flow, layer) => this.planned(layer, flow), input);
  }

  private planned(layer: PlannedLayer, input: Flow): Flow {
    const { name } = layer;
    switch (layer.type) {
      case "conv":
        return this.conv(layer, input);
      case "batch-norm":
        return this.batchNorm(layer, input);
      case "relu":
        return this.layer("Activation", name, { activation: "relu" }, input);
      case "max-pool":
        return this.layer(
          "MaxPooling2D",
          name,
          { ...window("pool_size", layer.spec.size, layer.stride), padding: layer.spec.padding ?? "valid" },
          input,
        );
      case "average-pool":
        return this.layer(
          "AveragePooling2D",
          name,
          { ...window("pool_size", layer.spec.size, layer.spec.size), padding: "valid" },
          input,
        );
      case "global-average-pool":
        return this.layer("GlobalAveragePooling2D", name, { data_format: "channels_last" }, input);
      case "zero-pad":
        return this.zeroPad(name, layer.spec.amount, input);
      case "flatten":
        return this.flatten(name, layer.input, input);
      case "dropout":
        return this.layer("Dropout", name, { rate: layer.spec.rate }, input);
      case "dense":
        return this.dense(layer, input);
      case "residual":
        return this.residual(layer, input);
    }
  }

  private conv(layer: PlannedConv, input: Flow): Flow {
    const { name, spec, kernel, bias } = layer;
    const padding = spec.padding ?? "same";
    const padded = typeof padding === "number" && padding > 0 ? this.zeroPad(`${name}-pad`, padding, input) : input;
    const depthwise = spec.filters === "depthwise";
    // Ours is [out, in, height, width]; Keras's [height, width, in, out], and depthwise [height, width, channels, 1].
    const order = depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0];
    this.tensor(
      `${name}/${depthwise ? "depthwise_kernel" : "kernel"}`,
      order.map((axis) => kernel.shape[axis] ?? 1),
      transposed(this.values(kernel), kernel.shape, order),
    );
    if (bias) this.tensor(`${name}/bias`, bias.shape, this.values(bias));
    return this.layer(
      depthwise ? "DepthwiseConv2D" : "Conv2D",
      name,
      {
        ...(depthwise ? { depth_multiplier: 1 } : { filters: layer.output[0] }),
        ...window("kernel_size", spec.kernel, layer.stride),
        padding: padding === "same" ? "same" : "valid",
        use_bias: bias !== undefined,
        activation: "linear",
      },
      padded,
    );
  }

  private batchNorm(layer: PlannedBatchNorm, input: Flow): Flow {
    const { name, gamma, beta, statistic, epsilon } = layer;
    const { channels, offset, momentum } = statistic;
    const running = (index: number) =>
      this.statistics.subarray(offset + index * channels, offset + (index + 1) * channels);
    const parts = {
      gamma: this.values(gamma),
      beta: this.values(beta),
      moving_mean: running(0),
      moving_variance: running(1),
    };
    for (const [part, values] of Object.entries(parts))
      this.tensor(`${name}/${part}`, [channels], channelsInnermost(values, input.flattened));
    return this.layer("BatchNormalization", name, { axis: -1, momentum, epsilon, center: true, scale: true }, input);
  }

  private dense(layer: PlannedDense, input: Flow): Flow {
    const { name, kernel, bias, spec } = layer;
    this.tensor(`${name}/kernel`, kernel.shape, channelsInnermost(this.values(kernel), input.flattened));
    this.tensor(`${name}/bias`, bias.shape, this.values(bias));
    const config = { units: spec.units, use_bias: true, activation: "linear" };
    return { ...this.layer("Dense", name, config, input), flattened: undefined };
  }

  private flatten(name: string, shape: Shape, input: Flow): Flow {
    const [, height = 1, width = 1] = shape;
    const flow = this.layer("Flatten", name, { data_format: "channels_last" }, input);
    return { ...flow, flattened: height * width > 1 ? shape : undefined };
  }

  private zeroPad(name: string, amount: number, input: Flow): Flow {
    const padding = [
      [amount, amount],
      [amount, amount],
    ];
    return this.layer("ZeroPadding2D", name, { padding, data_format: "channels_last" }, input);
  }

  private residual(layer: PlannedResidual, input: Flow): Flow {
    const body = this.sequence(layer.body, input);
    const shortcut = this.sequence(layer.shortcut, input);
    if (body.flattened?.join() !== shortcut.flattened?.join())
      throw new Error(
        `${layer.name}: a tfjs model cannot add these two branches, because only one of them keeps the order of a flattened image`,
      );
    return this.layer("Add", layer.name, {}, body, shortcut);
  }

  /** Adds a layer; what it gives out is ordered like its first input. */
  private layer(className: string, name: string, config: Readonly<Record<string, unknown>>, ...inputs: Flow[]): Flow {
    this.layers.push({
      class_name: className,
      name,
      config: { name, trainable: true, dtype: "float32", ...config },
      inbound_nodes: [inputs.map(({ from }) => [from, 0, 0, {}])],
    });
    return { from: name, flattened: inputs[0]?.flattened };
  }

  private tensor(name: string, shape: readonly number[], data: Float32Array): void {
    this.tensors.push({ name, shape, data });
  }

  private values({ offset, size }: Parameter): Float32Array {
    return this.weights.subarray(offset, offset + size);
  }
}

function window(sizeKey: "kernel_size" | "pool_size", size: number, stride: number) {
  return { [sizeKey]: [size, size], strides: [stride, stride], data_format: "channels_last" };
}

function channelsLast(shape: Shape): readonly number[] {
  return shape.length === 3 ? [shape[1], shape[2], shape[0]] : shape;
}

/** Reorders values whose first dimension runs over a flattened image: from channels outermost to channels innermost. */
function channelsInnermost(values: Float32Array, image: Shape | undefined): Float32Array {
  if (!image) return values;
  return transposed(values, [...image, values.length / sizeOf(image)], [1, 2, 0, 3]);
}

/** A copy of a row-major tensor with its dimensions in another order: dimension `i` of the copy is `order[i]` of the tensor. */
function transposed(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
  const result = new Float32Array(data.length);
  let filled = 0;
  const walk = (level: number, from: number): void => {
    const axis = order[level];
    if (axis === undefined) {
      result[filled++] = data[from] ?? 0;
      return;
    }
    for (let index = 0; index < (shape[axis] ?? 1); index++) walk(level + 1, from + index * (strides[axis] ?? 1));
  };
  walk(0, 0);
  return result;
}

function concatenated(parts: readonly Float32Array[]): Uint8Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return new Uint8Array(all.buffer);
}
