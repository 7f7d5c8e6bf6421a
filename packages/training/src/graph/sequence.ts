import type { PlannedLayer } from "../plan.ts";
import type { Forward, InferenceContext, LayerOf, Operator, TrainingContext } from "./operator.ts";
import { averagePool } from "./operators/average-pool.ts";
import { batchNorm } from "./operators/batch-norm.ts";
import { conv } from "./operators/conv.ts";
import { dense } from "./operators/dense.ts";
import { dropout } from "./operators/dropout.ts";
import { flatten } from "./operators/flatten.ts";
import { globalAveragePool } from "./operators/global-average-pool.ts";
import { maxPool } from "./operators/max-pool.ts";
import { relu } from "./operators/relu.ts";
import { zeroPad } from "./operators/zero-pad.ts";

const OPERATORS: { readonly [T in PlannedLayer["type"]]: Operator<LayerOf<T>> } = {
  "average-pool": averagePool,
  "batch-norm": batchNorm,
  conv,
  dense,
  dropout,
  flatten,
  "global-average-pool": globalAveragePool,
  "max-pool": maxPool,
  relu,
  // A residual holds sequences, so it lives here, where sequences are made.
  residual: {
    infer(context, layer, input) {
      const body = inferSequence(context, layer.body, input);
      return context.graph.op("Add", [body, inferSequence(context, layer.shortcut, input)]);
    },
    train(context, layer, input) {
      const body = trainSequence(context, layer.body, input);
      const shortcut = trainSequence(context, layer.shortcut, input);
      return {
        output: context.graph.op("Add", [body.output, shortcut.output]),
        backward(gradient, wanted) {
          const through = body.backward(gradient, wanted);
          const beside = shortcut.backward(gradient, wanted);
          if (through === undefined || beside === undefined) return undefined;
          return context.graph.op("Add", [through, beside]);
        },
      };
    },
  },
  "zero-pad": zeroPad,
};

/** Writes layers one after another as they are used after training; returns the name of the last output. */
export function inferSequence(context: InferenceContext, layers: readonly PlannedLayer[], input: string): string {
  return layers.reduce((tensor, layer) => operatorOf(layer).infer(context, layer, tensor), input);
}

/** Writes the forward halves of layers one after another; the result writes their backward halves in reverse. */
export function trainSequence(context: TrainingContext, layers: readonly PlannedLayer[], input: string): Forward {
  const steps: Forward[] = [];
  let tensor = input;
  for (const layer of layers) {
    const step = operatorOf(layer).train(context, layer, tensor);
    steps.push(step);
    tensor = step.output;
  }
  return {
    output: tensor,
    backward(gradient, wanted) {
      let derivative: string | undefined = gradient;
      for (const [index, step] of [...steps.entries()].reverse()) {
        if (derivative === undefined) break;
        derivative = step.backward(derivative, wanted || hasParameters(layers.slice(0, index)));
      }
      return wanted ? derivative : undefined;
    },
  };
}

function hasParameters(layers: readonly PlannedLayer[]): boolean {
  return layers.some(
    (layer) =>
      layer.type === "conv" ||
      layer.type === "dense" ||
      layer.type === "batch-norm" ||
      (layer.type === "residual" && (hasParameters(layer.body) || hasParameters(layer.shortcut))),
  );
}

/** The table is exact by type; a lookup by a union is not, so the pairing is asserted once, here. */
function operatorOf(layer: PlannedLayer): Operator<PlannedLayer> {
  return OPERATORS[layer.type] as unknown as Operator<PlannedLayer>;
}
