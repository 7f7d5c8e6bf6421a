import { sizeOf } from "../../plan.ts";
import type { LayerOf, Operator } from "../operator.ts";

type MaxPool = LayerOf<"max-pool">;

/**
 * Maximum over windows. The gradient goes to the one value that the forward pass picked (the first
 * of equals), by its index: a mask of "equals the maximum" would hand it to every one of them.
 */
export const maxPool: Operator<MaxPool> = {
  infer: (context, layer, input) => context.graph.op("MaxPool", [input], attributes(layer)),
  train({ graph, batch }, layer, input) {
    const [output, indices] = graph.op2("MaxPool", [input], attributes(layer));
    return {
      output,
      backward(gradient, wanted) {
        if (!wanted) return undefined;
        const overlapping = layer.stride < layer.spec.size;
        const zeros = graph.zeros([batch * sizeOf(layer.input)]);
        const placed = graph.op(
          "ScatterElements",
          [zeros, graph.reshape(indices, [-1]), graph.reshape(gradient, [-1])],
          overlapping ? { axis: 0, reduction: "add" } : { axis: 0 },
        );
        return graph.reshape(placed, [batch, ...layer.input]);
      },
    };
  },
};

function attributes(layer: MaxPool): Record<string, number[]> {
  const { before, after } = layer.pads;
  return {
    kernel_shape: [layer.spec.size, layer.spec.size],
    strides: [layer.stride, layer.stride],
    pads: [before, before, after, after],
  };
}
