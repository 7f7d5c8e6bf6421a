import type { Prediction } from "./evaluation.ts";

/**
 * Accuracy in which every class counts alike, and within a class every source. Where sources hold one class each, as
 * many of hands and two of none, their plain mean would reward a model that knows only the commoner class; to choose an
 * epoch by, this is the fairer figure.
 *
 * @returns 0..1; NaN without predictions
 */
export function balancedAccuracy(predictions: readonly Prediction[]): number {
  const classes = new Map<number, Map<string, { right: number; count: number }>>();
  for (const { truth, source, probabilities } of predictions) {
    const sources = classes.get(truth) ?? new Map<string, { right: number; count: number }>();
    classes.set(truth, sources);
    const tally = sources.get(source) ?? { right: 0, count: 0 };
    sources.set(source, tally);
    tally.count++;
    if (probabilities.indexOf(Math.max(...probabilities)) === truth) tally.right++;
  }
  return mean(
    [...classes.values()].map((sources) => mean([...sources.values()].map(({ right, count }) => right / count))),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
