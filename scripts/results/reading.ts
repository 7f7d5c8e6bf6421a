import { percent } from "./format.ts";
import type { MeasuredRun, MeasuredTest } from "./measured.ts";
import type { Row, Run } from "./rows.ts";

/**
 * What the numbers say, in sentences that hold for whatever was measured. No sentence is written of what was not run.
 */
export function readingOf(
  rows: readonly Row[],
  runs: ReadonlyMap<string, Run>,
  results: ReadonlyMap<string, MeasuredRun>,
): string[] {
  const done = rows.filter(({ run }) => results.has(run));
  const sentences = [
    randomSplitSentence(done, runs, results),
    leakSentence(done, results),
    ownSentence(done, results),
    transferSentence(done, results),
    "The tests are few sources each, so that a difference within the intervals is no difference. A network that was cut short says little of what it reaches when trained out, and so does `own` beside it.",
  ].filter((sentence) => sentence !== undefined);
  return done.length === 0 ? ["Nothing was run yet."] : sentences.map((sentence) => `- ${sentence}`);
}

/** How far the accuracy falls from the people trained on to others. */
function randomSplitSentence(
  rows: readonly Row[],
  runs: ReadonlyMap<string, Run>,
  results: ReadonlyMap<string, MeasuredRun>,
): string | undefined {
  const gaps = rows.flatMap((row) => {
    const measured = results.get(row.run);
    const validation = measured?.training.validationAccuracy;
    const test = measured?.tests[0];
    if (runs.get(row.run)?.judged !== "best" || validation === null || validation === undefined || !test) return [];
    return [`\`${row.architecture}\` ${percent(validation)} and ${percent(test.macro.accuracy)}`];
  });
  if (gaps.length === 0) return undefined;
  return `A random split against unseen people (validation, then test): ${gaps.join("; ")}.`;
}

/** What the SIGNS test says with and without the pictures that are also in training. */
function leakSentence(rows: readonly Row[], results: ReadonlyMap<string, MeasuredRun>): string | undefined {
  const leaks = rows.flatMap((row) => {
    const tests = results.get(row.run)?.tests ?? [];
    const clean = tests.find(({ alike }) => alike > 0);
    const whole = tests[0];
    const others = tests.at(-1);
    if (!clean || !whole || !others) return [];
    const { accuracy } = others.macro;
    return [
      `\`${row.architecture}\` ${percent(whole.macro.accuracy)} on all ${whole.count}, ${percent(clean.macro.accuracy)} without the ${clean.alike}, ${percent(accuracy)} on ${others.name}`,
    ];
  });
  if (leaks.length === 0) return undefined;
  return `Part of the official SIGNS test is also, or nearly, in its training set: ${leaks.join("; ")}.`;
}

/** Where `own` is ahead of the tutorial's network on the same split, and where it is not. */
function ownSentence(rows: readonly Row[], results: ReadonlyMap<string, MeasuredRun>): string | undefined {
  const compared = rows.flatMap(({ architecture, run, own }) => {
    const theirs = hardest(results.get(run));
    const ours = hardest(results.get(own[0] ?? ""));
    return theirs && ours ? [{ architecture, theirs, ours, ahead: ours.macro.accuracy > theirs.macro.accuracy }] : [];
  });
  if (compared.length === 0) return undefined;
  const told = compared.map(
    ({ architecture, theirs, ours }) =>
      `\`${architecture}\` ${percent(theirs.macro.accuracy)} and ${percent(ours.macro.accuracy)} (${theirs.name})`,
  );
  const ahead = compared.filter((one) => one.ahead).length;
  return `\`own\` from scratch on the same split is ahead in ${ahead} of ${compared.length} (theirs, then \`own\`): ${told.join("; ")}.`;
}

/** The last test of a run is the one furthest from what it was trained on. */
function hardest(measured: MeasuredRun | undefined): MeasuredTest | undefined {
  return measured?.tests.at(-1);
}

function transferSentence(rows: readonly Row[], results: ReadonlyMap<string, MeasuredRun>): string | undefined {
  const row = rows.find(({ own }) => own.length > 1);
  const all = [row?.run ?? "", ...(row?.own ?? [])].flatMap((name) => results.get(name) ?? []);
  if (row === undefined || all.length < 2) return undefined;
  const told = all.map(({ name, tests, training }) => {
    const figures = tests.map((test) => `${percent(test.macro.accuracy)} on ${test.name}`).join(", ");
    return `\`${name}\` ${figures}, trained in ${Math.round(training.seconds)} s`;
  });
  return `Counting fingers, 150 pictures a class: ${told.join("; ")}.`;
}
