import { stat, writeFile } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import type { BundleEvaluation, DataInput } from "@beckon/training";
import type { Bundle } from "@beckon/vision";
import { type CommandInput, command } from "../command.ts";
import { ENGINE_FLAG, engineOf } from "../engine-flag.ts";
import { withInterrupt } from "../interrupt.ts";
import { oneLine, printJson, printLines } from "../output.ts";
import { bar, duration, Progress, timeLeft } from "../progress.ts";
import { parseRoi, ROI_FLAG } from "../roi.ts";
import { findBundle } from "../shipped-models.ts";
import { CommandFailure, UsageError } from "../usage.ts";

export const evaluate = command({
  name: "evaluate",
  description: "Judge a model on folders of labelled pictures, source by source",
  args: {
    model: { type: "string", valueHint: "bundle", description: "Folder of a bundle, or the name of a shipped model" },
    data: {
      type: "string",
      valueHint: "folder[=class]",
      description: "Pictures as <source>/<class>/* or <class>/*; =class names all of them; may be repeated",
    },
    drop: {
      type: "string",
      valueHint: "names",
      description: "Leave out classes, sources/classes or sources/*: J,Z,asl29/nothing",
    },
    unlike: {
      type: "string",
      valueHint: "folder[=class]",
      description: "Leave out pictures that are also, or nearly, in this folder; may be repeated",
    },
    roi: ROI_FLAG,
    record: {
      type: "string",
      valueHint: "name",
      description: "Write the result on the bundle's card, in the place of an earlier one of this name: letters/test",
    },
    note: { type: "string", valueHint: "text", description: "With --record: what a reader of the card must know" },
    report: {
      type: "string",
      valueHint: "file.html",
      description: "Write a page with charts that opens without a network",
    },
    json: { type: "boolean", description: "Print JSON instead of tables" },
    engine: ENGINE_FLAG,
    threads: { type: "string", valueHint: "n", description: "Threads of the engine on the CPU (default 1)" },
  },
  run,
});

async function run({ args, typed }: CommandInput): Promise<void> {
  const named = args.required(args.text("model"), "no model was named: add --model <bundle>");
  if (args.all("data").length === 0) throw new UsageError("no pictures were named: add --data <folder>");
  const roi = parseRoi(args.text("roi"));
  const engine = engineOf(args);
  const threads = args.number("threads", { min: 1, max: 256, whole: true });
  const drop = args.list("drop");
  const record = args.text("record");
  const note = args.text("note");
  if (note !== undefined && record === undefined) throw new UsageError("--note needs --record <name>");
  const report = args.text("report");
  if (report !== undefined) await checkReportPlace(report);
  const folder = await findBundle(named);
  const [{ evaluateBundle, formatEvaluation, parseDataInput }, { loadBundle }] = await Promise.all([
    import("@beckon/training"),
    import("@beckon/vision"),
  ]);
  const data = args.all("data").map(parseDataInput);
  const unlike = args.all("unlike").map(parseDataInput);
  const bundle = await loadBundle(folder);
  const progress = new Progress(process.stderr);
  const began = performance.now();
  const onProgress = (done: number, total: number) =>
    progress.update(() => {
      const left = timeLeft(done, total, (performance.now() - began) / 1000);
      return `judging ${bar(done / total)} ${done}/${total}${left === undefined ? "" : `  ${duration(left)} left`}`;
    });
  const result = await withInterrupt((signal) =>
    evaluateBundle({
      bundle,
      data,
      engine,
      signal,
      onProgress,
      ...(roi !== undefined && { roi }),
      ...(drop !== undefined && { drop }),
      ...(unlike.length > 0 && { unlike }),
      ...(threads !== undefined && { threads }),
    }),
  ).finally(() => progress.clear());
  for (const { message } of result.problems) process.stderr.write(`${oneLine(`problem: ${message}`)}\n`);
  const title = `${bundle.card.name} ${bundle.card.version} on ${data.map((input) => input.folder).join(", ")}`;
  const json = args.on("json");
  // Printed first: what took long must not be lost because a file cannot be written.
  if (json) printResult(result);
  else printTables(title, formatEvaluation(result.evaluation), result, unlike);
  if (report !== undefined) {
    await writeReport(report, title, result, typed);
    if (!json) printLines([`Report: ${report}`]);
  }
  if (record !== undefined) {
    await recordOnCard(bundle, record, notesOf(result, unlike, note), result);
    if (!json) printLines([`Recorded as "${record}" in ${folder}/model.json`]);
  }
}

/** Before the work, so that a mistyped folder does not cost it. */
async function checkReportPlace(file: string): Promise<void> {
  const folder = await stat(dirname(file)).catch(() => undefined);
  const there = await stat(file).catch(() => undefined);
  if (!folder?.isDirectory()) throw new CommandFailure(`--report ${file}: there is no folder ${dirname(file)}`);
  if (there?.isDirectory())
    throw new CommandFailure(`--report ${file}: is a folder; name a file in it, such as report.html`);
}

async function recordOnCard(bundle: Bundle, name: string, note: string | undefined, { evaluation }: BundleEvaluation) {
  const { recordEvaluation, toCardEvaluation } = await import("@beckon/training");
  await recordEvaluation(bundle, toCardEvaluation(evaluation, name, note));
}

/** What the user says of the test, and what was left out of it. */
function notesOf({ evaluation, alike }: BundleEvaluation, unlike: readonly DataInput[], note: string | undefined) {
  const classes = Object.entries(evaluation.leftOut).map(([name, count]) => `${name} (${count})`);
  const notes = [
    ...(note === undefined ? [] : [note]),
    ...(unlike.length > 0 ? [alikeLine(alike, unlike)] : []),
    ...(classes.length > 0 ? [`classes left out, which the model lacks: ${classes.join(", ")}`] : []),
  ];
  return notes.length === 0 ? undefined : notes.join("; ");
}

/** Folders by their last two names: a card travels, and where its maker keeps pictures is nobody's business. */
function alikeLine(alike: number, unlike: readonly DataInput[]): string {
  const names = unlike.map(({ folder }) => resolve(folder).split(sep).slice(-2).join("/"));
  return `left out ${alike} ${alike === 1 ? "picture" : "pictures"} that ${alike === 1 ? "is" : "are"} also or nearly in ${names.join(", ")}`;
}

function capital(line: string): string {
  return `${line.slice(0, 1).toUpperCase()}${line.slice(1)}`;
}

async function writeReport(file: string, title: string, { evaluation, problems }: BundleEvaluation, typed: string) {
  const { renderReport } = await import("@beckon/training");
  await writeFile(
    file,
    renderReport({ title, evaluation, command: typed, problems: problems.map((one) => one.message) }),
  );
}

function printTables(
  title: string,
  tables: string,
  { alike, engineName, picturesPerSecond }: BundleEvaluation,
  unlike: readonly DataInput[],
): void {
  printLines([
    title,
    "",
    ...tables.trimEnd().split("\n"),
    "",
    ...(unlike.length > 0 ? [`${capital(alikeLine(alike, unlike))}.`, ""] : []),
    `Read and judged at ${Math.round(picturesPerSecond)} pictures a second by ${engineName}.`,
  ]);
}

function printResult({ evaluation, alike, engineName, picturesPerSecond }: BundleEvaluation): void {
  for (const warning of evaluation.warnings) process.stderr.write(`${oneLine(`warning: ${warning}`)}\n`);
  printJson({ ...evaluation, alike, engine: engineName, picturesPerSecond });
}
