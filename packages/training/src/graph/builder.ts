import { encodeModel, type OnnxAttribute, type OnnxNode, type OnnxTensor, type OnnxValue } from "@beckon/vision";

type Attribute = number | readonly number[] | string;
export type Attributes = Readonly<Record<string, Attribute>>;

/** Attributes that ONNX declares as floating point; every other number of ours is an integer. */
const FLOAT_ATTRIBUTES = new Set(["epsilon", "alpha", "beta"]);

/** Opset 17 is the newest in which ReduceMean still takes its axes as an attribute, which all runtimes since 2022 know. */
const OPSET = 17;

/** Writes an ONNX graph node by node; every method returns the name of the tensor it makes. */
export class GraphBuilder {
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers: OnnxTensor[] = [];
  private readonly inputs: OnnxValue[] = [];
  private readonly outputs: OnnxValue[] = [];
  private readonly stored = new Map<string, string>();
  private count = 0;

  /** A graph input of 32-bit floats. */
  input(name: string, dims: readonly (number | string)[]): void {
    this.inputs.push({ name, type: "float", dims });
  }

  /** Gives a tensor its public name. */
  output(name: string, tensor: string, dims: readonly (number | string)[]): void {
    this.nodes.push({ opType: "Identity", inputs: [tensor], outputs: [name] });
    this.outputs.push({ name, type: "float", dims });
  }

  /** Any operator with one output. */
  op(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.node(opType, inputs, attributes, 1)[0] as string;
  }

  /** Any operator of which two outputs are used. */
  op2(opType: string, inputs: readonly string[], attributes: Attributes): [string, string] {
    return this.node(opType, inputs, attributes, 2) as [string, string];
  }

  /** A named tensor of floats that is stored in the model. */
  initializer(name: string, dims: readonly number[], data: Float32Array): string {
    this.initializers.push({ name, type: "float", dims, data });
    return name;
  }

  /** A constant of one float, shape [1]. */
  scalar(value: number): string {
    return this.constant(`f:${value}`, [1], Float32Array.of(value));
  }

  /** A constant vector of equal floats. */
  constants(size: number, value: number): string {
    return this.constant(`v:${size}:${value}`, [size], new Float32Array(size).fill(value));
  }

  /** A constant of any shape. */
  floats(dims: readonly number[], values: readonly number[]): string {
    return this.constant(`t:${dims}:${values}`, dims, Float32Array.from(values));
  }

  /** A constant vector of 64-bit integers. */
  ints(values: readonly number[]): string {
    return this.constant(`i:${values}`, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** Zeros of a fixed shape. */
  zeros(dims: readonly number[]): string {
    return this.op("ConstantOfShape", [this.ints(dims)]);
  }

  reshape(tensor: string, dims: readonly number[]): string {
    return this.op("Reshape", [tensor, this.ints(dims)]);
  }

  transpose(tensor: string, order: readonly number[]): string {
    return this.op("Transpose", [tensor], { perm: order });
  }

  concat(tensors: readonly string[], axis: number): string {
    return tensors.length === 1 ? (tensors[0] as string) : this.op("Concat", tensors, { axis });
  }

  /** Cuts a flat vector into pieces of these sizes. */
  split(tensor: string, sizes: readonly number[]): string[] {
    return this.node("Split", [tensor, this.ints(sizes)], { axis: 0 }, sizes.length);
  }

  /** Sum over axes, which disappear. */
  sum(tensor: string, axes: readonly number[]): string {
    return this.op("ReduceSum", [tensor, this.ints(axes)], { keepdims: 0 });
  }

  /** Mean over axes, which disappear. */
  mean(tensor: string, axes: readonly number[]): string {
    return this.op("ReduceMean", [tensor], { axes, keepdims: 0 });
  }

  /** Zeros before and after each axis, so many; less than none cuts values off. */
  pad(tensor: string, before: readonly number[], after: readonly number[]): string {
    return this.op("Pad", [tensor, this.ints([...before, ...after])]);
  }

  /** Every `step`-th element from `starts` up to, without, `ends` on each of the axes. */
  slice(
    tensor: string,
    axes: readonly number[],
    starts: readonly number[],
    ends: readonly number[],
    step: number,
  ): string {
    const steps = axes.map(() => step);
    return this.op("Slice", [tensor, this.ints(starts), this.ints(ends), this.ints(axes), this.ints(steps)]);
  }

  /** The finished model, serialised. */
  toBytes(name: string): Uint8Array {
    return encodeModel({
      opset: OPSET,
      name,
      nodes: this.nodes,
      initializers: this.initializers,
      inputs: this.inputs,
      outputs: this.outputs,
    });
  }

  private constant(key: string, dims: readonly number[], data: Float32Array | BigInt64Array): string {
    const known = this.stored.get(key);
    if (known !== undefined) return known;
    const name = `constant-${this.stored.size + 1}`;
    this.initializers.push(
      data instanceof Float32Array ? { name, type: "float", dims, data } : { name, type: "int64", dims, data },
    );
    this.stored.set(key, name);
    return name;
  }

  private node(opType: string, inputs: readonly string[], attributes: Attributes, outputCount: number): string[] {
    const outputs = Array.from({ length: outputCount }, () => `${opType}-${++this.count}`);
    const typed = Object.entries(attributes).map(([name, value]): [string, OnnxAttribute] => [
      name,
      typeof value === "number" && FLOAT_ATTRIBUTES.has(name) ? { float: value } : asAttribute(value),
    ]);
    this.nodes.push({ opType, inputs, outputs, attributes: Object.fromEntries(typed) });
    return outputs;
  }
}

function asAttribute(value: Attribute): OnnxAttribute {
  if (typeof value === "string") return { string: value };
  return typeof value === "number" ? { int: value } : { ints: value };
}
