import { asVolume, batchOf, windows } from "../batch-last.ts";
import type { LayerOf, Operator } from "../operator.ts";

/** Mean over windows that do not overlap; rows and columns that fill no window are left out. */
export const averagePool: Operator<LayerOf<"average-pool">> = {
  infer({ graph }, { spec: { size } }, input) {
    return graph.op("AveragePool", [input], { kernel_shape: [size, size], strides: [size, size] });
  },
  train({ graph, batch }, layer, input) {
    const { size } = layer.spec;
    const [channels, height, width] = layer.output as readonly [number, number, number];
    const attributes = windows(size, size, { before: 0, after: 0 });
    const output = graph.op("AveragePool", [asVolume(graph, input, layer.input, batch)], attributes);
    return {
      output: graph.reshape(output, batchOf(layer.output, batch)),
      backward(gradient, wanted) {
        if (!wanted) return undefined;
        const share = graph.op("Mul", [gradient, graph.scalar(1 / (size * size))]);
        const single = graph.reshape(share, [channels, height, 1, width, 1, batch]);
        const repeated = graph.op("Expand", [single, graph.ints([channels, height, size, width, size, batch])]);
        const spread = graph.reshape(repeated, [channels, height * size, width * size, batch]);
        const left = [1, 2].map((side) => (layer.input[side] as number) - (layer.output[side] as number) * size);
        return left.some((rest) => rest > 0) ? graph.pad(spread, [0, 0, 0, 0], [0, ...left, 0]) : spread;
      },
    };
  },
};
