import { displaySource, type Evaluation } from "./evaluation.ts";

const BAR_WIDTH = 20;

/** A share as people read it: `76.5 %`, and `–` for what does not exist. */
export function percent(share: number | null): string {
  return share === null || !Number.isFinite(share) ? "–" : `${(100 * share).toFixed(1)} %`;
}

/** An interval of shares: `57.1 to 92.0 %`. */
export function percentRange({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %`;
}

/** The evaluation as text for a terminal, at most about 80 columns wide where names are short. */
export function formatEvaluation(evaluation: Evaluation): string {
  return [
    headline(evaluation),
    sourcesSection(evaluation),
    classesSection(evaluation),
    confusionsSection(evaluation),
    confidenceSection(evaluation),
    evaluation.warnings.map((warning) => `Warning: ${printable(warning)}`).join("\n"),
  ]
    .filter((section) => section !== "")
    .join("\n\n")
    .concat("\n");
}

function headline({ macro, micro, sources }: Evaluation): string {
  return [
    `Accuracy, mean over ${counted(sources.length, "source")}: ${percent(macro.accuracy)}  (95 % interval ${percentRange(macro)})`,
    `Accuracy, all ${counted(micro.count, "picture")}: ${percent(micro.accuracy)}`,
    `Interval: ${macro.method}`,
  ].join("\n");
}

function sourcesSection({ sources }: Evaluation): string {
  const rows = sources.map((source) => [
    displaySource(source.name),
    percent(source.accuracy),
    percentRange(source),
    String(source.count),
    bar(source.accuracy),
  ]);
  return table(["source", "accuracy", "95 % interval", "pictures", ""], rows, "lrrrl");
}

function classesSection({ classes }: Evaluation): string {
  const rows = classes.map((score) => [
    score.label,
    percent(score.precision),
    percent(score.recall),
    percent(score.f1),
    String(score.count),
  ]);
  return table(["class", "precision", "recall", "F1", "pictures"], rows, "lrrrr");
}

function confusionsSection({ confusions }: Evaluation): string {
  if (confusions.length === 0) return "No picture was taken for another class.";
  const rows = confusions.map((pair) => [pair.truth, pair.predicted, String(pair.count), percent(pair.share)]);
  return table(["taken", "for", "times", "of its pictures"], rows, "llrr");
}

function confidenceSection({ calibration, thresholds }: Evaluation): string {
  const { coverage, accuracy, unknown } = thresholds;
  return [
    `Calibration: confidence and accuracy differ by ${percent(calibration.ece)} on average`,
    `At the thresholds: ${percent(coverage)} answered, ${percent(accuracy)} of them right, ${unknown} unknown`,
  ].join("\n");
}

/** Columns padded to their widest cell; `align` has `l` or `r` for each. */
function table(header: readonly string[], rows: readonly (readonly string[])[], align: string): string {
  const lines = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => length(line[column] ?? ""))));
  return lines
    .map((line) =>
      line
        .map((cell, column) => pad(cell, widths[column] ?? 0, align[column] === "r"))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function pad(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - length(text)));
  return right ? space + text : text + space;
}

/** In code points: labels need not be ASCII. */
function length(text: string): number {
  return [...text].length;
}

/** Names come from folders: a control character in one must not drive the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "�");
}

function bar(share: number): string {
  return "█".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, "░");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
