import type { Parameter, Plan, Statistic } from "../plan.ts";
import { toBatchLast } from "./batch-last.ts";
import { GraphBuilder } from "./builder.ts";
import type { TrainingContext } from "./operator.ts";
import { trainSequence } from "./sequence.ts";

/** One place where the training graph wants random factors with each batch. */
export interface DropoutInput {
  /** Name of the graph input, shape [batch, size]. */
  readonly name: string;
  readonly size: number;
  readonly rate: number;
}

/**
 * The forward and backward pass of a network as one ONNX graph of ordinary inference operators.
 *
 * Inputs: `images` [batch, ...input], `targets` [batch, classes] (rows sum to 1), `weights` (the flat
 * vector of the plan) and one input for each dropout. Outputs: `loss` (mean cross-entropy, one
 * number), `probabilities` [batch, classes], `gradients` (flat, as the weights) and `measured` (mean
 * and variance of this batch, flat, as the statistics of the plan; absent without batch norm).
 */
export interface TrainingModel {
  readonly onnx: Uint8Array;
  readonly batch: number;
  readonly dropouts: readonly DropoutInput[];
}

/** Builds the training graph of a plan for batches of exactly `batch` samples. */
export function buildTrainingModel(plan: Plan, batch: number): TrainingModel {
  const graph = new GraphBuilder();
  const classes = plan.output[0];
  graph.input("images", [batch, ...plan.input]);
  graph.input("targets", [batch, classes]);
  graph.input("weights", [plan.weightCount]);
  const context = new GraphContext(graph, plan, batch);

  const forward = trainSequence(context, plan.layers, toBatchLast(graph, "images", plan.input));
  const logs = graph.op("LogSoftmax", [forward.output], { axis: 1 });
  const probabilities = graph.op("Softmax", [forward.output], { axis: 1 });
  const likelihood = graph.sum(graph.op("Mul", [logs, "targets"]), [0, 1]);
  const share = graph.scalar(1 / batch);
  graph.output("loss", graph.op("Neg", [graph.op("Mul", [likelihood, share])]), [1]);
  graph.output("probabilities", probabilities, [batch, classes]);

  // Derivative of the mean cross-entropy by the logits.
  const gradient = graph.op("Mul", [graph.op("Sub", [probabilities, "targets"]), share]);
  forward.backward(gradient, false);
  graph.output("gradients", graph.concat(context.gradients(), 0), [plan.weightCount]);
  if (plan.statisticCount > 0) {
    graph.output("measured", graph.concat(context.measurements(), 0), [plan.statisticCount]);
  }
  return { onnx: graph.toBytes("training"), batch, dropouts: context.dropouts };
}

class GraphContext implements TrainingContext {
  readonly graph: GraphBuilder;
  readonly batch: number;
  readonly dropouts: DropoutInput[] = [];
  private readonly plan: Plan;
  private readonly weights: Map<Parameter, string>;
  private readonly gradientOf = new Map<Parameter, string>();
  private readonly measuredOf = new Map<Statistic, readonly [mean: string, variance: string]>();

  constructor(graph: GraphBuilder, plan: Plan, batch: number) {
    this.graph = graph;
    this.plan = plan;
    this.batch = batch;
    const parts = graph.split(
      "weights",
      plan.parameters.map((parameter) => parameter.size),
    );
    this.weights = new Map(
      plan.parameters.map((parameter, index) => [parameter, graph.reshape(parts[index] as string, parameter.shape)]),
    );
  }

  weight(parameter: Parameter): string {
    return this.weights.get(parameter) as string;
  }

  gradient(parameter: Parameter, tensor: string): void {
    this.gradientOf.set(parameter, this.graph.reshape(tensor, [parameter.size]));
  }

  measured(statistic: Statistic, mean: string, variance: string): void {
    this.measuredOf.set(statistic, [mean, variance]);
  }

  dropped(size: number, rate: number): string {
    const name = `dropout-${this.dropouts.length + 1}`;
    this.dropouts.push({ name, size, rate });
    this.graph.input(name, [this.batch, size]);
    return name;
  }

  gradients(): string[] {
    return this.plan.parameters.map((parameter) => {
      const tensor = this.gradientOf.get(parameter);
      if (tensor === undefined) throw new Error(`${parameter.name} has no gradient`);
      return tensor;
    });
  }

  measurements(): string[] {
    return this.plan.statistics.flatMap((statistic) => this.measuredOf.get(statistic) ?? []);
  }
}
