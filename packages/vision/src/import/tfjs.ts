import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { io } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { z } from "zod";
import { checkReplaceable, saveBundle } from "../bundle.ts";
import { BundleError } from "../bundle-error.ts";
import type { InputSpec } from "../card.ts";
import { onnxEngine } from "../engines/onnx.ts";
import { startTfjs, type Tfjs } from "../engines/tfjs-backend.ts";
import { readLimited } from "../file-access.ts";
import { firstLine } from "../first-line.ts";
import { tensorLength, writeTensor } from "../tensor.ts";
import { readTfjsFiles, type TfjsFiles, writeTfjsFiles } from "../tfjs-files.ts";
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
import { layersToOnnx, UnsupportedLayer } from "./layers-to-onnx.ts";
import { largestDifference, probePictures } from "./probe.ts";

/** What to import, and what of it is known better than it can be guessed. */
export interface ImportTfjsOptions extends Omit<ImportOverrides, "layout"> {
  /** Folder with `model.json` and its weights; Teachable Machine adds `metadata.json` with the class names. */
  readonly folder: string;
  /** Class names in the order of the outputs, or a file with one a line. Default: those of `metadata.json`. */
  readonly labels?: string | readonly string[];
  /** Name of the bundle: a-z, 0-9 and dashes. */
  readonly name: string;
  /** Folder that becomes the bundle. */
  readonly out: string;
}

/**
 * Makes a bundle of an image classifier that TensorFlow.js saved as a LayersModel, such as Teachable Machine's export.
 *
 * The bundle holds the LayersModel and the same net as ONNX, so that both engines can run it. Guesses: for Teachable
 * Machine's models (its `metadata.json` tells) -1..1 and the centred square, as its own library does; for others 0..1 and stretched.
 *
 * @throws BundleError in one line when it is no image classifier with these labels, or has a layer we cannot write as ONNX
 */
export async function importTfjs(options: ImportTfjsOptions): Promise<Imported> {
  const { folder, name, out } = options;
  checkReplaceable(out);
  if (resolve(folder) === resolve(out)) throw new BundleError(`${out}: is the folder to be read; name another`);
  const metadata = await readMetadata(folder);
  const labels = await labelsOf(options, metadata);
  const tfjs = await startTfjs("tfjs-wasm");
  const files = await readTfjsFiles(folder);
  const model = await load(tfjs, folder, files);
  try {
    const notes = new Notes();
    const input = guessInput(folder, model, options, metadata, notes);
    const classes = classesOf(folder, model);
    if (classes !== labels.length)
      throw new BundleError(`${folder}: gives ${classes} classes, the labels name ${labels.length}`);
    const output = chooseOutput(folder, await probe(tfjs, model, input), options.output, notes);
    const whole = output === "logits" ? withSoftmax(tfjs, model) : model;
    const onnx = convert(folder, whole);
    const card = importedCard(name, `Imported from ${basename(resolve(folder))}, a LayersModel.`, input);
    const checked = { card: { ...card, sha256: { onnx: "" } }, labels, onnx };
    await checkResult(folder, checked, await probe(tfjs, whole, input));
    const addFiles = (fresh: string) =>
      whole === model ? copyFiles(files, join(fresh, "tfjs")) : save(whole, join(fresh, "tfjs"));
    await saveBundle(out, { card, labels, onnx, addFiles });
    return { folder: out, notes: notes.lines };
  } finally {
    model.dispose();
  }
}

/** What Teachable Machine writes about its model; other exports have no such file. */
const Metadata = z.looseObject({
  packageName: z.string().optional(),
  labels: z.array(z.string()).optional(),
  imageSize: z.int().optional(),
});
type Metadata = z.infer<typeof Metadata>;

const MAX_METADATA_BYTES = 10_000_000;

async function readMetadata(folder: string): Promise<Metadata> {
  const file = join(folder, "metadata.json");
  try {
    return Metadata.parse(JSON.parse(new TextDecoder().decode(await readLimited(file, MAX_METADATA_BYTES))));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return {};
    throw new BundleError(`${file}: cannot be understood; remove it and give --labels`, { cause });
  }
}

async function labelsOf({ folder, labels }: ImportTfjsOptions, metadata: Metadata): Promise<readonly string[]> {
  const own = labels ?? metadata.labels;
  if (own === undefined)
    throw new BundleError(`${folder}: no metadata.json names its classes; give them with --labels`);
  return importLabels(own);
}

async function load(tfjs: Tfjs, folder: string, { artifacts }: TfjsFiles): Promise<LayersModel> {
  try {
    return await tfjs.layers.loadLayersModel({ load: async () => artifacts });
  } catch (cause) {
    throw new BundleError(`${join(folder, "model.json")}: cannot be loaded: ${firstLine(cause)}`, { cause });
  }
}

function classesOf(folder: string, model: LayersModel): number | null {
  const [output] = model.outputs;
  if (model.outputs.length !== 1 || output?.shape.length !== 2)
    throw new BundleError(
      `${folder}: gives ${model.outputs.map(({ shape }) => `[${shape.slice(1)}]`)}, not one row of classes`,
    );
  return output.shape[1] ?? null;
}

function guessInput(
  folder: string,
  model: LayersModel,
  own: ImportTfjsOptions,
  metadata: Metadata,
  notes: Notes,
): InputSpec {
  const [input] = model.inputs;
  const [, rows, columns, channels] = input?.shape ?? [];
  if (model.inputs.length !== 1 || input?.shape.length !== 4 || channels !== 3) {
    const found = model.inputs.map(({ shape }) => `[${shape.slice(1).map((side) => side ?? "?")}]`).join(", ");
    throw new BundleError(`${folder}: takes ${found}; a classifier of pictures takes [height, width, 3]`);
  }
  const [width = columns ?? metadata.imageSize, height = rows ?? metadata.imageSize] = own.size ?? [];
  if (width === undefined || height === undefined)
    throw new BundleError(`${folder}: leaves the picture's size open; give the one it was trained on with --size`);
  if ((columns ?? width) !== width || (rows ?? height) !== height)
    throw new BundleError(`${folder}: takes ${columns ?? "?"}x${rows ?? "?"} pixels, not ${width}x${height}`);
  checkSize(folder, width, height);
  notes.say(`input: ${width}x${height}, NHWC, ${own.size ? "as asked" : "from the model"}`);
  const teachable = metadata.packageName?.includes("teachablemachine") ?? false;
  const colours = notes.choose("colours", own.colours, "RGB", "what nearly all models take");
  const [scale, fit, reason]: [Scale, InputSpec["fit"], string] = teachable
    ? ["-1..1", "cover", "what Teachable Machine does"]
    : ["0..1", "stretch", "usual for Keras's models"];
  const { mean, std } = meanAndStd(notes.choose("scale", own.scale, scale, reason, showScale), colours);
  return {
    width,
    height,
    layout: "NHWC",
    colours,
    mean,
    std,
    fit: notes.choose("fit", own.fit, fit, reason),
    kernel: "linear",
  };
}

/** The model's own answers to the probe pictures, one row each. */
async function probe(tfjs: Tfjs, model: LayersModel, input: InputSpec): Promise<Float32Array[]> {
  const { core } = tfjs;
  await tfjs.activate();
  return probePictures(input).map((picture) => {
    const values = new Float32Array(tensorLength(input));
    writeTensor(picture, input, values);
    return core.tidy(() => {
      const answer = model.predictOnBatch(core.tensor4d(values, [1, input.height, input.width, 3]));
      const row = Array.isArray(answer) ? answer[0] : answer;
      return Float32Array.from(row?.dataSync() ?? []);
    });
  });
}

function withSoftmax({ layers }: Tfjs, model: LayersModel): LayersModel {
  const softmax = layers.layers.softmax({ axis: -1 }).apply(model.outputs);
  return layers.model({ inputs: model.inputs, outputs: softmax as LayersModel["outputs"] });
}

function convert(folder: string, model: LayersModel): Uint8Array {
  try {
    return layersToOnnx(model);
  } catch (cause) {
    if (!(cause instanceof UnsupportedLayer)) throw cause;
    throw new BundleError(`${folder}: ${cause.message}; export it to ONNX (tf2onnx) and import that`, { cause });
  }
}

async function checkResult(
  folder: string,
  bundle: Parameters<typeof onnxEngine>[0],
  expected: readonly Float32Array[],
): Promise<void> {
  const { input } = bundle.card;
  const engine = await onnxEngine(bundle, { provider: "cpu" });
  try {
    for (const [i, picture] of probePictures(input).entries()) {
      const values = new Float32Array(tensorLength(input));
      writeTensor(picture, input, values);
      const difference = largestDifference(expected[i] ?? new Float32Array(), await engine.run(values, 1));
      if (difference > 1e-4)
        throw new BundleError(
          `${folder}: as ONNX it answers differently (by ${difference.toPrecision(2)}); export it to ONNX (tf2onnx) and import that`,
        );
    }
  } finally {
    await engine.close();
  }
}

async function copyFiles({ files }: TfjsFiles, folder: string): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

async function save(model: LayersModel, folder: string): Promise<void> {
  await model.save({
    save: async (artifacts: io.ModelArtifacts) => {
      await writeTfjsFiles(folder, artifacts);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    },
  });
}
