import type { LayerOf, Operator } from "../operator.ts";

/** From an image to a flat vector, channels outermost. */
export const flatten: Operator<LayerOf<"flatten">> = {
  infer: (context, _layer, input) => context.graph.op("Flatten", [input], { axis: 1 }),
  train({ graph, batch }, layer, input) {
    return {
      output: graph.op("Flatten", [input], { axis: 1 }),
      backward: (gradient, wanted) => (wanted ? graph.reshape(gradient, [batch, ...layer.input]) : undefined),
    };
  },
};
