/** What was measured of one run. Small: models/results.json holds all of them, so that the page can be made again. */
export interface MeasuredRun {
  readonly name: string;
  /** As shown to a reader; a run whose commands have changed since counts as not done. */
  readonly commands: readonly string[];
  readonly training: MeasuredTraining;
  readonly tests: readonly MeasuredTest[];
}

export interface MeasuredTraining {
  /** Wall-clock time of the whole command, decoding included. */
  readonly seconds: number;
  /** Processor and number of cores. */
  readonly machine: string;
  readonly epochs: number;
  readonly steps: number;
  readonly batch: number;
  /** Pictures learned from. */
  readonly pictures: number;
  /** The epoch whose weights were tested. */
  readonly epoch: number;
  /** Accuracies 0..1 of that epoch. */
  readonly trainAccuracy: number;
  readonly validationAccuracy: number | null;
}

export interface MeasuredTest {
  readonly name: string;
  readonly seconds: number;
  readonly macro: { readonly accuracy: number; readonly low: number; readonly high: number };
  readonly count: number;
  readonly sources: readonly { readonly name: string; readonly accuracy: number; readonly count: number }[];
  /** Pictures left out because they are also in training. */
  readonly alike: number;
  /** Sources of the test that the model was trained on. */
  readonly sharedSources: readonly string[];
}
