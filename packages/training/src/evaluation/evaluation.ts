import { type Calibration, calibrationOf } from "./calibration.ts";
import { type ClassScore, type Confusion, classScores, confusionMatrix, worstConfusions } from "./confusion.ts";
import { bootstrapMacroInterval, RESAMPLES, wilsonInterval } from "./interval.ts";

/** What a model said of one picture. */
export interface Prediction {
  readonly path: string;
  /** About one signer in one room: the unit of independence. */
  readonly source: string;
  /** Index of the true class in the labels. */
  readonly truth: number;
  /** One for each label, 0..1. */
  readonly probabilities: Float32Array;
}

export interface EvaluationInput {
  readonly labels: readonly string[];
  readonly predictions: readonly Prediction[];
  /** Below its class's threshold an answer counts as `unknown`; as on the model card. */
  readonly thresholds: { readonly default: number; readonly classes: Readonly<Record<string, number>> };
  /** The sources trained on, named as in the predictions; absent when nobody knows. */
  readonly trainedSources?: readonly string[];
  /** Pictures of classes that the model does not know, by class: they are in none of the numbers. */
  readonly leftOut?: Readonly<Record<string, number>>;
}

export interface SourceAccuracy {
  readonly name: string;
  readonly accuracy: number;
  readonly count: number;
  /** Wilson's 95 % interval: the luck of the pictures alone. */
  readonly low: number;
  readonly high: number;
}

/** How good a model is on one set of pictures. Plain JSON; every share is 0..1. */
export interface Evaluation {
  /** Mean over sources of their accuracies: what the next person may expect. `low`..`high` is a 95 % interval. */
  readonly macro: { readonly accuracy: number; readonly low: number; readonly high: number; readonly method: string };
  /** Over all pictures alike. */
  readonly micro: { readonly accuracy: number; readonly count: number };
  /** The worst first. */
  readonly sources: readonly SourceAccuracy[];
  /** In the order of the labels. */
  readonly classes: readonly ClassScore[];
  readonly confusions: readonly Confusion[];
  /** Pictures by true class (row) and answer (column), in the order of the labels. */
  readonly matrix: readonly (readonly number[])[];
  readonly calibration: Calibration;
  readonly thresholds: {
    /** Share of the pictures that got an answer other than `unknown`. */
    readonly coverage: number;
    /** Share of those answers that were right; null when there were none. */
    readonly accuracy: number | null;
    /** Pictures answered with `unknown`. */
    readonly unknown: number;
    /** As `Evaluation.matrix`, with one more column at the end: answered with `unknown`. */
    readonly matrix: readonly (readonly number[])[];
  };
  readonly leftOut: Readonly<Record<string, number>>;
  /** Sources of this test that the model was trained on. */
  readonly sharedSources: readonly string[];
  /** False when nobody knows what the model was trained on. */
  readonly trainedSourcesKnown: boolean;
  /** What a reader must know before believing the numbers, a sentence each. */
  readonly warnings: readonly string[];
}

/** Fewer pictures than this make a source's accuracy little more than a guess. */
const FEW_PICTURES = 20;
/** Fewer sources than this make the macro interval a rough one. */
const FEW_SOURCES = 5;

/**
 * Judges a model by its predictions.
 *
 * The intervals come from a fixed seed: the same predictions give the same numbers.
 *
 * @throws Error when there are no predictions, or one does not fit the labels
 */
export function evaluatePredictions(input: EvaluationInput): Evaluation {
  const answers = answersOf(input);
  const { labels, predictions, leftOut = {} } = input;
  const matrix = confusionMatrix(answers.truths, answers.labels, labels.length);
  const sources = sourceAccuracies(predictions, answers.correct);
  const classes = classScores(labels, matrix);
  const trained = new Set(input.trainedSources);
  const sharedSources = sources.map(({ name }) => name).filter((name) => trained.has(name));
  const trainedSourcesKnown = input.trainedSources !== undefined;
  return {
    macro: macroAccuracy(sources),
    micro: { accuracy: mean(answers.correct), count: predictions.length },
    sources,
    classes,
    confusions: worstConfusions(labels, matrix),
    matrix,
    calibration: calibrationOf(answers.confidence, answers.correct),
    thresholds: atThresholds(input, answers),
    leftOut,
    sharedSources,
    trainedSourcesKnown,
    warnings: warningsOf({ sources, classes, leftOut, sharedSources, trainedSourcesKnown }),
  };
}

interface Answers {
  readonly truths: Int32Array;
  /** Index of the most probable class; of equals the first. */
  readonly labels: Int32Array;
  readonly confidence: Float32Array;
  readonly correct: Uint8Array;
}

function answersOf({ labels, predictions }: EvaluationInput): Answers {
  if (predictions.length === 0) throw new Error("nothing to evaluate: no picture of a class that the model knows");
  const count = predictions.length;
  const answers: Answers = {
    truths: new Int32Array(count),
    labels: new Int32Array(count),
    confidence: new Float32Array(count),
    correct: new Uint8Array(count),
  };
  predictions.forEach((prediction, i) => {
    checkPrediction(prediction, labels.length);
    const { probabilities, truth } = prediction;
    let best = 0;
    for (let k = 1; k < probabilities.length; k++) if ((probabilities[k] ?? 0) > (probabilities[best] ?? 0)) best = k;
    answers.truths[i] = truth;
    answers.labels[i] = best;
    answers.confidence[i] = probabilities[best] ?? 0;
    answers.correct[i] = best === truth ? 1 : 0;
  });
  return answers;
}

function checkPrediction({ path, truth, probabilities }: Prediction, classes: number): void {
  if (probabilities.length !== classes)
    throw new Error(`${path}: the model gave ${probabilities.length} probabilities for ${classes} labels`);
  if (!Number.isInteger(truth) || truth < 0 || truth >= classes)
    throw new Error(`${path}: its class is number ${truth}, but the labels are 0 to ${classes - 1}`);
  if (!probabilities.every((value) => value >= 0 && value <= 1 + 1e-3))
    throw new Error(`${path}: the model gave a probability outside 0 to 1; does it end in a softmax?`);
}

function sourceAccuracies(predictions: readonly Prediction[], correct: Uint8Array): SourceAccuracy[] {
  const tallies = new Map<string, { correct: number; count: number }>();
  predictions.forEach(({ source }, i) => {
    const tally = tallies.get(source) ?? { correct: 0, count: 0 };
    tally.correct += correct[i] ?? 0;
    tally.count++;
    tallies.set(source, tally);
  });
  return [...tallies]
    .map(([name, tally]) => ({
      name,
      accuracy: tally.correct / tally.count,
      count: tally.count,
      ...wilsonInterval(tally.correct, tally.count),
    }))
    .sort((a, b) => a.accuracy - b.accuracy || (a.name < b.name ? -1 : 1));
}

function macroAccuracy(sources: readonly SourceAccuracy[]): Evaluation["macro"] {
  const tallies = sources.map(({ accuracy, count }) => ({ correct: Math.round(accuracy * count), count }));
  const accuracy = mean(sources.map((source) => source.accuracy));
  const correct = tallies.reduce((sum, tally) => sum + tally.correct, 0);
  const count = tallies.reduce((sum, tally) => sum + tally.count, 0);
  // Where all are right, or none, every resample is alike and would promise certainty.
  if (correct === 0 || correct === count)
    return { accuracy, ...wilsonInterval(correct, count), method: "Wilson interval over all pictures" };
  const stages = sources.length === 1 ? "pictures" : "sources, then of pictures";
  const method = `bootstrap: ${RESAMPLES.toLocaleString("en")} resamples of ${stages}, percentiles`;
  return { accuracy, ...bootstrapMacroInterval(tallies), method };
}

function atThresholds({ labels, thresholds }: EvaluationInput, answers: Answers): Evaluation["thresholds"] {
  const limits = labels.map((label) =>
    Object.hasOwn(thresholds.classes, label) ? (thresholds.classes[label] ?? thresholds.default) : thresholds.default,
  );
  const count = answers.labels.length;
  const unknown = labels.length;
  const named = answers.labels.map((label, i) =>
    (answers.confidence[i] ?? 0) < (limits[label] ?? 0) ? unknown : label,
  );
  const answered = named.filter((label) => label !== unknown).length;
  const right = named.filter((label, i) => label === answers.truths[i]).length;
  return {
    coverage: answered / count,
    accuracy: answered === 0 ? null : right / answered,
    unknown: count - answered,
    matrix: confusionMatrix(answers.truths, named, labels.length + 1).slice(0, unknown),
  };
}

function warningsOf(
  facts: Pick<Evaluation, "sources" | "classes" | "leftOut" | "sharedSources" | "trainedSourcesKnown">,
): string[] {
  const { sources, sharedSources } = facts;
  const warnings: string[] = [];
  if (sharedSources.length > 0) warnings.push(sharedWarning(sharedSources, sources.length));
  if (!facts.trainedSourcesKnown)
    warnings.push("Nobody recorded which sources the model was trained on: it may have seen these pictures.");
  if (sources.length === 1)
    warnings.push(
      "All pictures come from one source: the interval covers the luck of the pictures, not the next person.",
    );
  else if (sources.length < FEW_SOURCES) warnings.push(`Only ${sources.length} sources: the interval is a rough one.`);
  const small = sources.filter((source) => source.count < FEW_PICTURES);
  if (small.length > 0)
    warnings.push(
      `Few pictures in ${shortList(small.map(({ name, count }) => `${displaySource(name)} (${count})`))}, ` +
        "and yet a source weighs as much as any other.",
    );
  const absent = facts.classes.filter(({ count }) => count === 0).map(({ label }) => label);
  if (absent.length > 0) warnings.push(`Not tested, for want of pictures: ${shortList(absent)}.`);
  const leftOut = Object.entries(facts.leftOut).filter(([, count]) => count > 0);
  if (leftOut.length > 0)
    warnings.push(
      `Left out, for the model does not know the class: ${shortList(leftOut.map(([name, count]) => `${name} (${count})`))}.`,
    );
  return warnings;
}

function sharedWarning(shared: readonly string[], sources: number): string {
  const optimistic = "the numbers are better than a new person will see";
  if (sources === 1 && shared[0] === "")
    return `The pictures are not sorted by source, so the hands of this test may be those of the training: ${optimistic}.`;
  const some = shared.length === sources ? "all" : `${shared.length} of the ${sources}`;
  return `The model was trained on ${some} sources of this test (${shortList(shared.map(displaySource))}): ${optimistic}.`;
}

/** How a source is shown; pictures laid out without sources have the empty name. */
export function displaySource(name: string): string {
  return name === "" ? "(no source)" : name;
}

function shortList(names: readonly string[], limit = 8): string {
  const more = names.length - limit;
  return more > 0 ? `${names.slice(0, limit).join(", ")} and ${more} more` : names.join(", ");
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
}
