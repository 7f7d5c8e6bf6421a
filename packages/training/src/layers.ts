/**
 * The vocabulary in which an architecture is written: a list of layers, from which the inference
 * graph, the training graph, the tfjs model and the summary are all made. Softmax over the classes
 * follows the last layer by itself.
 */
export type Layer =
  | Conv
  | BatchNorm
  | Relu
  | MaxPool
  | AveragePool
  | GlobalAveragePool
  | ZeroPad
  | Flatten
  | Dropout
  | Dense
  | Residual;

/** `same` is TensorFlow's rule (output = ceil(input / stride), odd padding after), `valid` none, a number that many on each side. */
export type Padding = "same" | "valid" | number;

/** `he`: normal, variance 2 / fan-in. `glorot`: uniform, variance 2 / (fan-in + fan-out). `zero`: all zeros. */
export type Init = "he" | "glorot" | "zero";

export interface Conv {
  readonly type: "conv";
  /** Output channels; a depthwise convolution keeps the number of its input. */
  readonly filters: number | "depthwise";
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default `same`. */
  readonly padding?: Padding;
  /** Default true. */
  readonly bias?: boolean;
  /** Default `he`. */
  readonly init?: Init;
}

export interface BatchNorm {
  readonly type: "batch-norm";
  /** Default 1e-3. */
  readonly epsilon?: number;
  /** Share of the old running statistics kept at each step. Default 0.99. */
  readonly momentum?: number;
  /** `zero` makes a residual body start as nothing: its gamma starts at 0. Default `one`. */
  readonly gamma?: "one" | "zero";
}

export interface Relu {
  readonly type: "relu";
}

export interface MaxPool {
  readonly type: "max-pool";
  readonly size: number;
  /** Default: the size. */
  readonly stride?: number;
  /** Default `valid`. */
  readonly padding?: "same" | "valid";
}

/** Windows that do not fit are left out. */
export interface AveragePool {
  readonly type: "average-pool";
  /** Also the stride. */
  readonly size: number;
}

/** From [channels, height, width] to [channels]. */
export interface GlobalAveragePool {
  readonly type: "global-average-pool";
}

export interface ZeroPad {
  readonly type: "zero-pad";
  /** Zeros added on each side. */
  readonly amount: number;
}

/** From [channels, height, width] to [channels * height * width], channels outermost. */
export interface Flatten {
  readonly type: "flatten";
}

export interface Dropout {
  readonly type: "dropout";
  /** Share of the values set to zero while training; the rest is scaled up. Works on flat and on image shapes. */
  readonly rate: number;
}

export interface Dense {
  readonly type: "dense";
  readonly units: number;
  /** Default `glorot`. */
  readonly init?: Init;
  /** Weight of the penalty `l2 * sum(w^2)` that is added to the loss. Default 0. */
  readonly l2?: number;
}

/** `body(x) + shortcut(x)`; without a shortcut, x itself. */
export interface Residual {
  readonly type: "residual";
  readonly body: readonly Layer[];
  readonly shortcut?: readonly Layer[];
}
