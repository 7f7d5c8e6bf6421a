import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Bundle, type ModelCard, saveBundle } from "@beckon/vision";

/**
 * Writes an evaluation on a bundle's card, in the place of an earlier one of the same name. Everything else in the
 * folder stays as it is, other files such as `tfjs/` too.
 *
 * @throws BundleError when the bundle cannot be written; it is untouched then
 */
export async function recordEvaluation(bundle: Bundle, evaluation: ModelCard["evaluations"][number]): Promise<void> {
  const { folder, card, labels, onnx } = bundle;
  const at = card.evaluations.findIndex(({ data }) => data === evaluation.data);
  const evaluations = at < 0 ? [...card.evaluations, evaluation] : card.evaluations.with(at, evaluation);
  await saveBundle(folder, {
    card: { ...card, evaluations },
    labels,
    onnx,
    addFiles: (fresh) => copyOthers(folder, fresh),
  });
}

/** Files that `saveBundle` writes itself. */
const WRITTEN = new Set(["model.json", "labels.txt", "model.onnx"]);

async function copyOthers(from: string, to: string): Promise<void> {
  for (const name of await readdir(from))
    if (!WRITTEN.has(name)) await cp(join(from, name), join(to, name), { recursive: true });
}
