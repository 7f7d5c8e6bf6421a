import { join } from "node:path";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Bundle } from "../bundle.ts";
import { BundleError } from "../bundle-error.ts";
import { firstLine } from "../first-line.ts";
import { tensorLength } from "../tensor.ts";
import { readTfjsFiles } from "../tfjs-files.ts";
import type { Engine } from "./engine.ts";
import { checkProbabilities } from "./probabilities.ts";
import { startTfjs, type Tfjs, type TfjsBackend } from "./tfjs-backend.ts";

/** What the engine needs of a bundle. */
export type TfjsBundle = Pick<Bundle, "folder" | "card" | "labels">;

/**
 * Runs the LayersModel in a bundle's `tfjs/` folder with TensorFlow.js.
 *
 * The LayersModel takes [count, height, width, 3]; a batch in NCHW is transposed first.
 *
 * @param backend default: the fastest that is installed, see `startTfjs`
 * @throws EngineUnavailable when the backend is not installed or does not start
 * @throws BundleError when the bundle has no usable LayersModel
 */
export async function tfjsEngine(bundle: TfjsBundle, backend: TfjsBackend | "auto" = "auto"): Promise<Engine> {
  const tfjs = await startTfjs(backend);
  const model = await loadModel(tfjs, bundle);
  const engine = new TfjsEngine(tfjs, model, bundle);
  const place = join(bundle.folder, "tfjs");
  try {
    // The first run compiles and allocates; it also shows that every layer has a kernel here.
    const row = await engine.run(new Float32Array(tensorLength(bundle.card.input)), 1);
    checkProbabilities(row, bundle.labels.length, place);
  } catch (cause) {
    await engine.close();
    if (cause instanceof BundleError) throw cause;
    throw new BundleError(`${place}: ${tfjs.name} cannot run it: ${firstLine(cause)}`, { cause });
  }
  return engine;
}

class TfjsEngine implements Engine {
  readonly name: string;
  private readonly tfjs: Tfjs;
  private readonly model: LayersModel;
  private readonly bundle: TfjsBundle;
  private closed = false;

  constructor(tfjs: Tfjs, model: LayersModel, bundle: TfjsBundle) {
    this.name = tfjs.name;
    this.tfjs = tfjs;
    this.model = model;
    this.bundle = bundle;
  }

  async run(batch: Float32Array, count: number): Promise<Float32Array> {
    const { card } = this.bundle;
    const needed = count * tensorLength(card.input);
    if (count < 1 || !Number.isInteger(count) || batch.length !== needed) {
      const size = `${card.input.width}x${card.input.height}`;
      throw new RangeError(
        `model ${card.name}: ${count} pictures of ${size} need ${needed} values, got ${batch.length}`,
      );
    }
    await this.tfjs.activate();
    if (this.closed) throw new Error(`model ${card.name}: the engine is closed`);
    const output = this.predict(batch, count);
    try {
      return (await output.data<"float32">()).slice();
    } finally {
      output.dispose();
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.model.dispose();
  }

  private predict(batch: Float32Array, count: number) {
    const { core } = this.tfjs;
    const { width, height, layout } = this.bundle.card.input;
    return core.tidy(() => {
      const input =
        layout === "NHWC"
          ? core.tensor4d(batch, [count, height, width, 3])
          : core.transpose(core.tensor4d(batch, [count, 3, height, width]), [0, 2, 3, 1]);
      return onlyOne(this.model.predictOnBatch(input));
    });
  }
}

async function loadModel(tfjs: Tfjs, { folder, card, labels }: TfjsBundle): Promise<LayersModel> {
  const place = join(folder, "tfjs");
  let model: LayersModel;
  try {
    const { artifacts, sha256 } = await readTfjsFiles(place);
    const expected = card.sha256.tfjs;
    if (expected !== undefined && sha256 !== expected) {
      throw new BundleError(
        `${place}: sha256 is ${sha256.slice(0, 12)}..., model.json of the bundle says ${expected.slice(0, 12)}...; a file was changed or damaged, copy the bundle again`,
      );
    }
    model = await tfjs.layers.loadLayersModel({ load: async () => artifacts });
  } catch (cause) {
    if (cause instanceof BundleError) throw cause;
    throw new BundleError(`${join(place, "model.json")}: cannot be loaded: ${firstLine(cause)}`, { cause });
  }
  const { width, height } = card.input;
  const problem = misfit(model, [height, width, 3], labels.length);
  if (problem) {
    model.dispose();
    throw new BundleError(`${join(place, "model.json")}: ${problem}`);
  }
  return model;
}

function misfit(model: LayersModel, input: readonly number[], classes: number): string | undefined {
  const [first] = model.inputs;
  const [last] = model.outputs;
  if (!first || !last || model.inputs.length > 1 || model.outputs.length > 1)
    return "more than one input or output, a classifier has one of each";
  const taken = first.shape.slice(1);
  if (taken.length !== 3 || taken.some((side, i) => side !== null && side !== input[i]))
    return `takes [${taken.map((side) => side ?? "?")}], model.json of the bundle says [${input}]`;
  if (last.shape.length !== 2 || last.shape[1] !== classes)
    return `gives [${last.shape.slice(1)}], labels.txt has ${classes} classes`;
  return undefined;
}

function onlyOne<T>(value: T | T[]): T {
  const one = Array.isArray(value) ? value[0] : value;
  if (one === undefined) throw new Error("the model gave no output");
  return one;
}
