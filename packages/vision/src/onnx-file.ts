import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
type IModelProto = onnxProto.onnx.IModelProto;
type INodeProto = onnxProto.onnx.INodeProto;
type ITensorProto = onnxProto.onnx.ITensorProto;
type IAttributeProto = onnxProto.onnx.IAttributeProto;
type IValueInfoProto = onnxProto.onnx.IValueInfoProto;
type Integer = Parameters<typeof integer>[0];

/**
 * The part of an ONNX file that Beckon reads and writes: plain objects instead of protobuf messages.
 * Whatever else a foreign file holds (functions, sub-graphs, ...) is not in them; `editModel` keeps it.
 */
export interface OnnxModel {
  /** Version of the file format; default 8, which every onnxruntime since 1.11 reads. */
  readonly irVersion?: number;
  /** Version of the default operator set. */
  readonly opset: number;
  /** Operator sets besides the default one. */
  readonly domains?: readonly { readonly domain: string; readonly version: number }[];
  readonly producer?: string;
  readonly name: string;
  /** In an order in which every input is made before it is used. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** One operator of the graph. */
export interface OnnxNode {
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  /** Names; an empty one stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** An attribute carries its type, because ONNX tells 1 from 1.0. `unread`: a kind we do not know, by its number; it cannot be written. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly tensor: OnnxTensor }
  | { readonly unread: number };

/** A constant tensor, row-major. Types other than float and int64 are given as little-endian bytes. */
export type OnnxTensor = { readonly name: string; readonly dims: readonly number[] } & (
  | { readonly type: "float"; readonly data: Float32Array }
  | { readonly type: "int64"; readonly data: BigInt64Array }
  | { readonly type: Exclude<OnnxType, "float" | "int64">; readonly data: Uint8Array }
);

/** An input or output of the graph. A dimension that the file leaves open is its symbol, or an empty string. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  /** Absent when the file does not even tell the number of dimensions. */
  readonly dims?: readonly (number | string)[];
}

/** Numbers of onnx.proto3, TensorProto.DataType. */
const TYPE_CODES = {
  undefined: 0,
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;
/** What the values of a tensor are, by the names of onnx.proto3 in small letters. */
export type OnnxType = keyof typeof TYPE_CODES;

/** A file that is no ONNX model, or one that cannot be written. */
export class OnnxFileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OnnxFileError";
  }
}

/** Protobuf cannot hold more than 2 GB in one message. */
const LARGEST_FILE = 2 ** 31 - 1;

/**
 * Writes an ONNX file.
 *
 * @throws OnnxFileError when a tensor's data does not fit its dims, or the file would pass 2 GB
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  return encode({
    irVersion: model.irVersion ?? 8,
    producerName: model.producer ?? "beckon",
    opsetImport: [{ domain: "", version: model.opset }, ...(model.domains ?? [])],
    graph: {
      name: model.name,
      node: model.nodes.map(nodeProto),
      initializer: model.initializers.map(tensorProto),
      input: model.inputs.map(valueProto),
      output: model.outputs.map(valueProto),
    },
  });
}

/**
 * Reads an ONNX file.
 *
 * @throws OnnxFileError when the bytes are no ONNX model, or weights lie in another file
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const proto = decode(bytes);
  const graph = proto.graph ?? {};
  const opsets = (proto.opsetImport ?? []).map((set) => ({ domain: set.domain ?? "", version: integer(set.version) }));
  return {
    irVersion: integer(proto.irVersion),
    opset: opsets.find((set) => isDefaultDomain(set.domain))?.version ?? 1,
    domains: opsets.filter((set) => !isDefaultDomain(set.domain)),
    producer: proto.producerName ?? "",
    name: graph.name ?? "",
    nodes: (graph.node ?? []).map(readNode),
    initializers: (graph.initializer ?? []).map(readTensor),
    inputs: (graph.input ?? []).map(readValue),
    outputs: (graph.output ?? []).map(readValue),
  };
}

/** What `editModel` changes in a file; what is left out stays. */
export interface OnnxEdit {
  /** Added behind the nodes that are there. */
  readonly append?: readonly OnnxNode[];
  /** Takes the place of all outputs. */
  readonly outputs?: readonly OnnxValue[];
  /** Brings the weights that lie outside into the file: gives the bytes at `offset` of the file named `location`, to its end without a length. */
  readonly external?: (location: string, offset: number, length: number | undefined) => Uint8Array;
}

/**
 * Changes an ONNX file of any origin and keeps all of the rest, also what `OnnxModel` has no place for.
 *
 * @throws OnnxFileError when the bytes are no ONNX model
 */
export function editModel(bytes: Uint8Array, edit: OnnxEdit): Uint8Array {
  const proto = decode(bytes);
  const graph = proto.graph ?? {};
  const { external } = edit;
  return encode({
    ...proto,
    graph: {
      ...graph,
      node: [...(graph.node ?? []), ...(edit.append ?? []).map(nodeProto)],
      output: edit.outputs?.map(valueProto) ?? graph.output ?? [],
      initializer: (graph.initializer ?? []).map((tensor) => (external ? inlined(tensor, external) : tensor)),
    },
  });
}

/** Names of the files beside the model in which it keeps weights, each once. */
export function externalFiles(bytes: Uint8Array): string[] {
  const tensors = decode(bytes).graph?.initializer ?? [];
  return [...new Set(tensors.filter(isExternal).map((tensor) => externalPlace(tensor).location))];
}

function encode(proto: IModelProto): Uint8Array {
  const weights = (proto.graph?.initializer ?? []).reduce((sum, tensor) => sum + (tensor.rawData?.length ?? 0), 0);
  if (weights > LARGEST_FILE) throw new OnnxFileError(`the weights take ${weights} bytes, an ONNX file holds 2 GB`);
  return onnx.ModelProto.encode(proto).finish();
}

function decode(bytes: Uint8Array): IModelProto {
  let proto: IModelProto;
  try {
    proto = onnx.ModelProto.decode(bytes);
  } catch (cause) {
    throw new OnnxFileError("not an ONNX file, or cut short", { cause });
  }
  // Protobuf reads many foreign bytes as an empty message, so ask for what every model has.
  if (!proto.graph?.node?.length) throw new OnnxFileError("not an ONNX file: it holds no operators");
  return proto;
}

function nodeProto(node: OnnxNode): INodeProto {
  return {
    name: node.name ?? "",
    opType: node.opType,
    domain: node.domain ?? "",
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => attributeProto(name, value)),
  };
}

const { AttributeType } = onnx.AttributeProto;

function attributeProto(name: string, value: OnnxAttribute): IAttributeProto {
  if ("int" in value) return { name, type: AttributeType.INT, i: long(value.int) };
  if ("ints" in value) return { name, type: AttributeType.INTS, ints: value.ints.map(long) };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ("floats" in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] };
  if ("string" in value) return { name, type: AttributeType.STRING, s: Buffer.from(value.string) };
  if ("strings" in value) {
    return { name, type: AttributeType.STRINGS, strings: value.strings.map((text) => Buffer.from(text)) };
  }
  if ("tensor" in value) return { name, type: AttributeType.TENSOR, t: tensorProto(value.tensor) };
  throw new OnnxFileError(`attribute ${name} is of a kind that cannot be written (${value.unread})`);
}

function readNode(node: INodeProto): OnnxNode {
  return {
    name: node.name ?? "",
    opType: node.opType ?? "",
    domain: node.domain ?? "",
    inputs: node.input ?? [],
    outputs: node.output ?? [],
    attributes: Object.fromEntries((node.attribute ?? []).map((proto) => [proto.name ?? "", readAttribute(proto)])),
  };
}

function readAttribute(proto: IAttributeProto): OnnxAttribute {
  switch (proto.type) {
    case AttributeType.INT:
      return { int: integer(proto.i) };
    case AttributeType.INTS:
      return { ints: (proto.ints ?? []).map(integer) };
    case AttributeType.FLOAT:
      return { float: proto.f ?? 0 };
    case AttributeType.FLOATS:
      return { floats: proto.floats ?? [] };
    case AttributeType.STRING:
      return { string: text(proto.s) };
    case AttributeType.STRINGS:
      return { strings: (proto.strings ?? []).map(text) };
    case AttributeType.TENSOR:
      return { tensor: readTensor(proto.t ?? {}) };
    default:
      return { unread: proto.type ?? 0 };
  }
}

function tensorProto(tensor: OnnxTensor): ITensorProto {
  const { data } = tensor;
  const count = tensor.dims.reduce((product, side) => product * side, 1);
  if (tensor.type === "float" || tensor.type === "int64") {
    if (data.length !== count) {
      throw new OnnxFileError(`tensor ${tensor.name} has ${data.length} values, [${tensor.dims}] needs ${count}`);
    }
  }
  return {
    name: tensor.name,
    dims: [...tensor.dims],
    dataType: TYPE_CODES[tensor.type],
    // Raw data is little-endian by definition, and so is every machine that onnxruntime-node has a build for.
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function readTensor(proto: ITensorProto): OnnxTensor {
  const name = proto.name ?? "";
  if (isExternal(proto)) throw new OnnxFileError(`the weights ${name} lie in another file`);
  const dims = (proto.dims ?? []).map(integer);
  const type = typeName(proto.dataType);
  const raw = proto.rawData ?? new Uint8Array();
  const size = type === "float" ? 4 : type === "int64" ? 8 : 1;
  if (raw.length % size !== 0) throw new OnnxFileError(`the weights ${name} are cut short: ${raw.length} bytes`);
  if (type === "float") {
    const data = raw.length > 0 ? new Float32Array(aligned(raw)) : Float32Array.from(proto.floatData ?? []);
    return { name, dims, type, data };
  }
  if (type === "int64") {
    const data =
      raw.length > 0 ? new BigInt64Array(aligned(raw)) : BigInt64Array.from(proto.int64Data ?? [], (i) => bigint(i));
    return { name, dims, type, data };
  }
  return { name, dims, type, data: raw };
}

/** A copy: the file's bytes begin anywhere, a typed array only at a multiple of its element size. */
function aligned(raw: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(raw.length);
  new Uint8Array(copy).set(raw);
  return copy;
}

function valueProto(value: OnnxValue): IValueInfoProto {
  const dim = value.dims?.map((side) => (typeof side === "number" ? { dimValue: side } : { dimParam: side }));
  const elemType = TYPE_CODES[value.type];
  return { name: value.name, type: { tensorType: dim ? { elemType, shape: { dim } } : { elemType } } };
}

function readValue(value: IValueInfoProto): OnnxValue {
  const tensor = value.type?.tensorType;
  const known = { name: value.name ?? "", type: typeName(tensor?.elemType) };
  const dims = tensor?.shape?.dim;
  if (!tensor?.shape) return known;
  return { ...known, dims: (dims ?? []).map((side) => side.dimParam || integer(side.dimValue) || "") };
}

function isExternal(tensor: ITensorProto): boolean {
  return tensor.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL;
}

function externalPlace(tensor: ITensorProto): { location: string; offset: number; length: number | undefined } {
  const entries = new Map((tensor.externalData ?? []).map((entry) => [entry.key, entry.value ?? ""]));
  const length = entries.get("length");
  return {
    location: entries.get("location") ?? "",
    offset: Number(entries.get("offset") ?? 0),
    length: length === undefined ? undefined : Number(length),
  };
}

function inlined(tensor: ITensorProto, read: NonNullable<OnnxEdit["external"]>): ITensorProto {
  if (!isExternal(tensor)) return tensor;
  const { location, offset, length } = externalPlace(tensor);
  const { name, dims, dataType } = tensor;
  return { name: name ?? "", dims: dims ?? [], dataType: dataType ?? 0, rawData: read(location, offset, length) };
}

function typeName(code: number | null | undefined): OnnxType {
  const entry = Object.entries(TYPE_CODES).find(([, known]) => known === code);
  return (entry?.[0] as OnnxType | undefined) ?? "undefined";
}

function isDefaultDomain(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

function text(bytes: Uint8Array | null | undefined): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}

/** 64-bit integers arrive as objects of two halves. */
interface Halves {
  readonly low: number;
  readonly high: number;
}

/** Exact up to 2^53; above, "to the end" (2^63 - 1) is the only value graphs use, and `long` brings it back. */
function integer(value: number | Halves | null | undefined): number {
  if (typeof value === "number") return value;
  return value ? value.high * 2 ** 32 + (value.low >>> 0) : 0;
}

function bigint(value: Integer): bigint {
  if (typeof value === "number") return BigInt(value);
  return value ? (BigInt(value.high) << 32n) | BigInt(value.low >>> 0) : 0n;
}

/** protobufjs writes a number of 2^63 as a negative one, so give it the halves of the largest integer. */
function long(value: number): number {
  if (value < 2 ** 63) return value;
  return onnx.OperatorSetIdProto.fromObject({ version: "9223372036854775807" }).version as number;
}
