import type { LayerOf, Operator } from "../operator.ts";

/** Close to the largest number of 32 bits, so that the smallest normal one times this is above 1. */
const STEEP = 3e38;

/** max(x, 0); its derivative at 0 is taken as 0. */
export const relu: Operator<LayerOf<"relu">> = {
  infer: (context, _layer, input) => context.graph.op("Relu", [input]),
  train({ graph }, _layer, input) {
    const output = graph.op("Relu", [input]);
    return {
      output,
      // 1 where the output is above zero, else 0: a ramp too steep to be met in between, because that operator
      // runs at full vector speed, where Sign, or a comparison and a cast, take several times as long.
      backward: (gradient, wanted) =>
        wanted ? graph.op("Mul", [gradient, graph.op("HardSigmoid", [output], { alpha: STEEP, beta: 0 })]) : undefined,
    };
  },
};
