import { basename } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { checkReplaceable, saveBundle } from "../bundle.ts";
import { BundleError } from "../bundle-error.ts";
import type { InputSpec } from "../card.ts";
import { invalidModel, loadOrt, onnxEngine } from "../engines/onnx.ts";
import { firstLine } from "../first-line.ts";
import { editModel, type OnnxModel, type OnnxNode, type OnnxTensor } from "../onnx-file.ts";
import { tensorLength, writeTensor } from "../tensor.ts";
import {
  checkSize,
  chooseOutput,
  type Imported,
  type ImportOverrides,
  importedCard,
  importLabels,
  meanAndStd,
  Notes,
  type Scale,
  showScale,
} from "./guess.ts";
import { readOnnxSource } from "./onnx-source.ts";
import { areProbabilities, largestDifference, probePictures, softmax } from "./probe.ts";

/** What to import, and what of it is known better than it can be guessed. */
export interface ImportOnnxOptions extends ImportOverrides {
  /** The ONNX file; weights that it keeps in files beside it are brought in. */
  readonly model: string;
  /** Class names in the order of the outputs, or a file with one a line. */
  readonly labels: string | readonly string[];
  /** Name of the bundle: a-z, 0-9 and dashes. */
  readonly name: string;
  /** Folder that becomes the bundle. */
  readonly out: string;
}

/**
 * Makes a bundle of an image classifier in an ONNX file of any origin.
 *
 * What the file tells is read from it (size, layout, batch); what it does not tell is guessed:
 * - scale: `0..255` or `0..1` when the graph begins by scaling its input itself; else `imagenet` for
 *   channels first (PyTorch's habit) and `0..1` for channels last (Keras's);
 * - output: run on four pictures, rows that are not negative and add up to 1 are probabilities, all else logits.
 *
 * The bundle is run before it is written, and must give what the file gave.
 *
 * @throws BundleError in one line when the file is no image classifier with these labels
 */
export async function importOnnx(options: ImportOnnxOptions): Promise<Imported> {
  const { model: file, name, out } = options;
  checkReplaceable(out);
  const labels = await importLabels(options.labels);
  const { bytes, model } = await readOnnxSource(file);
  const ort = await loadOrt();
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 }).catch((cause) => {
    throw invalidModel(file, cause);
  });
  try {
    const notes = new Notes();
    const signature = readSignature(file, session, labels.length);
    const input = guessInput(file, signature, model, options, notes);
    const rows = await probe(file, ort, session, signature, input);
    if (rows[0]?.length !== labels.length)
      throw new BundleError(`${file}: gives ${rows[0]?.length} classes, the labels name ${labels.length}`);
    if (options.output === undefined) refuseSigmoid(file, model, signature, rows);
    const output = chooseOutput(file, rows, options.output, notes);
    const onnx = withProbabilities(bytes, signature, labels.length, output);
    if (signature.otherOutputs.length > 0)
      notes.say(`outputs: takes ${signature.output}, leaves out ${signature.otherOutputs.join(", ")}`);
    const card = importedCard(name, `Imported from ${basename(file)}.`, input);
    const expected = output === "logits" ? rows.map(softmax) : rows;
    await checkResult(file, { card: { ...card, sha256: { onnx: "" } }, labels, onnx }, expected);
    await saveBundle(out, { card, labels, onnx });
    return { folder: out, notes: notes.lines };
  } finally {
    await session.release();
  }
}

/** A fixed batch is filled up with black pictures, so a large one would only cost time and memory. */
const LARGEST_BATCH = 256;

interface Signature {
  readonly input: string;
  /** Four sides; an open one is undefined. */
  readonly dims: readonly (number | undefined)[];
  readonly output: string;
  readonly outputRank: number;
  readonly otherOutputs: readonly string[];
}

function readSignature(file: string, session: InferenceSession, classes: number): Signature {
  const [input] = session.inputMetadata;
  if (session.inputMetadata.length !== 1 || !input?.isTensor) {
    throw new BundleError(`${file}: takes ${session.inputNames.join(", ")}; an image classifier takes one picture`);
  }
  if (input.type !== "float32") {
    throw new BundleError(`${file}: takes ${input.type}; export it with an input of float32`);
  }
  const dims = input.shape.map(fixed);
  if (dims.length !== 4) {
    throw new BundleError(`${file}: takes [${input.shape.join(", ")}]; a picture has four dimensions, batch first`);
  }
  if ((dims[0] ?? 1) > LARGEST_BATCH)
    throw new BundleError(`${file}: takes ${dims[0]} pictures at a time; export it with an open batch, or one of 1`);
  const outputs = session.outputMetadata.filter((output) => output.isTensor && output.type === "float32");
  const matching = outputs.filter((output) => output.isTensor && widthOf(output.shape) === classes);
  const output = matching[0] ?? (outputs.length === 1 ? outputs[0] : undefined);
  if (!output?.isTensor)
    throw new BundleError(`${file}: none of ${session.outputNames.join(", ")} fits ${classes} labels`);
  const width = widthOf(output.shape);
  if (width !== undefined && width !== classes) {
    throw new BundleError(`${file}: gives ${width} classes, the labels name ${classes}`);
  }
  const otherOutputs = session.outputNames.filter((name) => name !== output.name);
  return { input: input.name, dims, output: output.name, outputRank: output.shape.length, otherOutputs };
}

/** Values for one picture, where the file tells. */
function widthOf(shape: readonly (number | string)[]): number | undefined {
  const sides = shape.slice(1).map(fixed);
  if (sides.length === 0 || sides.includes(undefined)) return undefined;
  return sides.reduce<number>((product, side) => product * (side ?? 1), 1);
}

function fixed(side: number | string): number | undefined {
  return typeof side === "number" && side > 0 ? side : undefined;
}

function guessInput(
  file: string,
  signature: Signature,
  model: OnnxModel,
  own: ImportOverrides,
  notes: Notes,
): InputSpec {
  const layout = guessLayout(file, signature.dims, model.producer ?? "", own.layout);
  const [width, height] = guessSize(file, signature.dims, layout, own.size);
  notes.say(`input: ${width}x${height}, ${layout}, ${own.size || own.layout ? "as asked" : "from the graph"}`);
  const [batch] = signature.dims;
  if (batch !== undefined) notes.say(`batch: fixed at ${batch} by the graph; several pictures take several runs`);
  const colours = notes.choose("colours", own.colours, "RGB", "what nearly all models take");
  const begins = scalesItself(model, signature.input);
  const [scale, reason]: [Scale, string] = begins
    ? [begins, "the graph begins by scaling its input itself"]
    : layout === "NCHW"
      ? ["imagenet", "usual for PyTorch's models"]
      : ["0..1", "usual for Keras's models"];
  const { mean, std } = meanAndStd(notes.choose("scale", own.scale, scale, reason, showScale), colours);
  const fit = notes.choose("fit", own.fit, "stretch", "what most trainings do to pictures that are not square");
  return { width, height, layout, colours, mean, std, fit, kernel: "linear" };
}

function guessLayout(
  file: string,
  [, first, , last]: readonly (number | undefined)[],
  producer: string,
  own: InputSpec["layout"] | undefined,
): InputSpec["layout"] {
  const channels = own === "NHWC" ? last : own === "NCHW" ? first : 3;
  if (channels !== undefined && channels !== 3)
    throw new BundleError(`${file}: as ${own} it takes ${channels} colours, a picture has 3`);
  if (own) return own;
  if (first === 3) return "NCHW";
  if (last === 3) return "NHWC";
  if (first !== undefined && last !== undefined) {
    const grey = first === 1 || last === 1;
    throw new BundleError(
      `${file}: takes ${grey ? "grey pictures" : `[${first}, ..., ${last}]`}; only models of 3 colours can be used`,
    );
  }
  if (/pytorch/i.test(producer)) return "NCHW";
  if (/tf2onnx|keras/i.test(producer)) return "NHWC";
  throw new BundleError(`${file}: does not tell where its colours are; give --layout NCHW (PyTorch) or NHWC (Keras)`);
}

function guessSize(
  file: string,
  dims: readonly (number | undefined)[],
  layout: InputSpec["layout"],
  own: ImportOverrides["size"],
): readonly [width: number, height: number] {
  const [height, width] = layout === "NCHW" ? dims.slice(2) : dims.slice(1, 3);
  const [w = width, h = height] = own ?? [];
  if (w === undefined || h === undefined)
    throw new BundleError(`${file}: leaves the picture's size open; give the one it was trained on with --size`);
  if ((width ?? w) !== w || (height ?? h) !== h)
    throw new BundleError(`${file}: takes ${width ?? "?"}x${height ?? "?"} pixels, not ${w}x${h}`);
  checkSize(file, w, h);
  return [w, h];
}

/** Operators that pass the input on unchanged in value. */
const PASSES = new Set(["Transpose", "Cast", "Identity"]);

/** The range the graph starts from when its first operators are a normalisation of its own. */
function scalesItself(model: OnnxModel, input: string): "0..255" | "0..1" | undefined {
  let value = input;
  for (;;) {
    const users = model.nodes.filter((node) => node.inputs.includes(value));
    const [node] = users;
    if (users.length !== 1 || !node) return undefined;
    if (!PASSES.has(node.opType)) return rangeBefore(model, node, value);
    value = node.outputs[0] ?? "";
  }
}

function rangeBefore(model: OnnxModel, node: OnnxNode, value: string): "0..255" | "0..1" | undefined {
  const other = node.inputs.find((name) => name !== value);
  const constant = other === undefined ? undefined : constantOf(model, other);
  if (!constant || constant.length === 0 || constant.length > 3) return undefined;
  const size = Math.max(...constant.map(Math.abs));
  const large = { Mul: size < 1 / 50, Div: size > 50, Sub: size > 1.5, Add: size > 1.5 }[node.opType];
  if (large === undefined) return undefined;
  return large ? "0..255" : "0..1";
}

function constantOf(model: OnnxModel, name: string): readonly number[] | undefined {
  const maker = model.nodes.find((node) => node.opType === "Constant" && node.outputs[0] === name);
  const { value } = maker?.attributes ?? {};
  const made: OnnxTensor | undefined = value && "tensor" in value ? value.tensor : undefined;
  const tensor = model.initializers.find((initializer) => initializer.name === name) ?? made;
  return tensor?.type === "float" ? [...tensor.data] : undefined;
}

/** The file's own answers to the probe pictures, one row each. */
async function probe(
  file: string,
  ort: Awaited<ReturnType<typeof loadOrt>>,
  session: InferenceSession,
  signature: Signature,
  input: InputSpec,
): Promise<Float32Array[]> {
  const length = tensorLength(input);
  const batch = signature.dims[0] ?? 1;
  const sides = input.layout === "NCHW" ? [3, input.height, input.width] : [input.height, input.width, 3];
  const rows: Float32Array[] = [];
  for (const picture of probePictures(input)) {
    const values = new Float32Array(batch * length);
    writeTensor(picture, input, values);
    const feeds = { [signature.input]: new ort.Tensor("float32", values, [batch, ...sides]) };
    const results = await session.run(feeds, [signature.output]).catch((cause) => {
      const size = `${input.width}x${input.height}`;
      throw new BundleError(`${file}: cannot run on ${size} pixels: ${firstLine(cause)}`, { cause });
    });
    const data = results[signature.output]?.data;
    if (!(data instanceof Float32Array)) throw new BundleError(`${file}: gives no 32-bit floats`);
    rows.push(data.slice(0, data.length / batch));
  }
  if (rows.some((row) => !row.every(Number.isFinite)))
    throw new BundleError(`${file}: gives values that are no numbers; is --scale right?`);
  return rows;
}

/** Classes that are each true or false by themselves are no choice between them. */
function refuseSigmoid(file: string, model: OnnxModel, signature: Signature, rows: readonly Float32Array[]): void {
  const maker = model.nodes.find((node) => node.outputs.includes(signature.output));
  if (maker?.opType === "Sigmoid" && !areProbabilities(rows))
    throw new BundleError(`${file}: says yes or no to each class by itself; for the likeliest give --logits`);
}

/** The file with one output left: [batch, classes], probabilities. */
function withProbabilities(
  bytes: Uint8Array,
  signature: Signature,
  classes: number,
  output: "logits" | "probabilities",
): Uint8Array {
  const append: OnnxNode[] = [];
  let last = signature.output;
  const add = (opType: string) => {
    const next = `beckon/${opType.toLowerCase()}`;
    append.push({ name: next, opType, inputs: [last], outputs: [next], attributes: { axis: { int: 1 } } });
    last = next;
  };
  if (signature.outputRank !== 2) add("Flatten");
  // Before operator set 13 Softmax counted all axes from `axis` on as one; on two dimensions axis 1 means the same to both.
  if (output === "logits") add("Softmax");
  if (append.length === 0 && signature.otherOutputs.length === 0) return bytes;
  const batch = signature.dims[0] ?? "batch";
  return editModel(bytes, { append, outputs: [{ name: last, type: "float", dims: [batch, classes] }] });
}

/** Runs what is about to be written, one by one and together, and compares with what the file gave. */
async function checkResult(
  file: string,
  model: Parameters<typeof onnxEngine>[0],
  expected: readonly Float32Array[],
): Promise<void> {
  const { input } = model.card;
  const engine = await onnxEngine(model, { provider: "cpu" });
  try {
    const pictures = probePictures(input);
    const batch = new Float32Array(pictures.length * tensorLength(input));
    pictures.forEach((picture, i) => {
      writeTensor(picture, input, batch, i * tensorLength(input));
    });
    const together = await engine.run(batch, pictures.length).catch((cause) => {
      const hint = "it takes one picture at a time; export it with a fixed batch of 1";
      throw new BundleError(`${file}: fails on ${pictures.length} pictures at once: ${hint}`, { cause });
    });
    expected.forEach((row, i) => {
      const found = together.subarray(i * row.length, (i + 1) * row.length);
      if (largestDifference(row, found) > 1e-4)
        throw new BundleError(
          `${file}: answers differently for several pictures at once; export it with a fixed batch of 1`,
        );
    });
  } finally {
    await engine.close();
  }
}
