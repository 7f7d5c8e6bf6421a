import { displaySource, type Evaluation } from "../evaluation/evaluation.ts";
import { percent, percentRange } from "../evaluation/format-evaluation.ts";
import type { Epoch } from "../history.ts";
import { calibrationSvg } from "./calibration-chart.ts";
import { confusionSvg } from "./confusion-chart.ts";
import { accuracyCurvesSvg, bestEpoch, lossCurvesSvg } from "./curves.ts";
import { coordinate, escapeMarkup, filled, stroked, svgLine } from "./markup.ts";
import { STYLE } from "./style.ts";

/** How the pictures were divided into training, validation and test. */
export interface ReportSplit {
  /** In a sentence or two: `By source: 28 for training, 3 for validation`. */
  readonly description: string;
  /** True when pictures of one source lie on both sides, so that the test measures memory. */
  readonly random: boolean;
}

export interface ReportInput {
  readonly title: string;
  /** What stands on the card, in the order shown: `["Architecture", "own, 0.4 M weights"]`. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly split?: ReportSplit;
  /** True when the best epoch was chosen by the very pictures of `evaluation`: it flatters a little. */
  readonly chosenByThese?: boolean;
  /** The command that does it all again. */
  readonly command?: string;
  /** What was found wrong with the data, a line each. */
  readonly problems?: readonly string[];
  /** The summary of the layers, as printed. */
  readonly architecture?: string;
  readonly history?: readonly Epoch[];
  readonly evaluation?: Evaluation;
}

/** Above this number of classes the matrix would be a picture of dust. */
const MOST_CLASSES_DRAWN = 200;

/**
 * One HTML page of a training or an evaluation. It holds everything it shows, runs no script and asks no
 * network; all text in it is escaped. Parts without data are left out.
 */
export function renderReport(input: ReportInput): string {
  const { title, evaluation, history = [] } = input;
  const sections = [
    verdict(input),
    history.length === 0 ? "" : curvesSection(history),
    evaluation === undefined ? "" : evaluationSections(evaluation),
    trainedOnSection(input),
    input.architecture === undefined
      ? ""
      : section("Layers", `<pre tabindex="0">${escapeMarkup(input.architecture)}</pre>`),
    input.command === undefined
      ? ""
      : section("Do it again", `<pre class="command">${escapeMarkup(input.command)}</pre>`),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeMarkup(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeMarkup(title)}</h1>
${sections.filter((part) => part !== "").join("\n")}
</main>
</body>
</html>
`;
}

function section(heading: string, body: string): string {
  return `<section>\n<h2>${escapeMarkup(heading)}</h2>\n${body}\n</section>`;
}

function paragraph(text: string, className = ""): string {
  return `<p${className === "" ? "" : ` class="${className}"`}>${escapeMarkup(text)}</p>`;
}

function verdict({ evaluation, history = [], split, chosenByThese = false, problems = [] }: ReportInput): string {
  const warnings = [...(evaluation?.warnings ?? []), ...problems];
  const list = warnings.map((warning) => `<li>${escapeMarkup(warning)}</li>`).join("");
  const said = evaluation === undefined ? unjudged(history, split) : judged(evaluation, split, chosenByThese);
  return said + (list === "" ? "" : `\n<ul class="warnings">${list}</ul>`);
}

/** The one number, and whether to believe it. */
function judged(evaluation: Evaluation, split: ReportSplit | undefined, chosenByThese: boolean): string {
  const { macro, micro, sources, sharedSources, trainedSourcesKnown } = evaluation;
  const over = `${counted(micro.count, "picture")} from ${counted(sources.length, "source")}`;
  const number =
    `<p class="number">${percent(macro.accuracy)} ` +
    `<small>95 % interval ${escapeMarkup(percentRange(macro))}</small></p>`;
  const text = (() => {
    if (split?.random)
      return `right on ${over}, but the split is random: pictures of one hand lie on both sides. This is optimistic; a new hand or room will see less.`;
    if (sharedSources.length > 0)
      return `right on ${over}, ${sharedSources.length} of which the model was trained on. This is optimistic; a new hand or room will see less.`;
    if (!trainedSourcesKnown) return `right on ${over}. Whether the model was trained on them, nobody knows.`;
    const chosen = chosenByThese ? " The epoch was chosen by these very pictures, which flatters a little." : "";
    return `right on hands and rooms it has never seen: ${over}, each source weighing alike.${chosen}`;
  })();
  const doubt = split?.random || sharedSources.length > 0 || !trainedSourcesKnown;
  return `<div class="verdict${doubt ? " doubt" : ""}">${number}${paragraph(text)}</div>`;
}

function unjudged(history: readonly Epoch[], split: ReportSplit | undefined): string {
  const best = bestEpoch(history);
  if (best === undefined) return `<div class="verdict doubt">${paragraph("Not tested on any picture yet.")}</div>`;
  const optimistic = split?.random
    ? "The split is random: pictures of one hand lie on both sides, so this is optimistic. "
    : "";
  return (
    `<div class="verdict doubt"><p class="number">${percent(best.validationAccuracy)} ` +
    `<small>on validation, epoch ${best.epoch}</small></p>` +
    `${paragraph(`${optimistic}The epoch was chosen by this number; no test on other pictures has been made yet.`)}</div>`
  );
}

function curvesSection(history: readonly Epoch[]): string {
  const seconds = history.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const best = bestEpoch(history);
  const chosen =
    best === undefined ? "" : `; best validation accuracy ${percent(best.validationAccuracy)} in epoch ${best.epoch}`;
  return section(
    "Training",
    `${paragraph(`${counted(history.length, "epoch")} in ${duration(seconds)}${chosen}. Training accuracy is taken while learning, under augmentation and dropout.`, "note")}
<div class="pair"><figure>${accuracyCurvesSvg(history)}</figure><figure>${lossCurvesSvg(history)}</figure></div>`,
  );
}

function evaluationSections(evaluation: Evaluation): string {
  const { classes, matrix, confusions, calibration, thresholds, macro, micro } = evaluation;
  const labels = classes.map(({ label }) => label);
  return [
    section(
      "Accuracy per source",
      `${paragraph("A source is about one person in one room. The whisker is the 95 % interval of its pictures, the upright line the mean over sources.", "note")}
${sourceBars(evaluation)}
${paragraph(`Over all ${counted(micro.count, "picture")} alike: ${percent(micro.accuracy)}. Interval of the mean: ${macro.method}.`, "note")}`,
    ),
    section("Confusion matrix", matrixFigure(labels, matrix)),
    `<div class="pair">\n${section("Per class", classTable(evaluation))}\n<div>${section(
      "Most often confused",
      confusionTable(confusions),
    )}\n${section(
      "Confidence",
      `<figure class="natural">${calibrationSvg(calibration)}</figure>
${paragraph(`Confidence and accuracy differ by ${percent(calibration.ece)} on average. A dot is a range of confidence, the larger the more pictures; below the diagonal the model is too sure of itself.`, "note")}
${paragraph(`At the thresholds of the model, ${percent(thresholds.coverage)} of the pictures get an answer and ${percent(thresholds.accuracy)} of those are right; ${thresholds.unknown} are unknown.`)}`,
    )}</div>\n</div>`,
  ].join("\n");
}

function sourceBars({ sources, macro }: Evaluation): string {
  const rows = sources.map(
    (source) =>
      `<tr><td>${escapeMarkup(displaySource(source.name))}</td><td class="bar">${bar(source, macro.accuracy)}</td>` +
      `<td class="number-cell">${percent(source.accuracy)}</td>` +
      `<td class="number-cell interval">${percentRange(source)}</td><td class="number-cell">${source.count}</td></tr>`,
  );
  return (
    `<table class="bars"><thead><tr><th>source</th><th class="bar"></th><th>accuracy</th>` +
    `<th class="interval">95 % interval</th><th>pictures</th></tr></thead><tbody>${rows.join("\n")}</tbody></table>`
  );
}

/** The number stands beside it, so it is hidden from those who listen. */
function bar(
  source: { readonly accuracy: number; readonly low: number; readonly high: number },
  macro: number,
): string {
  const x = (share: number) => share * 1000;
  const still = 'vector-effect="non-scaling-stroke"';
  return (
    `<svg viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true">` +
    `<rect width="1000" height="16" ${filled("panel")}/>` +
    `<rect width="${coordinate(x(source.accuracy))}" height="16" ${filled("right")} fill-opacity="0.6"/>` +
    svgLine(x(source.low), 8, x(source.high), 8, `${stroked("ink", 1.5)} ${still}`) +
    svgLine(x(macro), 0, x(macro), 16, `${stroked("wrong", 2)} ${still}`) +
    `</svg>`
  );
}

function matrixFigure(labels: readonly string[], matrix: Evaluation["matrix"]): string {
  if (labels.length > MOST_CLASSES_DRAWN)
    return paragraph(
      `${labels.length} classes are too many for a picture; the table beside this page has them all.`,
      "note",
    );
  return (
    `${paragraph("Rows are the truth, columns the answers; the darker, the larger the share of the row.", "note")}\n` +
    `<figure class="scroll" tabindex="0">${confusionSvg(labels, matrix)}</figure>`
  );
}

function classTable({ classes }: Evaluation): string {
  const rows = classes.map(
    ({ label, precision, recall, f1, count }) =>
      `<tr><td>${escapeMarkup(label)}</td>${[precision, recall, f1].map((share) => `<td class="number-cell">${percent(share)}</td>`).join("")}` +
      `<td class="number-cell">${count}</td></tr>`,
  );
  return (
    `<table><thead><tr><th>class</th><th>precision</th><th>recall</th><th>F1</th><th>pictures</th></tr></thead>` +
    `<tbody>${rows.join("\n")}</tbody></table>`
  );
}

function confusionTable(confusions: Evaluation["confusions"]): string {
  if (confusions.length === 0) return paragraph("No picture was taken for another class.");
  const rows = confusions.map(
    ({ truth, predicted, count, share }) =>
      `<tr><td>${escapeMarkup(truth)}</td><td class="text">${escapeMarkup(predicted)}</td>` +
      `<td class="number-cell">${count}</td><td class="number-cell">${percent(share)}</td></tr>`,
  );
  return (
    `<table><thead><tr><th>truth</th><th class="text">taken for</th><th>times</th><th>of its pictures</th></tr></thead>` +
    `<tbody>${rows.join("\n")}</tbody></table>`
  );
}

function trainedOnSection({ facts = [], split }: ReportInput): string {
  const rows = [...facts, ...(split === undefined ? [] : ([["Split", split.description]] as const))];
  if (rows.length === 0) return "";
  const cells = rows.map(
    ([name, value]) => `<tr><th scope="row">${escapeMarkup(name)}</th><td>${escapeMarkup(value)}</td></tr>`,
  );
  return section("What was trained, and on what", `<table class="facts"><tbody>${cells.join("\n")}</tbody></table>`);
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
