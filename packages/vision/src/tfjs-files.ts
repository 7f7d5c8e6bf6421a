import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { io } from "@tensorflow/tfjs-core";
import { z } from "zod";
import { BundleError } from "./bundle-error.ts";
import { pathInside, readLimited } from "./file-access.ts";
import { firstLine } from "./first-line.ts";
import { fileReason } from "./system-reason.ts";

/** A folder with a LayersModel: `model.json`, and the files of weights that it names. */
export interface TfjsFiles {
  /** Every file, `model.json` first, by its path inside the folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What `loadLayersModel` takes. */
  readonly artifacts: io.ModelArtifacts;
  /** Over the bytes of all files, in their order. */
  readonly sha256: string;
}

const MAX_JSON_BYTES = 50_000_000;
/** Of all files of weights together. */
const MAX_WEIGHT_BYTES = 500_000_000;

/** Bytes of one value, as tfjs stores it; a quantised weight has the type of its quantisation. */
const VALUE_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  complex64: 8,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

const WeightSpec = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.string(),
  quantization: z.looseObject({ dtype: z.string() }).optional(),
});

const ModelJson = z.looseObject({
  format: z.string().optional(),
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(WeightSpec) })),
});

/**
 * Reads a LayersModel folder; no file outside it is opened, whatever `model.json` says.
 *
 * @throws BundleError for a file that is missing, too large, of another length than its weights need, or not a LayersModel
 */
export async function readTfjsFiles(folder: string): Promise<TfjsFiles> {
  const file = join(folder, "model.json");
  const bytes = await readPart(file, MAX_JSON_BYTES);
  const model = parseModelJson(file, bytes);
  const files = new Map([["model.json", bytes]]);
  let left = MAX_WEIGHT_BYTES;
  for (const path of new Set(model.weightsManifest.flatMap((group) => group.paths))) {
    const place = pathInside(folder, path);
    if (place === undefined) throw new BundleError(`${file}: weights "${path}" lie outside of the folder`);
    const weights = await readPart(place, left);
    left -= weights.length;
    files.set(path, weights);
  }
  const parts = model.weightsManifest.map((group) => groupBytes(file, group, files));
  const hash = createHash("sha256");
  for (const content of files.values()) hash.update(content);
  return {
    files,
    artifacts: {
      format: "layers-model",
      modelTopology: model.modelTopology,
      weightSpecs: model.weightsManifest.flatMap((group) => group.weights) as io.WeightsManifestEntry[],
      weightData: joinBytes(parts).buffer,
    },
    sha256: hash.digest("hex"),
  };
}

/**
 * Writes a LayersModel as `model.json` and `weights.bin`; `model.save({ save })` of tfjs-layers gives the artifacts.
 *
 * @param folder made when it is not there
 */
export async function writeTfjsFiles(folder: string, artifacts: io.ModelArtifacts): Promise<void> {
  const { modelTopology, weightSpecs = [], weightData = new ArrayBuffer(0) } = artifacts;
  const buffers = Array.isArray(weightData) ? weightData : [weightData];
  const model = {
    format: "layers-model",
    generatedBy: artifacts.generatedBy ?? "beckon",
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }],
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "weights.bin"), joinBytes(buffers.map((buffer) => new Uint8Array(buffer))));
  await writeFile(join(folder, "model.json"), JSON.stringify(model));
}

type Manifest = z.infer<typeof ModelJson>["weightsManifest"][number];

function parseModelJson(file: string, bytes: Uint8Array): z.infer<typeof ModelJson> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BundleError(`${file}: not JSON: ${firstLine(cause)}`, { cause });
  }
  const parsed = ModelJson.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BundleError(`${file}: no model of TensorFlow.js: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { format } = parsed.data;
  if (format !== undefined && format !== "layers-model") {
    throw new BundleError(`${file}: a ${format}, only a layers-model can be used; export the Keras model as one`);
  }
  return parsed.data;
}

function groupBytes(file: string, group: Manifest, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const needed = group.weights.reduce((sum, spec) => sum + weightBytes(file, spec), 0);
  const parts = group.paths.map((path) => files.get(path) ?? new Uint8Array());
  const found = parts.reduce((sum, part) => sum + part.length, 0);
  if (found !== needed) {
    const [first = "no files", ...more] = group.paths;
    const names = more.length === 0 ? first : `${first} and ${more.length} more`;
    throw new BundleError(`${file}: its weights need ${needed} bytes, ${names} hold ${found}; copy them again`);
  }
  return joinBytes(parts);
}

function weightBytes(file: string, spec: z.infer<typeof WeightSpec>): number {
  const type = spec.quantization?.dtype ?? spec.dtype;
  const size = VALUE_BYTES[type];
  if (size === undefined) throw new BundleError(`${file}: weight ${spec.name} is of type ${type}`);
  return spec.shape.reduce((product, side) => product * side, size);
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

async function readPart(file: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readLimited(file, limit);
  } catch (cause) {
    throw new BundleError(`${file}: ${fileReason(cause)}`, { cause });
  }
}
