import { fromRows, toRows } from "../batch-last.ts";
import type { LayerOf, Operator } from "../operator.ts";

/** From an image to a flat vector, channels outermost. */
export const flatten: Operator<LayerOf<"flatten">> = {
  infer: (context, _layer, input) => context.graph.op("Flatten", [input], { axis: 1 }),
  train({ graph, batch }, layer, input) {
    return {
      output: toRows(graph, input, layer.input, batch),
      backward: (gradient, wanted) => (wanted ? fromRows(graph, gradient, layer.input, batch) : undefined),
    };
  },
};
