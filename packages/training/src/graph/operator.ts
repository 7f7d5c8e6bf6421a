import type { Parameter, PlannedLayer, Statistic } from "../plan.ts";
import type { GraphBuilder } from "./builder.ts";

/** What a layer may ask for while it writes itself into an inference graph. */
export interface InferenceContext {
  readonly graph: GraphBuilder;
  /** Name of the tensor that holds a parameter, in its own shape. */
  weight(parameter: Parameter): string;
  /** Names of the running mean and variance, [channels] each. */
  running(statistic: Statistic): { readonly mean: string; readonly variance: string };
}

/**
 * What a layer may ask for while it writes itself into a training graph.
 *
 * There, tensors between layers are [batch, features] or [channels, height, width, batch]. With the batch innermost whatever
 * moves or strides over a picture moves whole runs of values, a channel is one long row for the sums of batch norm, and a
 * convolution is one matrix product for all pictures, where one for each is slow on small pictures.
 */
export interface TrainingContext {
  readonly graph: GraphBuilder;
  /** Pictures in one batch; training graphs have a fixed batch. */
  readonly batch: number;
  weight(parameter: Parameter): string;
  /** Hands over the gradient of a parameter; any shape with the right number and order of values. */
  gradient(parameter: Parameter, tensor: string): void;
  /** Hands over the mean and variance that this batch had, [channels] each. */
  measured(statistic: Statistic, mean: string, variance: string): void;
  /** Name of a tensor [batch, size] of random factors, 0 with probability `rate` and 1 / (1 - rate) otherwise. */
  dropped(size: number, rate: number): string;
}

/** The forward half of a layer in a training graph, with the means to write its backward half. */
export interface Forward {
  readonly output: string;
  /**
   * Writes the backward half: hands the gradients of its parameters to the context.
   *
   * @param gradient tensor: derivative of the loss by this layer's output
   * @param wanted false when nobody needs the derivative by the layer's input
   * @returns tensor: derivative of the loss by the layer's input; undefined when it was not wanted
   */
  backward(gradient: string, wanted: boolean): string | undefined;
}

/** One kind of layer as ordinary ONNX operators. One file per kind implements it; one test checks all their gradients. */
export interface Operator<L extends PlannedLayer> {
  /** Writes the layer as it is used after training; returns the name of its output. */
  infer(context: InferenceContext, layer: L, input: string): string;
  train(context: TrainingContext, layer: L, input: string): Forward;
}

/** The planned layer of one type. */
export type LayerOf<T extends PlannedLayer["type"]> = Extract<PlannedLayer, { type: T }>;
