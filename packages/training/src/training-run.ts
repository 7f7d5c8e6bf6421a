import type { Architecture, Recipe } from "./architecture.ts";
import type { DataInput, Problem } from "./dataset-folder.ts";
import type { Evaluation } from "./evaluation/evaluation.ts";
import type { Epoch } from "./history.ts";
import type { SplitRule } from "./split.ts";

/** Everything that decides a training. What is absent comes from the architecture's recipe. */
export interface TrainingOptions {
  readonly architecture: Architecture;
  /** See `Architecture.widthMeaning`. */
  readonly width?: number;
  /** Side of the input in pixels, where it differs from the architecture's. */
  readonly side?: number;
  readonly data: readonly DataInput[];
  /** Pictures to choose the best epoch on; absent: held back from `data`. */
  readonly validation?: readonly DataInput[];
  readonly classes?: readonly string[];
  readonly drop?: readonly string[];
  /** How pictures are held back when `validation` is not given. Absent: as the recipe says, by source where there are two or more. */
  readonly split?: SplitRule;
  /** Let near-duplicates fall on both sides of a random split. Default: they never do. */
  readonly keepDuplicates?: boolean;
  readonly recipe: Recipe;
  readonly seed: number;
  /** Worker threads that share each batch. */
  readonly workers: number;
  /** Draw each source about as often as the square root of its size, and each of its classes equally. */
  readonly balance: boolean;
  /** With `balance`: how many times as often as the others a class is drawn. */
  readonly emphasis?: Readonly<Record<string, number>>;
  /** Sources whose hands are cut out on black: their background is replaced by pictures of `backgroundClasses`. */
  readonly cutouts: readonly string[];
  readonly backgroundClasses: readonly string[];
  /** Bundle whose weights are taken over wherever name and shape agree. */
  readonly startFrom?: string;
  /** Train only a new head on the features of `startFrom`, computed once. Any bundle or imported ONNX model will do. */
  readonly freeze: boolean;
  /** Folder of the run: `best/` (a bundle), `last.checkpoint`, `history.csv`, `report.html`, ... */
  readonly out: string;
  /** What is known of the sources, for the card. */
  readonly licences?: Readonly<Record<string, { readonly repository?: string; readonly licence?: string }>>;
  /** Name of the bundle. */
  readonly name: string;
  readonly resume: boolean;
  /** The command as typed, for the card. */
  readonly command: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainingEvent) => void;
}

/** Progress, in the order in which it happens. */
export type TrainingEvent =
  /** Lines on the data: counts per class and source, the split. */
  | { readonly type: "data"; readonly lines: readonly string[] }
  | { readonly type: "problem"; readonly problem: Problem }
  | { readonly type: "decoding"; readonly done: number; readonly total: number }
  | { readonly type: "features"; readonly done: number; readonly total: number }
  | { readonly type: "start"; readonly epochs: number; readonly stepsPerEpoch: number; readonly resumedAt: number }
  | {
      readonly type: "step";
      readonly epoch: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly imagesPerSecond: number;
    }
  | { readonly type: "epoch"; readonly row: Epoch; readonly best: boolean }
  | { readonly type: "saved"; readonly what: "best" | "every" | "last"; readonly path: string };

export interface TrainingResult {
  readonly out: string;
  /** The bundle of the best epoch. */
  readonly bundle: string;
  readonly report: string;
  readonly best: Epoch;
  readonly history: readonly Epoch[];
  /** Of the bundle, on the pictures that were held back; absent when there were none. */
  readonly evaluation?: Evaluation;
  /** True when a signal ended it before the last epoch; `resume` goes on from there. */
  readonly interrupted: boolean;
}
