import { percent } from "../evaluation/format-evaluation.ts";
import type { Epoch } from "../history.ts";
import { lineChartSvg, type Series } from "./line-chart.ts";

/** The epoch with the highest validation accuracy, the first of equals; undefined without validation. */
export function bestEpoch(history: readonly Epoch[]): Epoch | undefined {
  const judged = history.filter((epoch) => Number.isFinite(epoch.validationAccuracy ?? Number.NaN));
  return judged.reduce<Epoch | undefined>(
    (best, epoch) => ((epoch.validationAccuracy ?? 0) > (best?.validationAccuracy ?? -1) ? epoch : best),
    undefined,
  );
}

/** Accuracy over the epochs, training and validation, as an SVG document. */
export function accuracyCurvesSvg(history: readonly Epoch[]): string {
  const last = history.at(-1);
  return lineChartSvg({
    id: "accuracy-curves",
    title: "Accuracy of every epoch",
    description: `After ${history.length} epochs: training ${percent(last?.trainAccuracy ?? null)}, validation ${percent(last?.validationAccuracy ?? null)}.`,
    xLabel: "epoch",
    yLabel: "accuracy",
    series: curves(
      history,
      (epoch) => epoch.trainAccuracy,
      (epoch) => epoch.validationAccuracy,
    ),
    yInclude: [1],
    formatY: (value) => `${Math.round(value * 1000) / 10} %`,
    ...mark(history),
  });
}

/** Loss over the epochs, training and validation, as an SVG document. */
export function lossCurvesSvg(history: readonly Epoch[]): string {
  const last = history.at(-1);
  return lineChartSvg({
    id: "loss-curves",
    title: "Loss of every epoch",
    description: `After ${history.length} epochs: training ${decimal(last?.trainLoss)}, validation ${decimal(last?.validationLoss)}.`,
    xLabel: "epoch",
    yLabel: "loss",
    series: curves(
      history,
      (epoch) => epoch.trainLoss,
      (epoch) => epoch.validationLoss,
    ),
    yInclude: [0],
    formatY: String,
    ...mark(history),
  });
}

function curves(
  history: readonly Epoch[],
  train: (epoch: Epoch) => number,
  validation: (epoch: Epoch) => number | null,
): Series[] {
  const points = (of: (epoch: Epoch) => number | null) =>
    history.map((epoch) => [epoch.epoch, of(epoch) ?? Number.NaN] as const);
  const series: Series[] = [{ name: "training", points: points(train), colour: "wrong", dashed: true }];
  if (bestEpoch(history) !== undefined)
    series.push({ name: "validation", points: points(validation), colour: "right" });
  return series;
}

function mark(history: readonly Epoch[]) {
  const best = bestEpoch(history);
  return best === undefined || history.length < 2 ? {} : { mark: { x: best.epoch, text: `best: ${best.epoch}` } };
}

function decimal(value: number | null | undefined): string {
  return value === null || value === undefined ? "none" : value.toPrecision(3);
}
