import { sizeOf } from "../../plan.ts";
import { fromRows } from "../batch-last.ts";
import type { LayerOf, Operator } from "../operator.ts";

/**
 * Inverted dropout. The random factors come in with the batch, not from an operator: so a training
 * that is resumed draws the same ones as one that was never stopped.
 */
export const dropout: Operator<LayerOf<"dropout">> = {
  infer: (_context, _layer, input) => input,
  train(context, layer, input) {
    const { graph, batch } = context;
    const factors = fromRows(graph, context.dropped(sizeOf(layer.input), layer.spec.rate), layer.input, batch);
    return {
      output: graph.op("Mul", [input, factors]),
      backward: (gradient, wanted) => (wanted ? graph.op("Mul", [gradient, factors]) : undefined),
    };
  },
};
