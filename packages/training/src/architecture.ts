import type { AugmentationName } from "./augmentation.ts";
import type { Layer } from "./layers.ts";

/** How a picture becomes numbers: `(byte / 255 - mean) / std` per colour channel, R, G, B. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Step rule. Adam corrects its bias; its weight decay is decoupled (AdamW). */
export type Optimiser =
  | {
      readonly type: "adam";
      readonly rate: number;
      readonly weightDecay?: number;
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
    }
  | { readonly type: "sgd"; readonly rate: number; readonly momentum?: number; readonly weightDecay?: number };

/** Learning rate over the run: constant, or up over `warmUp` (share of all steps) and down along half a cosine. */
export type Schedule = { readonly type: "constant" } | { readonly type: "cosine"; readonly warmUp: number };

/** What a training does when nothing else is asked for. */
export interface Recipe {
  readonly epochs: number;
  readonly batch: number;
  /** Batches an epoch; absent: as many as the training pictures fill. */
  readonly stepsPerEpoch?: number;
  readonly optimiser: Optimiser;
  readonly schedule: Schedule;
  /** Share of the target spread evenly over all classes, 0..1. */
  readonly labelSmoothing: number;
  readonly augmentation: AugmentationName;
  /** Share of the pictures held back to choose the best epoch, where no split by source is possible. */
  readonly validation: number;
  /** Pictures of each class `[train, validation]`, the rest for testing; instead of `validation`. */
  readonly countsPerClass?: readonly [train: number, validation: number];
  /** Below this confidence the answer is `unknown`; 0 switches it off. */
  readonly threshold: number;
  /** A checkpoint every so many epochs, besides the best and the last; 0 keeps none. */
  readonly checkpointEvery: number;
  /** Decay per step of the moving average of the weights that is judged and shipped; 0 switches it off. */
  readonly averaging: number;
}

/** A network that can be trained by name. */
export interface Architecture {
  readonly name: string;
  /** One line for a list. */
  readonly summary: string;
  /** Side of the square input in pixels. */
  readonly side: number;
  /** Number of classes that its authors had, and for which they count its parameters; of ours, the static letters and `nothing`. */
  readonly classes: number;
  readonly normalisation: Normalisation;
  readonly recipe: Recipe;
  /** What its authors reported, or undefined for our own. */
  readonly reported?: string;
  /** Builds the list of layers. `width` means what `widthMeaning` says; absent, the default is taken. */
  readonly layers: (options: { readonly classes: number; readonly width?: number }) => readonly Layer[];
  /** What `--width` changes, with its range, where it changes anything. */
  readonly widthMeaning?: string;
}
