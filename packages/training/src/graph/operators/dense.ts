import type { LayerOf, Operator } from "../operator.ts";

/** x W + b. */
export const dense: Operator<LayerOf<"dense">> = {
  infer: (context, layer, input) =>
    context.graph.op("Gemm", [input, context.weight(layer.kernel), context.weight(layer.bias)]),
  train(context, layer, input) {
    const { graph } = context;
    const kernel = context.weight(layer.kernel);
    return {
      output: graph.op("Gemm", [input, kernel, context.weight(layer.bias)]),
      backward(gradient, wanted) {
        context.gradient(layer.bias, graph.sum(gradient, [0]));
        context.gradient(layer.kernel, graph.op("Gemm", [input, gradient], { transA: 1 }));
        return wanted ? graph.op("Gemm", [gradient, kernel], { transB: 1 }) : undefined;
      },
    };
  },
};
