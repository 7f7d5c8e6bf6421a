import { sizeOf } from "../../plan.ts";
import { asVolume, batchOf, windows } from "../batch-last.ts";
import type { LayerOf, Operator } from "../operator.ts";

/**
 * Maximum over windows. The gradient goes to the one value that the forward pass picked (the first
 * of equals), by its index: a mask of "equals the maximum" would hand it to every one of them.
 */
export const maxPool: Operator<LayerOf<"max-pool">> = {
  infer({ graph }, { spec: { size }, stride, pads: { before, after } }, input) {
    return graph.op("MaxPool", [input], {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: [before, before, after, after],
    });
  },
  train({ graph, batch }, layer, input) {
    const { size } = layer.spec;
    const attributes = windows(size, layer.stride, layer.pads);
    const [output, indices] = graph.op2("MaxPool", [asVolume(graph, input, layer.input, batch)], attributes);
    return {
      output: graph.reshape(output, batchOf(layer.output, batch)),
      backward(gradient, wanted) {
        if (!wanted) return undefined;
        const overlapping = layer.stride < size;
        const zeros = graph.zeros([batch * sizeOf(layer.input)]);
        const placed = graph.op(
          "ScatterElements",
          [zeros, graph.reshape(indices, [-1]), graph.reshape(gradient, [-1])],
          overlapping ? { axis: 0, reduction: "add" } : { axis: 0 },
        );
        return graph.reshape(placed, batchOf(layer.input, batch));
      },
    };
  },
};
