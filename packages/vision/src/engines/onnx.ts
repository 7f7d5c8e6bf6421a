import "../no-telemetry.ts";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import type { Bundle } from "../bundle.ts";
import { BundleError } from "../bundle-error.ts";
import type { InputSpec } from "../card.ts";
import { tensorLength } from "../tensor.ts";
import { type Engine, EngineUnavailable } from "./engine.ts";
import { checkProbabilities } from "./probabilities.ts";

type Ort = typeof import("onnxruntime-node");

/** onnxruntime, loaded when first needed: it is large, and who only decodes pictures, like a camera, does without. */
export async function loadOrt(): Promise<Ort> {
  const ort = await import("onnxruntime-node");
  // It writes its own lines to stderr unless told not to; every error reaches us as an exception too.
  ort.env.logLevel = "fatal";
  return ort;
}

const SILENT = 4;

/** What an engine needs of a bundle; the folder only serves messages. */
export type EngineModel = Pick<Bundle, "card" | "labels" | "onnx"> & { readonly folder?: string };

/** What a model is opened with. */
export interface OnnxOptions {
  /** What computes. CUDA and WebGPU leave single operators that they lack to the CPU. */
  readonly provider: "cpu" | "webgpu" | "cuda";
  /** Threads of one run on the CPU. Default 1: on nets of our size more gain little and disturb the decoder. */
  readonly threads?: number | undefined;
}

/**
 * Opens a model in onnxruntime-node and runs it once, so that the first picture does not pay for it.
 *
 * Mind that a run blocks its thread; services keep engines in a worker thread.
 *
 * @throws EngineUnavailable when this machine has not what the provider needs
 * @throws BundleError when the file is no valid model, or does not fit the card and the labels
 */
export async function onnxEngine(model: EngineModel, options: OnnxOptions): Promise<Engine> {
  const file = model.folder === undefined ? "model.onnx" : join(model.folder, "model.onnx");
  const ort = await loadOrt();
  const session = await createSession(ort, model, options, file);
  try {
    const engine = new OnnxEngine(
      ort,
      session,
      `onnx-${options.provider}`,
      checkSignature(session, model, file),
      model,
    );
    const row = await engine.run(new Float32Array(tensorLength(model.card.input)), 1);
    checkProbabilities(row, model.labels.length, file);
    return engine;
  } catch (error) {
    await session.release();
    throw error instanceof BundleError
      ? error
      : new BundleError(`${file}: cannot be run: ${oneLine(error)}`, { cause: error });
  }
}

async function createSession(
  ort: Ort,
  model: EngineModel,
  options: OnnxOptions,
  file: string,
): Promise<InferenceSession> {
  const create = (provider: OnnxOptions["provider"]) =>
    ort.InferenceSession.create(model.onnx, {
      executionProviders: [provider],
      intraOpNumThreads: options.threads ?? 1,
      interOpNumThreads: 1,
      // A thread that spins while it waits for work takes a core from the decoder, and from the next frame.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
      logSeverityLevel: SILENT,
    });
  try {
    return await create(options.provider);
  } catch (error) {
    if (options.provider === "cpu") throw invalidModel(file, error);
    // The message does not tell whether the model or the machine is to blame; the CPU, which is always there, does.
    const session = await create("cpu").catch((cause: unknown) => {
      throw invalidModel(file, cause);
    });
    await session.release();
    throw new EngineUnavailable(`onnx-${options.provider}`, unavailableReason(options.provider, error), {
      cause: error,
    });
  }
}

function unavailableReason(provider: "webgpu" | "cuda", error: unknown): string {
  if (provider === "webgpu") return `no graphics adapter that WebGPU can use (${oneLine(error)})`;
  const command = "ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install";
  return `${oneLine(error)}; on Linux x64 with CUDA 12 and cuDNN 9, add it with: ${command}`;
}

class OnnxEngine implements Engine {
  readonly name: string;
  private readonly ort: Ort;
  private readonly session: InferenceSession;
  private readonly signature: Signature;
  private readonly input: InputSpec;
  private readonly classes: number;
  private last: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;

  constructor(ort: Ort, session: InferenceSession, name: string, signature: Signature, { card, labels }: EngineModel) {
    this.ort = ort;
    this.session = session;
    this.name = name;
    this.signature = signature;
    this.input = card.input;
    this.classes = labels.length;
  }

  async run(batch: Float32Array, count: number): Promise<Float32Array> {
    if (batch.length !== count * tensorLength(this.input)) {
      throw new RangeError(`${count} pictures are ${count * tensorLength(this.input)} values, not ${batch.length}`);
    }
    if (this.closing !== undefined) throw new Error("the engine is closed");
    const result = this.last.then(() =>
      this.signature.batch === undefined ? this.once(batch, count) : this.inPieces(batch, count),
    );
    this.last = result.catch(() => undefined);
    return result;
  }

  close(): Promise<void> {
    this.closing ??= this.last.then(() => this.session.release());
    return this.closing;
  }

  /** For a model whose batch is fixed: as many runs as it takes, the last filled up with zeros. */
  private async inPieces(batch: Float32Array, count: number): Promise<Float32Array> {
    const size = this.signature.batch ?? 1;
    const length = size * tensorLength(this.input);
    const out = new Float32Array(count * this.classes);
    for (let first = 0; first < count; first += size) {
      const start = first * tensorLength(this.input);
      let piece = batch.subarray(start, start + length);
      if (piece.length < length) {
        const padded = new Float32Array(length);
        padded.set(piece);
        piece = padded;
      }
      const rows = await this.once(piece, size);
      out.set(rows.subarray(0, Math.min(size, count - first) * this.classes), first * this.classes);
    }
    return out;
  }

  private async once(batch: Float32Array, count: number): Promise<Float32Array> {
    const tensor = new this.ort.Tensor("float32", batch, [count, ...pictureDims(this.input)]);
    const results = await this.session.run({ [this.signature.input]: tensor }, [this.signature.output]);
    const data = results[this.signature.output]?.data;
    if (!(data instanceof Float32Array)) throw new BundleError("the model's output holds no 32-bit floats");
    if (data.length !== count * this.classes)
      throw new BundleError(`the model gives ${data.length} values for ${count} pictures`);
    return data;
  }
}

/** The names of a model's one input and one output, and its batch where that is fixed. */
interface Signature {
  readonly input: string;
  readonly output: string;
  readonly batch: number | undefined;
}

function checkSignature(session: InferenceSession, { card, labels }: EngineModel, file: string): Signature {
  const { inputMetadata: inputs, outputMetadata: outputs } = session;
  const [input] = inputs;
  const [output] = outputs;
  if (inputs.length !== 1 || !input?.isTensor || outputs.length !== 1 || !output?.isTensor) {
    const found = `${session.inputNames.join(", ")} -> ${session.outputNames.join(", ")}`;
    throw new BundleError(`${file}: one input and one output are wanted, found ${found}`);
  }
  if (input.type !== "float32" || output.type !== "float32") {
    throw new BundleError(`${file}: takes ${input.type} and gives ${output.type}, both must be float32`);
  }
  const wanted = pictureDims(card.input);
  if (!fits(input.shape, wanted)) {
    const found = `takes [${input.shape.join(", ")}]`;
    throw new BundleError(`${file}: ${found}, model.json says [batch, ${wanted.join(", ")}] (${card.input.layout})`);
  }
  const width = output.shape.at(-1);
  if (typeof width === "number" && width > 0 && output.shape.length === 2 && width !== labels.length) {
    throw new BundleError(`${file}: gives ${width} classes, labels.txt names ${labels.length}`);
  }
  const batch = input.shape[0];
  return { input: input.name, output: output.name, batch: typeof batch === "number" && batch > 0 ? batch : undefined };
}

/** An open dimension fits everything; so does a shape of which not even the number of dimensions is known. */
function fits(found: readonly (number | string)[], wanted: readonly number[]): boolean {
  if (found.length === 0) return true;
  if (found.length !== wanted.length + 1) return false;
  return wanted.every((size, index) => {
    const other = found[index + 1];
    return typeof other !== "number" || other < 0 || other === size;
  });
}

function pictureDims({ layout, width, height }: InputSpec): number[] {
  return layout === "NCHW" ? [3, height, width] : [height, width, 3];
}

/** What is wrong with a model that onnxruntime does not take, in one line. */
export function invalidModel(file: string, error: unknown): BundleError {
  const line = oneLine(error);
  const unknown =
    /No Op registered for (\S+) with domain_version of (\d+)/.exec(line) ??
    /\b([\w.:]+)\(-?\d+\) is not a registered/.exec(line);
  if (unknown === null) return new BundleError(`${file}: not a valid ONNX model: ${line}`, { cause: error });
  const opset = unknown[2] === undefined ? "" : ` of operator set ${unknown[2]}`;
  const text = `${file}: unknown operator ${unknown[1]}${opset}; export the model again with standard operators only`;
  return new BundleError(text, { cause: error });
}

/** onnxruntime's messages span lines and begin with places in its own source. */
function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = message.split("\n").map((line) => line.trim());
  return (lines.find((line) => line !== "") ?? "unknown error").replace(/^\/\S+:\d+ .* was false\. /, "");
}
