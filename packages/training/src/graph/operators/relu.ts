import type { LayerOf, Operator } from "../operator.ts";

/** max(x, 0); its derivative at 0 is taken as 0. */
export const relu: Operator<LayerOf<"relu">> = {
  infer: (context, _layer, input) => context.graph.op("Relu", [input]),
  train({ graph }, _layer, input) {
    const output = graph.op("Relu", [input]);
    return {
      output,
      // The output is never negative, so its sign is the derivative.
      backward: (gradient, wanted) => (wanted ? graph.op("Mul", [gradient, graph.op("Sign", [output])]) : undefined),
    };
  },
};
