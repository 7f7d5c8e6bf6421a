import { type Plan, type PlannedLayer, type Shape, sizeOf } from "./plan.ts";

/** One layer of the printed table. The rows of a residual's body and shortcut follow its own. */
export interface SummaryRow {
  readonly name: string;
  /** How many residuals this layer is inside. */
  readonly depth: number;
  /** On the shortcut of the residual it is inside. */
  readonly shortcut: boolean;
  readonly output: Shape;
  /** Trainable parameters of this layer alone. */
  readonly parameters: number;
  /** Running statistics: stored with the model, not trained. */
  readonly statistics: number;
  /** For one picture. Convolutions and dense layers only; all else is small beside them. */
  readonly multiplyAdds: number;
}

/** What a whole network adds up to. */
export interface SummaryTotals {
  readonly total: number;
  readonly trainable: number;
  readonly notTrainable: number;
  readonly multiplyAdds: number;
  /** Of the ONNX file, in MB of a million bytes: its tensors alone, which are all but a few kB of it. */
  readonly onnxMegabytes: number;
}

const bytesPerFloat = 4;

/** One row a layer, in the order of computation, bodies before shortcuts. */
export function summarise(plan: Plan): SummaryRow[] {
  return plan.layers.flatMap((layer) => rowsOf(layer, 0, false));
}

/** Adds the rows of `summarise` up. */
export function totalsOf(rows: readonly SummaryRow[]): SummaryTotals {
  const sum = (value: (row: SummaryRow) => number) => rows.reduce((total, row) => total + value(row), 0);
  const trainable = sum((row) => row.parameters);
  const notTrainable = sum((row) => row.statistics);
  const total = trainable + notTrainable;
  return {
    total,
    trainable,
    notTrainable,
    multiplyAdds: sum((row) => row.multiplyAdds),
    onnxMegabytes: (total * bytesPerFloat) / 1e6,
  };
}

/**
 * The table for a terminal: layer, output shape (channels first), parameters and multiply-adds, then the totals.
 * Several lines, none of them ending in a line feed at the end of the text.
 */
export function formatSummary(rows: readonly SummaryRow[]): string {
  const head = ["layer", "output", "parameters", "multiply-adds"];
  const cells = rows.map((row) => [
    `${"  ".repeat(row.depth)}${row.name}${row.shortcut ? " (shortcut)" : ""}`,
    row.output.join(" x "),
    grouped(row.parameters + row.statistics),
    grouped(row.multiplyAdds),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) => (column < 2 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join("  ");
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(head), rule, ...cells.map(line), rule, ...formatTotals(totalsOf(rows))].join("\n");
}

function formatTotals(totals: SummaryTotals): string[] {
  return [
    `parameters     ${grouped(totals.total)}`,
    `trainable      ${grouped(totals.trainable)}`,
    `not trainable  ${grouped(totals.notTrainable)}`,
    `multiply-adds  ${grouped(totals.multiplyAdds)}`,
    `ONNX file      about ${totals.onnxMegabytes < 0.1 ? totals.onnxMegabytes.toFixed(3) : totals.onnxMegabytes.toFixed(1)} MB`,
  ];
}

function rowsOf(layer: PlannedLayer, depth: number, shortcut: boolean): SummaryRow[] {
  const row = { name: layer.name, depth, shortcut, output: layer.output, ...costOf(layer) };
  if (layer.type !== "residual") return [row];
  return [
    row,
    ...layer.body.flatMap((inner) => rowsOf(inner, depth + 1, false)),
    ...layer.shortcut.flatMap((inner) => rowsOf(inner, depth + 1, true)),
  ];
}

function costOf(layer: PlannedLayer): Pick<SummaryRow, "parameters" | "statistics" | "multiplyAdds"> {
  switch (layer.type) {
    case "conv": {
      const kernelUses = sizeOf(layer.output) / layer.output[0];
      return {
        parameters: layer.kernel.size + (layer.bias?.size ?? 0),
        statistics: 0,
        multiplyAdds: kernelUses * layer.kernel.size,
      };
    }
    case "dense":
      return { parameters: layer.kernel.size + layer.bias.size, statistics: 0, multiplyAdds: layer.kernel.size };
    case "batch-norm":
      return {
        parameters: layer.gamma.size + layer.beta.size,
        statistics: 2 * layer.statistic.channels,
        multiplyAdds: 0,
      };
    default:
      return { parameters: 0, statistics: 0, multiplyAdds: 0 };
  }
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
