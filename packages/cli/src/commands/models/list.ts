import { join, relative } from "node:path";
import { type CommandInput, command } from "../../command.ts";
import { oneLine, printJson, printLines } from "../../output.ts";
import { bundlesIn, SHIPPED } from "../../shipped-models.ts";
import { CommandFailure } from "../../usage.ts";

export const list = command({
  name: "list",
  description: "List the models that ship, and those in a folder",
  args: {
    folder: { type: "string", valueHint: "folder", description: "List the bundles in this folder too" },
    json: { type: "boolean", description: "Print JSON instead of a table" },
  },
  run,
});

interface Row {
  readonly name: string;
  readonly folder: string;
  readonly version?: string;
  readonly architecture?: string;
  readonly classes?: number;
  readonly input?: string;
  readonly megabytes?: number;
  readonly accuracy?: string;
  /** Why it cannot be used. */
  readonly problem?: string;
}

async function run({ args }: CommandInput): Promise<void> {
  const own = args.text("folder");
  const folders = own === undefined ? [SHIPPED] : [SHIPPED, own];
  const found = await Promise.all(
    folders.map(async (folder) => (await bundlesIn(folder)).map((name) => join(folder, name))),
  );
  if (own !== undefined && found[1]?.length === 0)
    throw new CommandFailure(`no model bundle in ${own}: check the path`);
  const rows = await Promise.all(found.flat().map(describe));
  if (args.on("json")) printJson(rows);
  else printLines(rows.length === 0 ? ["No model ships here yet; train one with: beckon train"] : table(rows));
}

async function describe(path: string): Promise<Row> {
  const { BundleError, loadBundle } = await import("@beckon/vision");
  const folder = relative("", path) || path;
  try {
    const { card, labels, onnx } = await loadBundle(path);
    // The validation pictures chose the model; a test says more, where one was recorded.
    const test = card.evaluations.find(({ data }) => data !== "validation") ?? card.evaluations[0];
    return {
      name: card.name,
      folder,
      version: card.version,
      architecture: card.architecture,
      classes: labels.length,
      input: `${card.input.width}x${card.input.height}`,
      megabytes: Number((onnx.length / 1e6).toFixed(2)),
      ...(test && { accuracy: `${(100 * test.macro.accuracy).toFixed(1)} % on ${test.data}` }),
    };
  } catch (error) {
    if (error instanceof BundleError) return { name: "?", folder, problem: error.message };
    throw error;
  }
}

function table(rows: readonly Row[]): string[] {
  const head = ["name", "version", "architecture", "classes", "input", "MB", "accuracy", "folder"];
  const cells = rows.map((row) => [
    row.name,
    row.version ?? "-",
    row.architecture ?? "-",
    String(row.classes ?? "-"),
    row.input ?? "-",
    row.megabytes?.toFixed(1) ?? "-",
    oneLine(row.problem ?? row.accuracy ?? "-"),
    row.folder,
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  return [head, ...cells].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
