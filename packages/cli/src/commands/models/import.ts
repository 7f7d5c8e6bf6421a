import type { ImportOnnxOptions } from "@beckon/vision";
import type { Arguments } from "../../arguments.ts";
import { type CommandInput, command } from "../../command.ts";
import { printLines } from "../../output.ts";
import { UsageError } from "../../usage.ts";

export const importModel = command({
  name: "import",
  description: "Make a bundle of another's model: an ONNX file, or a tfjs LayersModel folder",
  args: {
    onnx: { type: "string", valueHint: "file", description: "An image classifier, exported from PyTorch, Keras, ..." },
    tfjs: {
      type: "string",
      valueHint: "folder",
      description: "A LayersModel folder, such as Teachable Machine's export",
    },
    labels: { type: "string", valueHint: "file", description: "Class names, one a line, in the order of the outputs" },
    name: { type: "string", valueHint: "name", description: "Name of the bundle: a to z, 0 to 9, dashes" },
    out: { type: "string", valueHint: "folder", description: "Folder that becomes the bundle" },
    size: { type: "string", valueHint: "pixels|WxH", description: "Input size" },
    layout: { type: "string", valueHint: "NCHW|NHWC", description: "Order of the input's dimensions" },
    colours: { type: "string", valueHint: "RGB|BGR", description: "Order of the colours" },
    scale: {
      type: "string",
      valueHint: "0..1|-1..1|0..255|imagenet|mean/std",
      description: "Range of the input values; mean/std is three numbers each: 0.5,0.5,0.5/0.25,0.25,0.25",
    },
    fit: {
      type: "string",
      valueHint: "stretch|cover|contain",
      description: "How a picture of other proportions is fitted",
    },
    logits: { type: "boolean", description: "The model gives logits" },
    probabilities: { type: "boolean", description: "The model gives probabilities" },
  },
  run,
});

async function run({ args }: CommandInput): Promise<void> {
  const onnx = args.text("onnx");
  const tfjs = args.text("tfjs");
  if ((onnx === undefined) === (tfjs === undefined))
    throw new UsageError("name one model to import: --onnx <file> or --tfjs <folder>");
  const name = args.required(args.text("name"), "--name <name> is missing: what the bundle is called");
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name))
    throw new UsageError(`--name "${name}": a to z, 0 to 9 and dashes are wanted, 32 at most`);
  const out = args.required(args.text("out"), "--out <folder> is missing: where the bundle is written");
  const { layout, ...overrides } = overridesOf(args);
  if (tfjs !== undefined && layout !== undefined)
    throw new UsageError("--layout: a LayersModel is always NHWC, leave it out");
  const labels = args.text("labels");
  const vision = await import("@beckon/vision");
  const imported =
    onnx !== undefined
      ? await vision.importOnnx({
          ...overrides,
          ...(layout !== undefined && { layout }),
          model: onnx,
          labels: args.required(labels, "--labels <file> is missing: one class a line, in the order of the outputs"),
          name,
          out,
        })
      : await vision.importTfjs({
          ...overrides,
          folder: tfjs ?? "",
          name,
          out,
          ...(labels !== undefined && { labels }),
        });
  const { notes, folder } = imported;
  printLines([...notes, `model: ${folder}`, `try it: beckon classify <picture> --model ${folder}`]);
}

type Overrides = Omit<ImportOnnxOptions, "model" | "labels" | "name" | "out">;

function overridesOf(args: Arguments): Overrides {
  const logits = args.on("logits");
  if (logits && args.on("probabilities")) throw new UsageError("--logits and --probabilities: only one can be true");
  const output = logits ? "logits" : args.on("probabilities") ? "probabilities" : undefined;
  const size = sizeOf(args.text("size"));
  const layout = args.choice("layout", ["NCHW", "NHWC"]);
  const colours = args.choice("colours", ["RGB", "BGR"]);
  const scale = scaleOf(args.text("scale"));
  const fit = args.choice("fit", ["stretch", "cover", "contain"]);
  return {
    ...(size !== undefined && { size }),
    ...(layout !== undefined && { layout }),
    ...(colours !== undefined && { colours }),
    ...(scale !== undefined && { scale }),
    ...(output !== undefined && { output }),
    ...(fit !== undefined && { fit }),
  };
}

function sizeOf(text: string | undefined): readonly [number, number] | undefined {
  if (text === undefined) return undefined;
  const [width = Number.NaN, height = width, ...more] = text.split(/[x,]/).map(Number);
  const possible = [width, height].every((side) => Number.isInteger(side) && side >= 8 && side <= 1024);
  if (!possible || more.length > 0)
    throw new UsageError(`--size "${text}": whole numbers from 8 to 1024 are wanted, such as 224 or 320x240`);
  return [width, height];
}

function scaleOf(text: string | undefined): Overrides["scale"] {
  if (text === undefined || text === "0..1" || text === "-1..1" || text === "0..255" || text === "imagenet")
    return text;
  const [mean, std, ...more] = text.split("/").map((part) => part.split(",").map(Number));
  if (
    mean === undefined ||
    std === undefined ||
    more.length > 0 ||
    !isTriple(mean) ||
    !isTriple(std) ||
    std.includes(0)
  )
    throw new UsageError(
      `--scale "${text}": 0..1, -1..1, 0..255, imagenet, or mean/std such as 0.5,0.5,0.5/0.25,0.25,0.25 is wanted`,
    );
  return { mean, std };
}

function isTriple(values: readonly number[]): values is [number, number, number] {
  return values.length === 3 && values.every(Number.isFinite);
}
