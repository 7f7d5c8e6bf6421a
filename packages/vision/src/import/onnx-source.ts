import { dirname } from "node:path";
import { BundleError } from "../bundle-error.ts";
import { pathInside, readLimited } from "../file-access.ts";
import { decodeModel, editModel, externalFiles, OnnxFileError, type OnnxModel } from "../onnx-file.ts";
import { fileReason } from "../system-reason.ts";

/** An ONNX file of any origin with all of its weights. */
export interface OnnxSource {
  readonly bytes: Uint8Array;
  readonly model: OnnxModel;
}

/** Of the file and of all weights beside it together. */
const MAX_BYTES = 500_000_000;

/**
 * Reads an ONNX file and brings in the weights that it keeps in files beside it; none outside of its folder is opened.
 *
 * @throws BundleError for a file that is missing, too large, cut short, or no ONNX model
 */
export async function readOnnxSource(file: string): Promise<OnnxSource> {
  const alone = await readPart(file, MAX_BYTES);
  try {
    const beside = await readBeside(file, alone);
    const bytes =
      beside.size === 0 ? alone : editModel(alone, { external: (...place) => weightsAt(file, beside, place) });
    return { bytes, model: decodeModel(bytes) };
  } catch (cause) {
    throw cause instanceof OnnxFileError ? new BundleError(`${file}: ${cause.message}`, { cause }) : cause;
  }
}

/** The files beside the model, by the names that it gives them. */
async function readBeside(file: string, bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  let left = MAX_BYTES - bytes.length;
  for (const name of externalFiles(bytes)) {
    const place = pathInside(dirname(file), name);
    if (place === undefined) throw new BundleError(`${file}: its weights "${name}" lie outside of its folder`);
    const content = await readPart(place, left);
    left -= content.length;
    contents.set(name, content);
  }
  return contents;
}

function weightsAt(
  file: string,
  contents: ReadonlyMap<string, Uint8Array>,
  [name, offset, length]: readonly [string, number, number | undefined],
): Uint8Array {
  const content = contents.get(name) ?? new Uint8Array();
  const end = length === undefined ? content.length : offset + length;
  const possible = Number.isInteger(offset) && Number.isInteger(end) && offset >= 0 && end >= offset;
  if (!possible) throw new BundleError(`${file}: names no place in "${name}" for its weights; export it again`);
  if (end > content.length) throw new BundleError(`${file}: its weights "${name}" are cut short, copy them again`);
  return content.subarray(offset, end);
}

async function readPart(file: string, limit: number): Promise<Uint8Array> {
  try {
    return await readLimited(file, limit);
  } catch (cause) {
    throw new BundleError(`${file}: ${fileReason(cause)}`, { cause });
  }
}
