import { stat } from "node:fs/promises";
import { join } from "node:path";

const FILES = ["model.json", "labels.txt", "model.onnx"];

/** @returns what changes when a bundle is written anew, in place or by a rename; the files themselves are not read */
export async function bundleSignature(folder: string): Promise<string> {
  const stats = await Promise.all(FILES.map((file) => stat(join(folder, file)).catch(() => undefined)));
  return stats.map((found) => (found ? `${found.ino} ${found.size} ${found.mtimeMs}` : "absent")).join(", ");
}
