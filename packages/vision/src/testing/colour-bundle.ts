import { join } from "node:path";
import { type NewBundle, saveBundle } from "../bundle.ts";
import { encodeModel } from "../onnx-file.ts";
import { encodeJpeg } from "../picture.ts";

/** The smallest model there is to classify with: means of the channels, times 8, softmax. It names red, green and blue pictures. */
export function colourModel(): Uint8Array {
  return encodeModel({
    opset: 13,
    name: "colours",
    nodes: [
      { opType: "GlobalAveragePool", inputs: ["x"], outputs: ["means"] },
      { opType: "Flatten", inputs: ["means"], outputs: ["flat"] },
      { opType: "Gemm", inputs: ["flat", "w"], outputs: ["logits"] },
      { opType: "Softmax", inputs: ["logits"], outputs: ["y"] },
    ],
    initializers: [{ name: "w", type: "float", dims: [3, 3], data: Float32Array.from([8, 0, 0, 0, 8, 0, 0, 0, 8]) }],
    inputs: [{ name: "x", type: "float", dims: ["batch", 3, 16, 16] }],
    outputs: [{ name: "y", type: "float", dims: ["batch", 3] }],
  });
}

const CARD: NewBundle["card"] = {
  format: "beckon-model/1",
  name: "colours",
  version: "1.0.0",
  architecture: "imported",
  input: {
    width: 16,
    height: 16,
    layout: "NCHW",
    colours: "RGB",
    mean: [0, 0, 0],
    std: [1, 1, 1],
    fit: "stretch",
    kernel: "linear",
  },
  thresholds: { default: 0.5 },
  sources: [{ name: "seen", pictures: 10 }],
};

/** Writes the bundle to `<folder>/colours` and gives its path. */
export async function saveColourBundle(folder: string, changes: Partial<NewBundle> = {}): Promise<string> {
  const bundle = join(folder, "colours");
  await saveBundle(bundle, { card: CARD, labels: ["red", "green", "blue"], onnx: colourModel(), ...changes });
  return bundle;
}

/** A JPEG of one colour. */
export function plainJpeg(colour: readonly [number, number, number], width = 40, height = 30): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => colour[at % 3] ?? 0);
  return encodeJpeg({ width, height, data });
}

/** Colours of which the bundle is sure, and one of which it is not: bytes, a little off the pure ones as a JPEG is. */
export const RED = [250, 5, 5] as const;
export const GREEN = [5, 250, 5] as const;
export const BLUE = [5, 5, 250] as const;
export const GREY = [120, 120, 120] as const;
