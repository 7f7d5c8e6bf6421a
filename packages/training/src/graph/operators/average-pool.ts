import type { LayerOf, Operator } from "../operator.ts";

type AveragePool = LayerOf<"average-pool">;

/** Mean over windows that do not overlap; rows and columns that fill no window are left out. */
export const averagePool: Operator<AveragePool> = {
  infer: (context, layer, input) => context.graph.op("AveragePool", [input], attributes(layer)),
  train({ graph }, layer, input) {
    const output = graph.op("AveragePool", [input], attributes(layer));
    return {
      output,
      backward(gradient, wanted) {
        if (!wanted) return undefined;
        const { size } = layer.spec;
        const share = graph.op("Mul", [gradient, graph.scalar(1 / (size * size))]);
        const spread = graph.enlarge(share, size);
        const left = [1, 2].map((side) => (layer.input[side] as number) - (layer.output[side] as number) * size);
        return left.some((rest) => rest > 0) ? graph.padEnds(spread, left as [number, number]) : spread;
      },
    };
  },
};

function attributes(layer: AveragePool): Record<string, number[]> {
  const { size } = layer.spec;
  return { kernel_shape: [size, size], strides: [size, size] };
}
