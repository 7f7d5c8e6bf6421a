export type { Architecture, Optimiser, Recipe, Schedule } from "./architecture.ts";
export { architectures, findArchitecture, UnknownArchitecture } from "./architectures/catalogue.ts";
export { AUGMENTATIONS, type Augmentation, type AugmentationName, augment } from "./augmentation.ts";
export { CheckpointError } from "./checkpoint.ts";
export {
  countLabels,
  type Dataset,
  describe,
  type MatchedSamples,
  matchLabels,
  requireTrainable,
  type Sample,
  type ScanOptions,
  scanDataset,
  sourcesOf,
} from "./dataset.ts";
export { type DataInput, DatasetError, type Problem, parseDataInput } from "./dataset-folder.ts";
export { type BundleEvaluation, type BundleEvaluationOptions, evaluateBundle } from "./evaluate-bundle.ts";
export { toCardEvaluation } from "./evaluation/card-evaluation.ts";
export { confusionCsv } from "./evaluation/confusion.ts";
export {
  type Evaluation,
  type EvaluationInput,
  evaluatePredictions,
  type Prediction,
  type SourceAccuracy,
} from "./evaluation/evaluation.ts";
export { formatEvaluation, percent, percentRange } from "./evaluation/format-evaluation.ts";
export { cutHandFree, type HandFreeOptions, type HandFreeOutcome } from "./hand-free.ts";
export { appendHistory, type Epoch, formatHistory, parseHistory, readHistory } from "./history.ts";
export { type Duplicate, type DuplicateGroups, findOverlap, groupDuplicates } from "./near-duplicates.ts";
export { openPixelFile, type PixelStore, type StoredSamples, type StoreOptions, storePixels } from "./pixel-store.ts";
export { type Plan, planLayers } from "./plan.ts";
export { recordEvaluation } from "./record-evaluation.ts";
export { confusionSvg } from "./report/confusion-chart.ts";
export { accuracyCurvesSvg, bestEpoch, lossCurvesSvg } from "./report/curves.ts";
export { type ReportInput, type ReportSplit, renderReport } from "./report/report.ts";
export { type Split, type SplitRule, splitDataset } from "./split.ts";
export { formatSummary, type SummaryRow, type SummaryTotals, summarise, totalsOf } from "./summary.ts";
export { drawSyntheticSource, type SyntheticOptions } from "./synthetic-source.ts";
export { type TfjsModel, toTfjsLayersModel, writeTfjs } from "./tfjs-export.ts";
export { train } from "./train.ts";
export { TrainingError } from "./trainer.ts";
export type { TrainingEvent, TrainingOptions, TrainingResult } from "./training-run.ts";
