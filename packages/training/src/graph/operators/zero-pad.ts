import type { LayerOf, Operator } from "../operator.ts";

/** Zeros around the picture. */
export const zeroPad: Operator<LayerOf<"zero-pad">> = {
  infer({ graph }, { spec: { amount } }, input) {
    return graph.pad(input, [0, 0, amount, amount], [0, 0, amount, amount]);
  },
  train({ graph }, layer, input) {
    const { amount } = layer.spec;
    const [, height, width] = layer.input as readonly [number, number, number];
    return {
      output: graph.pad(input, [0, amount, amount, 0], [0, amount, amount, 0]),
      backward: (gradient, wanted) =>
        wanted ? graph.slice(gradient, [1, 2], [amount, amount], [amount + height, amount + width], 1) : undefined,
    };
  },
};
