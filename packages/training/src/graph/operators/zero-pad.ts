import type { LayerOf, Operator } from "../operator.ts";

/** Zeros around the picture. */
export const zeroPad: Operator<LayerOf<"zero-pad">> = {
  infer: (context, layer, input) => context.graph.pad(input, layer.spec.amount, layer.spec.amount),
  train({ graph }, layer, input) {
    const { amount } = layer.spec;
    const [, height, width] = layer.input as readonly [number, number, number];
    return {
      output: graph.pad(input, amount, amount),
      backward: (gradient, wanted) =>
        wanted ? graph.slice(gradient, [2, 3], [amount, amount], [amount + height, amount + width], 1) : undefined,
    };
  },
};
