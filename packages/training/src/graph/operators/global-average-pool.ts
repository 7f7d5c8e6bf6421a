import type { LayerOf, Operator } from "../operator.ts";

/** Mean of each channel: from [channels, height, width] to [channels]. */
export const globalAveragePool: Operator<LayerOf<"global-average-pool">> = {
  infer: (context, _layer, input) => context.graph.mean(input, [2, 3]),
  train({ graph, batch }, layer, input) {
    const [channels, height, width] = layer.input as readonly [number, number, number];
    return {
      output: graph.transpose(graph.mean(input, [1, 2]), [1, 0]),
      backward(gradient, wanted) {
        if (!wanted) return undefined;
        const share = graph.op("Mul", [gradient, graph.scalar(1 / (height * width))]);
        const single = graph.reshape(graph.transpose(share, [1, 0]), [channels, 1, 1, batch]);
        return graph.op("Expand", [single, graph.ints([channels, height, width, batch])]);
      },
    };
  },
};
