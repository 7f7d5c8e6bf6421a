import { shownCommands } from "./commands.ts";
import { duration, percent } from "./format.ts";
import type { MeasuredRun, MeasuredTest } from "./measured.ts";
import { readingOf } from "./reading.ts";
import type { Row, Run } from "./rows.ts";

/** All measured runs by name; what is missing was not run. */
export type Results = ReadonlyMap<string, MeasuredRun>;

const NOT_RUN = "not run";

/** models/RESULTS.md: made of the rows as they are declared and of what was measured, nothing else. */
export function renderResults(rows: readonly Row[], runs: readonly Run[], results: Results): string {
  const named = new Map(runs.map((run) => [run.name, run]));
  return [
    "# The tutorials' results, side by side",
    "",
    "<!-- Made by `npm run results` out of models/results.json and scripts/results/rows.ts: change those. -->",
    "",
    "Each network that the tutorials teach, on the photographs here, by its authors' recipe; beside it Beckon's `own` on",
    "the same pictures. Tests are people and rooms that were not trained on, unless a line says otherwise. Accuracies are",
    "means over the sources of a test (a source is about one signer in one room), with a 95 % interval in brackets.",
    "Validation pictures come at random from the people trained on, as in the tutorials: the gap between the two columns is",
    "what a random split hides.",
    "",
    ...mainTable(rows, named, results),
    "",
    "## What to read out of it",
    "",
    ...readingOf(rows, named, results),
    "",
    "## Every figure",
    "",
    ...figuresTable(runs, results),
    "",
    "## The commands",
    "",
    "`npm run results` runs them in this order and writes this page; `npm run results -- --list` says what is missing. `$DATA`",
    "is the folder of the photographs. All seeds are 1. `own` differs in nothing but what its command says.",
    "",
    ...runs.flatMap((run) => [`**${run.name}**`, "", "```sh", ...shownCommands(run), "```", ""]),
  ].join("\n");
}

function mainTable(rows: readonly Row[], runs: ReadonlyMap<string, Run>, results: Results): string[] {
  const head = [
    "architecture",
    "data and split",
    "its authors",
    "here: validation",
    "here: test",
    "`own`, same split: test",
    "machine time",
    "pretraining",
    "remarks",
  ];
  const lines = rows.map((row) => {
    const run = results.get(row.run);
    return [
      `\`${row.architecture}\``,
      row.data,
      row.reported,
      validationCell(runs.get(row.run), run),
      testsCell(run),
      row.own.map((name) => ownCell(name, row.own.length > 1, results.get(name))).join("<br>"),
      timeCell(run),
      row.pretraining,
      row.remarks,
    ];
  });
  return table(head, lines);
}

function validationCell(run: Run | undefined, measured: MeasuredRun | undefined): string {
  if (measured === undefined) return NOT_RUN;
  if (run?.judged === "last") return "none: the last epoch is tested";
  return percent(measured.training.validationAccuracy ?? 0);
}

function testsCell(measured: MeasuredRun | undefined): string {
  return measured === undefined ? NOT_RUN : measured.tests.map(testLine).join("<br>");
}

function testLine({ name, macro, alike, count }: MeasuredTest): string {
  const without = alike > 0 ? `, ${alike} of ${alike + count} left out` : "";
  return `${name}: **${percent(macro.accuracy)}** (${percent(macro.low)} to ${percent(macro.high)}${without})`;
}

function ownCell(name: string, several: boolean, measured: MeasuredRun | undefined): string {
  const title = several ? `\`${name}\`: ` : "";
  return `${title}${testsCell(measured)}`;
}

function timeCell(measured: MeasuredRun | undefined): string {
  if (measured === undefined) return NOT_RUN;
  const { seconds, epochs, steps, batch } = measured.training;
  return `${duration(seconds)}: ${epochs} epochs of ${steps} steps of ${batch}`;
}

function figuresTable(runs: readonly Run[], results: Results): string[] {
  const head = ["run", "pictures", "epoch", "train", "validation", "test", "accuracy", "by source", "training time"];
  const lines = runs.flatMap((run): string[][] => {
    const measured = results.get(run.name);
    if (measured === undefined) return [[`\`${run.name}\``, NOT_RUN, "", "", "", "", "", "", ""]];
    const { training } = measured;
    return measured.tests.map((test, index) => [
      ...(index > 0
        ? ["", "", "", "", ""]
        : [
            `\`${run.name}\``,
            String(training.pictures),
            `${training.epoch} of ${training.epochs}`,
            percent(training.trainAccuracy),
            training.validationAccuracy === null ? "none" : percent(training.validationAccuracy),
          ]),
      test.name,
      `${percent(test.macro.accuracy)} (${percent(test.macro.low)} to ${percent(test.macro.high)})`,
      test.sources.map(({ name, accuracy, count }) => `${name} ${percent(accuracy)} of ${count}`).join(", "),
      index > 0 ? "" : duration(training.seconds),
    ]);
  });
  const machines = [...new Set([...results.values()].map(({ training }) => training.machine))];
  return [
    ...table(head, lines),
    "",
    "`train` is the accuracy on the pictures as they were learned, augmented where the recipe augments. The validation of",
    "`signs-cnn`, `resnet50` and `own-signs` is massey's finger counts, watched and not chosen by.",
    ...(machines.length > 0 ? ["", `Machine: ${machines.join("; ")}.`] : []),
  ];
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...lines.map(row)];
}
