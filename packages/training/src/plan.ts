import type {
  AveragePool,
  BatchNorm,
  Conv,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePool,
  Init,
  Layer,
  MaxPool,
  Padding,
  Relu,
  Residual,
  ZeroPad,
} from "./layers.ts";

/** Shape of one sample between two layers: an image, or a flat vector. The batch dimension is never part of it. */
export type Shape = readonly [channels: number, height: number, width: number] | readonly [features: number];

/** A trained tensor: a slice of the one flat vector of weights. */
export interface Parameter {
  readonly name: string;
  /** Conv kernels are [out, in / groups, height, width], dense kernels [in, out], the rest [channels]. */
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
  /** How it starts: `one` for the gamma of a batch norm, else see `Init`. */
  readonly init: Init | "one";
  readonly fanIn: number;
  readonly fanOut: number;
  /** Kernels decay; biases and batch norm do not. */
  readonly decays: boolean;
  readonly l2: number;
}

/** Running mean and variance of one batch norm: two slices, mean first, of the one flat vector of statistics. */
export interface Statistic {
  readonly name: string;
  readonly channels: number;
  readonly offset: number;
  readonly momentum: number;
}

/** Zeros before and after, in both directions: all our layers are square. */
export interface Pads {
  readonly before: number;
  readonly after: number;
}

interface Planned<L extends { readonly type: string }> {
  readonly type: L["type"];
  readonly spec: L;
  /** Unique, in order: `conv-1`, `batch-norm-1`, ... */
  readonly name: string;
  readonly input: Shape;
  readonly output: Shape;
}

export interface PlannedConv extends Planned<Conv> {
  readonly kernel: Parameter;
  readonly bias: Parameter | undefined;
  readonly groups: number;
  readonly stride: number;
  readonly pads: Pads;
}
export interface PlannedBatchNorm extends Planned<BatchNorm> {
  readonly gamma: Parameter;
  readonly beta: Parameter;
  readonly statistic: Statistic;
  readonly epsilon: number;
}
export interface PlannedMaxPool extends Planned<MaxPool> {
  readonly stride: number;
  readonly pads: Pads;
}
export interface PlannedDense extends Planned<Dense> {
  readonly kernel: Parameter;
  readonly bias: Parameter;
}
export interface PlannedResidual extends Planned<Residual> {
  readonly body: readonly PlannedLayer[];
  readonly shortcut: readonly PlannedLayer[];
}
export type PlannedLayer =
  | PlannedConv
  | PlannedBatchNorm
  | PlannedMaxPool
  | PlannedDense
  | PlannedResidual
  | Planned<Relu>
  | Planned<AveragePool>
  | Planned<GlobalAveragePool>
  | Planned<ZeroPad>
  | Planned<Flatten>
  | Planned<Dropout>;

/** An architecture worked out for one input: every shape, and where each tensor lies in the flat vectors. */
export interface Plan {
  readonly input: Shape;
  readonly output: Shape;
  readonly layers: readonly PlannedLayer[];
  readonly parameters: readonly Parameter[];
  readonly statistics: readonly Statistic[];
  /** Length of the flat vector of weights. */
  readonly weightCount: number;
  /** Length of the flat vector of running statistics. */
  readonly statisticCount: number;
}

/** Zeros that `padding` puts around a side of `size` for this window. */
function padsOf(padding: Padding, size: number, kernel: number, stride: number): Pads {
  if (typeof padding === "number") return { before: padding, after: padding };
  if (padding === "valid") return { before: 0, after: 0 };
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  return { before: Math.floor(total / 2), after: Math.ceil(total / 2) };
}

/**
 * Works out shapes and places every tensor.
 *
 * @param input shape of one sample
 * @throws Error when a layer does not fit the shape that reaches it
 */
export function planLayers(layers: readonly Layer[], input: Shape): Plan {
  const planner = new Planner();
  const planned = planner.sequence(layers, input);
  return {
    input,
    output: planned.at(-1)?.output ?? input,
    layers: planned,
    parameters: planner.parameters,
    statistics: planner.statistics,
    weightCount: planner.weightCount,
    statisticCount: planner.statisticCount,
  };
}

class Planner {
  readonly parameters: Parameter[] = [];
  readonly statistics: Statistic[] = [];
  weightCount = 0;
  statisticCount = 0;
  private readonly counts = new Map<string, number>();

  sequence(layers: readonly Layer[], input: Shape): PlannedLayer[] {
    let shape = input;
    return layers.map((layer) => {
      const planned = this.layer(layer, shape);
      shape = planned.output;
      return planned;
    });
  }

  private layer(spec: Layer, input: Shape): PlannedLayer {
    const name = this.name(spec.type);
    switch (spec.type) {
      case "conv":
        return this.conv(spec, name, image(input, name));
      case "batch-norm":
        return this.batchNorm(spec, name, input);
      case "max-pool": {
        const [channels, height, width] = image(input, name);
        const stride = spec.stride ?? spec.size;
        const pads = squarePads(spec.padding ?? "valid", height, width, spec.size, stride, name);
        const side = (size: number) => outputSide(size, spec.size, stride, pads, name);
        return { type: spec.type, spec, name, input, output: [channels, side(height), side(width)], stride, pads };
      }
      case "average-pool": {
        const [channels, height, width] = image(input, name);
        const side = (size: number) => outputSide(size, spec.size, spec.size, { before: 0, after: 0 }, name);
        return { type: spec.type, spec, name, input, output: [channels, side(height), side(width)] };
      }
      case "zero-pad": {
        const [channels, height, width] = image(input, name);
        return {
          type: spec.type,
          spec,
          name,
          input,
          output: [channels, height + 2 * spec.amount, width + 2 * spec.amount],
        };
      }
      case "global-average-pool":
        return { type: spec.type, spec, name, input, output: [image(input, name)[0]] };
      case "flatten":
        return { type: spec.type, spec, name, input, output: [sizeOf(image(input, name))] };
      case "relu":
        return { type: spec.type, spec, name, input, output: input };
      case "dropout":
        return { type: spec.type, spec, name, input, output: input };
      case "dense":
        return this.dense(spec, name, input);
      case "residual": {
        const body = this.sequence(spec.body, input);
        const shortcut = this.sequence(spec.shortcut ?? [], input);
        const output = body.at(-1)?.output ?? input;
        const other = shortcut.at(-1)?.output ?? input;
        if (output.join() !== other.join())
          throw new Error(`${name}: the body gives [${output}], the shortcut [${other}]`);
        return { type: spec.type, spec, name, input, output, body, shortcut };
      }
    }
  }

  private conv(spec: Conv, name: string, input: readonly [number, number, number]): PlannedConv {
    const [channels, height, width] = input;
    const stride = spec.stride ?? 1;
    const pads = squarePads(spec.padding ?? "same", height, width, spec.kernel, stride, name);
    const filters = spec.filters === "depthwise" ? channels : spec.filters;
    const groups = spec.filters === "depthwise" ? channels : 1;
    const area = spec.kernel * spec.kernel;
    const fans = { fanIn: (channels / groups) * area, fanOut: (filters / groups) * area };
    const kernel = this.parameter(`${name}.kernel`, [filters, channels / groups, spec.kernel, spec.kernel], {
      init: spec.init ?? "he",
      ...fans,
      decays: true,
    });
    const bias = (spec.bias ?? true) ? this.parameter(`${name}.bias`, [filters], { init: "zero" }) : undefined;
    const side = (size: number) => outputSide(size, spec.kernel, stride, pads, name);
    return {
      type: spec.type,
      spec,
      name,
      input,
      output: [filters, side(height), side(width)],
      kernel,
      bias,
      groups,
      stride,
      pads,
    };
  }

  private batchNorm(spec: BatchNorm, name: string, input: Shape): PlannedBatchNorm {
    const channels = input[0];
    const gamma = this.parameter(`${name}.gamma`, [channels], { init: spec.gamma === "zero" ? "zero" : "one" });
    const beta = this.parameter(`${name}.beta`, [channels], { init: "zero" });
    const statistic = { name, channels, offset: this.statisticCount, momentum: spec.momentum ?? 0.99 };
    this.statistics.push(statistic);
    this.statisticCount += 2 * channels;
    return { type: spec.type, spec, name, input, output: input, gamma, beta, statistic, epsilon: spec.epsilon ?? 1e-3 };
  }

  private dense(spec: Dense, name: string, input: Shape): PlannedDense {
    if (input.length !== 1) throw new Error(`${name}: needs a flat input, got [${input}]; put a flatten before it`);
    const kernel = this.parameter(`${name}.kernel`, [input[0], spec.units], {
      init: spec.init ?? "glorot",
      fanIn: input[0],
      fanOut: spec.units,
      decays: true,
      l2: spec.l2 ?? 0,
    });
    const bias = this.parameter(`${name}.bias`, [spec.units], { init: "zero" });
    return { type: spec.type, spec, name, input, output: [spec.units], kernel, bias };
  }

  private parameter(
    name: string,
    shape: readonly number[],
    how: Partial<Parameter> & Pick<Parameter, "init">,
  ): Parameter {
    const size = shape.reduce((product, side) => product * side, 1);
    const parameter = {
      fanIn: 1,
      fanOut: 1,
      decays: false,
      l2: 0,
      ...how,
      name,
      shape,
      size,
      offset: this.weightCount,
    };
    this.parameters.push(parameter);
    this.weightCount += size;
    return parameter;
  }

  private name(type: string): string {
    const count = (this.counts.get(type) ?? 0) + 1;
    this.counts.set(type, count);
    return `${type}-${count}`;
  }
}

/** Number of values of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce<number>((product, side) => product * side, 1);
}

function image(shape: Shape, name: string): readonly [number, number, number] {
  if (shape.length !== 3) throw new Error(`${name}: needs an image, got a flat vector of ${shape[0]}`);
  return shape;
}

function squarePads(
  padding: Padding,
  height: number,
  width: number,
  kernel: number,
  stride: number,
  name: string,
): Pads {
  const pads = padsOf(padding, height, kernel, stride);
  const other = padsOf(padding, width, kernel, stride);
  if (pads.before !== other.before || pads.after !== other.after)
    throw new Error(`${name}: height ${height} and width ${width} need different padding`);
  return pads;
}

function outputSide(size: number, kernel: number, stride: number, pads: Pads, name: string): number {
  const side = Math.floor((size + pads.before + pads.after - kernel) / stride) + 1;
  if (side < 1) throw new Error(`${name}: a window of ${kernel} does not fit an input of ${size}`);
  return side;
}
