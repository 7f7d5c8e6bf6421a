import type { Bundle } from "@beckon/vision";
import { type CommandInput, command } from "../../command.ts";
import { printJson, printLines } from "../../output.ts";
import { recipeLine } from "../../recipes.ts";
import { findBundle } from "../../shipped-models.ts";
import { UsageError } from "../../usage.ts";

export const inspect = command({
  name: "inspect",
  description: "Show the card of a bundle, or the layers of an architecture",
  args: {
    bundle: { type: "positional", required: false, description: "Folder of a bundle, or the name of a shipped model" },
    arch: { type: "string", valueHint: "name", description: "An architecture instead: its recipe and its layers" },
    classes: {
      type: "string",
      valueHint: "n",
      description: "With --arch: number of classes (default that of its authors)",
    },
    width: { type: "string", valueHint: "n", description: "With --arch: width of the network" },
    side: { type: "string", valueHint: "pixels", description: "With --arch: side of the input" },
    json: { type: "boolean", description: "Print JSON instead of a table" },
  },
  run,
});

async function run({ args }: CommandInput): Promise<void> {
  const [named] = args.positionals;
  const arch = args.text("arch");
  if ((named === undefined) === (arch === undefined))
    throw new UsageError("name one thing to inspect: a bundle, or --arch <name>");
  if (arch !== undefined) return inspectArchitecture(arch, args);
  const stray = ["classes", "width", "side"].find((flag) => args.text(flag) !== undefined);
  if (stray !== undefined) throw new UsageError(`--${stray} belongs to --arch <name>: a bundle is as it is`);
  const { loadBundle } = await import("@beckon/vision");
  const bundle = await loadBundle(await findBundle(named ?? ""));
  if (args.on("json")) printJson({ ...bundle.card, labels: bundle.labels });
  else printLines(cardLines(bundle));
}

async function inspectArchitecture(name: string, args: CommandInput["args"]): Promise<void> {
  const { findArchitecture, formatSummary, planLayers, summarise, totalsOf } = await import("@beckon/training");
  const architecture = findArchitecture(name);
  const classes = args.number("classes", { min: 2, max: 10_000, whole: true }) ?? architecture.classes;
  const width = args.number("width", { min: 1, max: 65_536, whole: true });
  const side = args.number("side", { min: 8, max: 1024, whole: true }) ?? architecture.side;
  const rows = (() => {
    try {
      return summarise(
        planLayers(architecture.layers({ classes, ...(width !== undefined && { width }) }), [3, side, side]),
      );
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  })();
  if (args.on("json")) {
    printJson({ name, side, classes, recipe: architecture.recipe, totals: totalsOf(rows), layers: rows });
    return;
  }
  const lines = [
    `${architecture.name}: ${architecture.summary}`,
    `input    ${side}x${side}x3, ${classes} classes`,
    `recipe   ${recipeLine(architecture.recipe)}`,
    ...(architecture.reported === undefined ? [] : [`authors  ${architecture.reported}`]),
    ...(architecture.widthMeaning === undefined ? [] : [`--width  ${architecture.widthMeaning}`]),
    "",
    formatSummary(rows),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function cardLines({ folder, card, labels, onnx }: Bundle): string[] {
  const { input, thresholds, training } = card;
  const single = Object.entries(thresholds.classes).map(([label, value]) => `${label} ${value}`);
  const facts: (readonly [string, string])[] = [
    ["folder", folder],
    ["architecture", card.architecture],
    ["classes", `${labels.length}: ${labels.join(" ")}`],
    ["input", `${input.width}x${input.height} ${input.colours}, ${input.layout}, ${input.fit}, ${input.kernel}`],
    ["scale", `(byte / 255 - ${triple(input.mean)}) / ${triple(input.std)}`],
    ["threshold", `unknown below ${[String(thresholds.default), ...single].join(", ")}`],
    ["model.onnx", `${(onnx.length / 1e6).toFixed(2)} MB, sha256 ${card.sha256.onnx.slice(0, 12)}... (verified)`],
    ...(training === undefined ? [] : [["trained by", training.command] as const]),
    ...Object.entries(training?.summary ?? {}).map(([name, value]) => [`  ${name}`, String(value)] as const),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    `${card.name} ${card.version}${card.summary === undefined ? "" : `: ${card.summary}`}`,
    ...facts.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    ...card.evaluations.flatMap(evaluationLines),
    ...sourceLines(card.sources),
  ];
}

function evaluationLines({
  data,
  macro,
  sources,
  sharesSources,
  note,
}: Bundle["card"]["evaluations"][number]): string[] {
  return [
    `tested on ${data}: ${percent(macro.accuracy)}, 95 % interval ${percent(macro.low)} to ${percent(macro.high)}`,
    ...(sharesSources ? ["  trained on some of these sources: a new person will see less"] : []),
    ...(note === undefined ? [] : [`  ${note}`]),
    ...sources.map(({ name, accuracy, count }) => `  ${name}  ${percent(accuracy)} of ${count}`),
  ];
}

function sourceLines(sources: Bundle["card"]["sources"]): string[] {
  if (sources.length === 0) return ["trained on: not recorded"];
  const total = sources.reduce((sum, { pictures }) => sum + pictures, 0);
  return [
    `trained on ${total.toLocaleString("en")} pictures from ${sources.length} sources`,
    ...sources.map(({ name, pictures, repository, licence }) =>
      [`  ${name}`, String(pictures), ...(repository ? [repository] : []), ...(licence ? [licence] : [])].join("  "),
    ),
  ];
}

function triple(values: readonly [number, number, number]): string {
  return values.every((value) => value === values[0]) ? String(values[0]) : `[${values.join(", ")}]`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
