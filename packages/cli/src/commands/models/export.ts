import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plan } from "@beckon/training";
import type { Bundle } from "@beckon/vision";
import { type CommandInput, command } from "../../command.ts";
import { printLines } from "../../output.ts";
import { findBundle } from "../../shipped-models.ts";
import { CommandFailure, UsageError } from "../../usage.ts";

export const exportModel = command({
  name: "export",
  description: "Write a bundle's model for other programs",
  args: {
    bundle: { type: "positional", description: "Folder of a bundle, or the name of a shipped model" },
    to: { type: "string", valueHint: "onnx|tfjs", description: "Format: an ONNX file, or a tfjs LayersModel" },
    out: { type: "string", valueHint: "folder", description: "Folder to write to" },
  },
  run,
});

async function run({ args }: CommandInput): Promise<void> {
  const to = args.choice("to", ["onnx", "tfjs"]);
  if (to === undefined) throw new UsageError("--to is missing: onnx or tfjs");
  const out = args.required(args.text("out"), "--out <folder> is missing: where the model is written");
  if (["model.json", "model.onnx"].every((file) => existsSync(join(out, file))))
    throw new CommandFailure(`${out} holds a model bundle, whose files would be replaced: name another folder`);
  const { loadBundle } = await import("@beckon/vision");
  const bundle = await loadBundle(await findBundle(args.positionals[0] ?? ""));
  if (to === "tfjs") await exportTfjs(bundle, out);
  else await exportOnnx(bundle, out);
  await writeFile(join(out, "labels.txt"), `${bundle.labels.join("\n")}\n`);
  const { width, height, colours, mean, std, fit } = bundle.card.input;
  const layout = to === "tfjs" ? "NHWC" : bundle.card.input.layout;
  printLines([
    `${out}: model and labels.txt`,
    `input: ${width}x${height} ${colours}, ${layout}, (byte / 255 - [${mean}]) / [${std}], ${fit}`,
    "output: one probability for each line of labels.txt",
  ]);
}

async function exportOnnx({ onnx }: Bundle, out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "model.onnx"), onnx);
}

async function exportTfjs(bundle: Bundle, out: string): Promise<void> {
  const { toTfjsLayersModel, writeTfjs } = await import("@beckon/training");
  const plan = await planOf(bundle);
  const { weights, statistics } = await stateOf(bundle, plan);
  const model = (() => {
    try {
      return toTfjsLayersModel(plan, weights, statistics);
    } catch (error) {
      throw new CommandFailure(`${bundle.card.name} cannot be a tfjs model: ${(error as Error).message}`, {
        cause: error,
      });
    }
  })();
  await writeTfjs(out, model);
}

/** The network that the bundle was trained as; its width stands in the training's summary or command. */
async function planOf({ card, labels }: Bundle): Promise<Plan> {
  const { architectures, planLayers } = await import("@beckon/training");
  const architecture = architectures.find(({ name }) => name === card.architecture);
  if (architecture === undefined)
    throw new CommandFailure(
      `${card.name} is not of an architecture of ours (${card.architecture}): only --to onnx can be had of it`,
    );
  const width = Number(card.training?.summary["width"] ?? / --width[ =](\d+)/.exec(card.training?.command ?? "")?.[1]);
  const layers = architecture.layers({ classes: labels.length, ...(width > 0 && { width }) });
  return planLayers(layers, [3, card.input.height, card.input.width]);
}

/** Weights and running statistics, flat, as the plan places them; in the file they are named after their layers. */
async function stateOf(
  { card, onnx }: Bundle,
  plan: Plan,
): Promise<{ weights: Float32Array; statistics: Float32Array }> {
  const { decodeModel } = await import("@beckon/vision");
  const tensors = new Map(decodeModel(onnx).initializers.map((tensor) => [tensor.name, tensor.data]));
  const take = (name: string, size: number): Float32Array => {
    const data = tensors.get(name);
    if (data instanceof Float32Array && data.length === size) return data;
    throw new CommandFailure(
      `${card.name}: its model has no ${name} of ${size} values, so it is not the ${card.architecture} it says it is`,
    );
  };
  const weights = new Float32Array(plan.weightCount);
  for (const { name, offset, size } of plan.parameters) weights.set(take(name, size), offset);
  const statistics = new Float32Array(plan.statisticCount);
  for (const { name, channels, offset } of plan.statistics) {
    statistics.set(take(`${name}.mean`, channels), offset);
    statistics.set(take(`${name}.variance`, channels), offset + channels);
  }
  return { weights, statistics };
}
