import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel, SymbolicTensor } from "@tensorflow/tfjs-layers";
import { encodeModel, type OnnxNode, type OnnxTensor } from "../onnx-file.ts";

/** A layer for which we have no ONNX operators. */
export class UnsupportedLayer extends Error {
  constructor(layer: string, detail: string) {
    super(`layer ${layer}: ${detail}`);
    this.name = "UnsupportedLayer";
  }
}

type Layer = SymbolicTensor["sourceLayer"];
type Attributes = NonNullable<OnnxNode["attributes"]>;
/** The ONNX name of what each tensor of a (nested) model holds, by the tensor's id. */
type Scope = Map<number, string>;

/**
 * Writes a LayersModel of one picture in and one row of classes out as an ONNX file with the same input,
 * [batch, height, width, 3], and the same output.
 *
 * Inside, images lie channels first, as ONNX wants them; they are turned back where the order shows (flatten, reshape).
 *
 * @throws UnsupportedLayer for a layer outside of the usual ones of image classifiers
 */
export function layersToOnnx(model: LayersModel): Uint8Array {
  const [input] = model.inputs;
  const [output] = model.outputs;
  if (!input || !output) throw new UnsupportedLayer(model.name, "no input or no output");
  const writer = new Writer();
  const first = writer.node("Transpose", ["picture"], { perm: { ints: [0, 3, 1, 2] } });
  const last = writer.value(output, new Map([[input.id, first]]));
  const result = writer.node("Identity", [last]);
  return encodeModel({
    name: "layers-model",
    opset: 17,
    inputs: [{ name: "picture", type: "float", dims: sides(input) }],
    outputs: [{ name: result, type: "float", dims: sides(output) }],
    initializers: writer.initializers,
    nodes: writer.nodes,
  });
}

function sides({ shape }: SymbolicTensor): (number | string)[] {
  return shape.map((side, i) => side ?? ["batch", "height", "width", "channels"][i] ?? "");
}

/** Layers that do something while training only. */
const IDENTITIES = new Set([
  "Dropout",
  "SpatialDropout2D",
  "GaussianNoise",
  "GaussianDropout",
  "AlphaDropout",
  "ActivityRegularization",
]);

const MERGES: Readonly<Record<string, string>> = { Add: "Add", Multiply: "Mul", Maximum: "Max", Minimum: "Min" };

class Writer {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  private count = 0;

  /** The name of the value of `tensor`; writes the nodes that make it when they are not there yet. */
  value(tensor: SymbolicTensor, scope: Scope): string {
    const known = scope.get(tensor.id);
    if (known !== undefined) return known;
    const inputs = tensor.inputs.map((input) => this.value(input, scope));
    const [first] = inputs;
    const [from] = tensor.inputs;
    if (first === undefined || !from) throw new UnsupportedLayer(tensor.name, "not connected to the model's input");
    const made = this.layer(tensor, from, inputs, first);
    scope.set(tensor.id, made);
    return made;
  }

  node(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = `${opType.toLowerCase()}-${++this.count}`;
    this.nodes.push({ name, opType, inputs, outputs: [name], attributes });
    return name;
  }

  private layer(tensor: SymbolicTensor, from: SymbolicTensor, inputs: readonly string[], x: string): string {
    const layer = tensor.sourceLayer;
    const kind = layer.getClassName();
    const config = configOf(layer);
    if (isModel(layer)) return this.nested(layer, tensor, inputs);
    if (IDENTITIES.has(kind)) return x;
    const merge = MERGES[kind];
    if (merge !== undefined) return inputs.reduce((sum, other) => this.node(merge, [sum, other]));
    switch (kind) {
      case "Conv2D":
      case "DepthwiseConv2D":
      case "SeparableConv2D":
        return this.convolution(layer, config, from, x);
      case "BatchNormalization":
        return this.batchNorm(layer, config, from, x);
      case "Dense":
        if (from.shape.length !== 2) throw new UnsupportedLayer(layer.name, "a Dense layer on an image");
        return this.activation(layer, config.text("activation"), this.dense(layer, x));
      case "Activation":
        return this.activation(layer, config.text("activation"), x);
      case "ReLU":
        return this.relu(config.number("maxValue"), x);
      case "LeakyReLU":
        return this.node("LeakyRelu", [x], { alpha: { float: config.number("alpha") ?? 0.3 } });
      case "Softmax":
        return this.activation(layer, "softmax", x);
      case "MaxPooling2D":
        return this.node("MaxPool", [x], windowAttributes(config, config.pair("poolSize")));
      case "AveragePooling2D":
        return this.node("AveragePool", [x], windowAttributes(config, config.pair("poolSize")));
      case "GlobalAveragePooling2D":
        return this.node("Flatten", [this.node("GlobalAveragePool", [x])]);
      case "GlobalMaxPooling2D":
        return this.node("Flatten", [this.node("GlobalMaxPool", [x])]);
      case "ZeroPadding2D":
        return this.zeroPadding(config, x);
      case "Flatten":
        return this.node("Flatten", [this.channelsLast(from, x)]);
      case "Reshape":
        return this.reshape(tensor, from, x);
      case "Concatenate":
        return this.concatenate(config, from, inputs);
      case "Rescaling":
        return this.rescaling(config, x);
      default:
        throw new UnsupportedLayer(layer.name, `no ONNX operator for a layer of kind ${kind}`);
    }
  }

  /** A model used as a layer: its own tensors get names of their own for each use. */
  private nested(model: LayersModel, tensor: SymbolicTensor, inputs: readonly string[]): string {
    const scope: Scope = new Map();
    model.inputs.forEach((input, i) => {
      const name = inputs[i];
      if (name !== undefined) scope.set(input.id, name);
    });
    const output = model.outputs[tensor.outputTensorIndex ?? 0];
    if (!output) throw new UnsupportedLayer(model.name, "gives nothing");
    return this.value(output, scope);
  }

  private convolution(layer: Layer, config: Config, from: SymbolicTensor, x: string): string {
    checkChannelsLast(layer, config);
    const weights = layer.getWeights();
    const bias = config.flag("useBias") ? weights.at(-1) : undefined;
    const [kernel, pointwise] = weights;
    if (!kernel) throw new UnsupportedLayer(layer.name, "no weights");
    const attributes = windowAttributes(config, [kernel.shape[0] ?? 1, kernel.shape[1] ?? 1]);
    const dilations = { dilations: { ints: config.pair("dilationRate") ?? [1, 1] } };
    const kind = layer.getClassName();
    if (kind === "Conv2D") {
      const w = this.constant(transposed(kernel, [3, 2, 0, 1]));
      const y = this.node("Conv", [x, w, ...this.optional(bias)], { ...attributes, ...dilations });
      return this.activation(layer, config.text("activation"), y);
    }
    // Kernel [height, width, channels, multiplier]: the outputs of one channel lie side by side.
    const channels = from.shape[3] ?? 1;
    const multiplier = kernel.shape[3] ?? 1;
    const planes = reshaped(transposed(kernel, [2, 3, 0, 1]), [channels * multiplier, 1, ...kernel.shape.slice(0, 2)]);
    const group = { group: { int: channels } };
    const depthwiseBias = kind === "DepthwiseConv2D" ? this.optional(bias) : [];
    let y = this.node("Conv", [x, this.constant(planes), ...depthwiseBias], { ...attributes, ...dilations, ...group });
    if (kind === "SeparableConv2D" && pointwise)
      y = this.node("Conv", [y, this.constant(transposed(pointwise, [3, 2, 0, 1])), ...this.optional(bias)]);
    return this.activation(layer, config.text("activation"), y);
  }

  private batchNorm(layer: Layer, config: Config, from: SymbolicTensor, x: string): string {
    const axis = config.number("axis") ?? -1;
    if (axis !== -1 && axis !== from.shape.length - 1)
      throw new UnsupportedLayer(layer.name, `normalises axis ${axis}`);
    const channels = from.shape.at(-1) ?? 1;
    const weights = [...layer.getWeights()];
    const next = (learnt: boolean, value: number) => {
      const weight = learnt ? weights.shift() : undefined;
      return this.constant(weight ? plain(weight) : { dims: [channels], data: new Float32Array(channels).fill(value) });
    };
    const gamma = next(config.flag("scale"), 1);
    const beta = next(config.flag("center"), 0);
    const inputs = [x, gamma, beta, next(true, 0), next(true, 1)];
    return this.node("BatchNormalization", inputs, { epsilon: { float: config.number("epsilon") ?? 1e-3 } });
  }

  private dense(layer: Layer, x: string): string {
    const [kernel, bias] = layer.getWeights();
    if (!kernel) throw new UnsupportedLayer(layer.name, "no weights");
    return this.node("Gemm", [x, this.constant(plain(kernel)), ...this.optional(bias)]);
  }

  private activation(layer: Layer, name: string | undefined, x: string): string {
    const simple: Readonly<Record<string, string>> = {
      relu: "Relu",
      sigmoid: "Sigmoid",
      tanh: "Tanh",
      elu: "Elu",
      softplus: "Softplus",
      softsign: "Softsign",
    };
    if (name === undefined || name === "linear") return x;
    const operator = simple[name];
    if (operator !== undefined) return this.node(operator, [x]);
    if (name === "relu6") return this.relu(6, x);
    if (name === "swish" || name === "silu") return this.node("Mul", [x, this.node("Sigmoid", [x])]);
    // The channels are axis 1 of an image and of a row alike.
    if (name === "softmax") return this.node("Softmax", [x], { axis: { int: 1 } });
    throw new UnsupportedLayer(layer.name, `no ONNX operator for the activation ${name}`);
  }

  private relu(max: number | undefined, x: string): string {
    if (max === undefined) return this.node("Relu", [x]);
    return this.node("Clip", [x, this.scalar(0), this.scalar(max)]);
  }

  private zeroPadding(config: Config, x: string): string {
    const [[top, bottom], [left, right]] = config.borders("padding");
    const pads = [0, 0, top, left, 0, 0, bottom, right];
    return this.node("Pad", [x, this.integers(pads), this.scalar(0)], { mode: { string: "constant" } });
  }

  private reshape(tensor: SymbolicTensor, from: SymbolicTensor, x: string): string {
    const target = tensor.shape.slice(1).map((side) => side ?? -1);
    const y = this.node("Reshape", [this.channelsLast(from, x), this.integers([0, ...target])]);
    return target.length === 3 ? this.node("Transpose", [y], { perm: { ints: [0, 3, 1, 2] } }) : y;
  }

  private concatenate(config: Config, from: SymbolicTensor, inputs: readonly string[]): string {
    const rank = from.shape.length;
    const axis = config.number("axis") ?? -1;
    const last = axis < 0 ? rank + axis : axis;
    const own = rank === 4 ? [0, 2, 3, 1][last] : last;
    return this.node("Concat", inputs, { axis: { int: own ?? 1 } });
  }

  private rescaling(config: Config, x: string): string {
    const scaled = this.node("Mul", [x, this.scalar(config.number("scale") ?? 1)]);
    return this.node("Add", [scaled, this.scalar(config.number("offset") ?? 0)]);
  }

  private channelsLast(from: SymbolicTensor, x: string): string {
    return from.shape.length === 4 ? this.node("Transpose", [x], { perm: { ints: [0, 2, 3, 1] } }) : x;
  }

  private optional(weight: Tensor | undefined): string[] {
    return weight ? [this.constant(plain(weight))] : [];
  }

  private constant({ dims, data }: Plain): string {
    const name = `weight-${++this.count}`;
    this.initializers.push({ name, dims, type: "float", data });
    return name;
  }

  private scalar(value: number): string {
    return this.constant({ dims: [], data: Float32Array.of(value) });
  }

  private integers(values: readonly number[]): string {
    const name = `integers-${++this.count}`;
    this.initializers.push({ name, dims: [values.length], type: "int64", data: BigInt64Array.from(values, BigInt) });
    return name;
  }
}

/** `SAME_UPPER` is TensorFlow's rule: what is left over of the padding goes below and to the right. */
function windowAttributes(config: Config, kernel: readonly number[] | undefined): Attributes {
  return {
    kernel_shape: { ints: kernel ?? [2, 2] },
    strides: { ints: config.pair("strides") ?? kernel ?? [1, 1] },
    auto_pad: { string: config.text("padding") === "same" ? "SAME_UPPER" : "VALID" },
  };
}

function checkChannelsLast(layer: Layer, config: Config): void {
  if (config.text("dataFormat") === "channelsFirst")
    throw new UnsupportedLayer(layer.name, "works with channels first");
}

/** What a layer was made with, by the names that TensorFlow.js uses. */
interface Config {
  number(key: string): number | undefined;
  text(key: string): string | undefined;
  flag(key: string): boolean;
  /** Height and width; one number stands for both. */
  pair(key: string): [number, number] | undefined;
  /** Zeros around: above and below, left and right. */
  borders(key: string): [[number, number], [number, number]];
}

function configOf(layer: Layer): Config {
  const config: Record<string, unknown> = layer.getConfig();
  const pairOf = (value: unknown): [number, number] | undefined => {
    if (typeof value === "number") return [value, value];
    return Array.isArray(value) && value.length > 0 ? [Number(value[0]), Number(value[1] ?? value[0])] : undefined;
  };
  return {
    number: (key) => (typeof config[key] === "number" ? config[key] : undefined),
    text: (key) => (typeof config[key] === "string" ? config[key] : undefined),
    flag: (key) => config[key] !== false,
    pair: (key) => pairOf(config[key]),
    borders: (key) => {
      const value = config[key];
      const [vertical, horizontal] = Array.isArray(value) ? value : [value, value];
      return [pairOf(vertical) ?? [1, 1], pairOf(horizontal) ?? [1, 1]];
    },
  };
}

function isModel(layer: Layer): layer is LayersModel {
  return "layers" in layer && "inputs" in layer && "outputs" in layer;
}

interface Plain {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

function plain(weight: Tensor): Plain {
  return { dims: weight.shape, data: Float32Array.from(weight.dataSync()) };
}

function reshaped({ data }: Plain, dims: readonly number[]): Plain {
  return { dims, data };
}

/** The dimensions in another order, as numpy.transpose does it. */
function transposed(weight: Tensor, order: readonly number[]): Plain {
  const { dims, data } = plain(weight);
  const strides = dims.map((_, d) => dims.slice(d + 1).reduce((product, side) => product * side, 1));
  const sides = order.map((d) => dims[d] ?? 1);
  const steps = order.map((d) => strides[d] ?? 1);
  const turned = data.map((_, to) => {
    let rest = to;
    let from = 0;
    for (let d = sides.length - 1; d >= 0; d--) {
      const side = sides[d] ?? 1;
      from += (rest % side) * (steps[d] ?? 1);
      rest = Math.floor(rest / side);
    }
    return data[from] ?? 0;
  });
  return { dims: sides, data: turned };
}
