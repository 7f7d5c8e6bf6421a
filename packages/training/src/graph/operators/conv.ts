import type { GraphBuilder } from "../builder.ts";
import type { Forward, InferenceContext, LayerOf, Operator, TrainingContext } from "../operator.ts";

type Conv = LayerOf<"conv">;

/** Convolution, plain or depthwise, any stride. */
export const conv: Operator<Conv> = {
  infer: (context, layer, input) => convolve(context, layer, input),
  train(context, layer, input): Forward {
    const output = convolve(context, layer, input);
    return {
      output,
      backward(gradient, wanted) {
        const { graph } = context;
        if (layer.bias) context.gradient(layer.bias, graph.sum(gradient, [0, 2, 3]));
        const kernel = layer.groups > 1 ? depthwiseKernelGradient : kernelGradient;
        context.gradient(layer.kernel, kernel(context, layer, input, gradient));
        return wanted ? inputGradient(context, layer, gradient) : undefined;
      },
    };
  },
};

function convolve(context: InferenceContext | TrainingContext, layer: Conv, input: string): string {
  const inputs = [input, context.weight(layer.kernel)];
  if (layer.bias) inputs.push(context.weight(layer.bias));
  const { before, after } = layer.pads;
  return context.graph.op("Conv", inputs, {
    kernel_shape: square(layer.spec.kernel),
    strides: square(layer.stride),
    pads: [before, before, after, after],
    group: layer.groups,
  });
}

/**
 * dL/dW[o, i, a, b] = sum over n, y, x of dy[n, o, y, x] * input[n, i, y * s + a, x * s + b].
 *
 * With channels moved to the front, each kernel position (a, b) is one matrix product of a strided
 * view of the input [in, batch * height * width] with the output gradient: one long sum, so the
 * product runs at the full speed of the matrix kernels even where pictures are small.
 */
function kernelGradient(context: TrainingContext, layer: Conv, input: string, gradient: string): string {
  const { graph, batch } = context;
  const [filters, channels, size] = layer.kernel.shape as [number, number, number, number];
  const positions = batch * (layer.output[1] as number) * (layer.output[2] as number);
  const byFilter = graph.reshape(graph.transpose(gradient, [1, 0, 2, 3]), [filters, positions]);
  const front = graph.transpose(input, [1, 0, 2, 3]);
  const products = windows(graph, layer, front).map((view) =>
    graph.op("Gemm", [byFilter, graph.reshape(view, [channels, positions])], { transB: 1 }),
  );
  const stacked = graph.concat(
    products.map((product) => graph.reshape(product, [filters, channels, 1])),
    2,
  );
  return graph.reshape(stacked, [filters, channels, size, size]);
}

/** As `kernelGradient`, but each channel meets only its own filter: products and sums instead of a matrix product. */
function depthwiseKernelGradient(context: TrainingContext, layer: Conv, input: string, gradient: string): string {
  const { graph } = context;
  const [filters, , size] = layer.kernel.shape as [number, number, number, number];
  const sums = windows(graph, layer, input).map((view) =>
    graph.reshape(graph.sum(graph.op("Mul", [view, gradient]), [0, 2, 3]), [filters, 1]),
  );
  return graph.reshape(graph.concat(sums, 1), [filters, 1, size, size]);
}

/** For each kernel position, row by row: the input values that meet it, in the shape of the output. */
function windows(graph: GraphBuilder, layer: Conv, input: string): string[] {
  const { kernel } = layer.spec;
  const { before, after } = layer.pads;
  const [, height, width] = layer.output as readonly [number, number, number];
  const padded = before + after > 0 ? graph.pad(input, before, after) : input;
  const views: string[] = [];
  for (let row = 0; row < kernel; row++) {
    for (let column = 0; column < kernel; column++) {
      // In the middle of a "same" convolution the input meets the output as it is.
      if (layer.stride === 1 && before === after && row === before && column === before && 2 * before + 1 === kernel) {
        views.push(input);
        continue;
      }
      const ends = [row + (height - 1) * layer.stride + 1, column + (width - 1) * layer.stride + 1];
      views.push(graph.slice(padded, [2, 3], [row, column], ends, layer.stride));
    }
  }
  return views;
}

/** With stride 1 a convolution with the turned kernel; otherwise the transposed convolution. */
function inputGradient(context: TrainingContext, layer: Conv, gradient: string): string {
  const { graph } = context;
  const { kernel } = layer.spec;
  const { before, after } = layer.pads;
  const weight = context.weight(layer.kernel);
  if (layer.stride > 1) return transposedConvolution(graph, layer, gradient, weight);
  const turned = kernel > 1 ? graph.reverse(weight, [2, 3]) : weight;
  const lead = kernel - 1 - before;
  const trail = kernel - 1 - after;
  return graph.op("Conv", [gradient, layer.groups > 1 ? turned : graph.transpose(turned, [1, 0, 2, 3])], {
    kernel_shape: square(kernel),
    pads: [lead, lead, trail, trail],
    group: layer.groups,
  });
}

function transposedConvolution(graph: GraphBuilder, layer: Conv, gradient: string, weight: string): string {
  const { kernel } = layer.spec;
  const { before, after } = layer.pads;
  const unseen = [1, 2].map((side) => {
    const covered = ((layer.output[side] as number) - 1) * layer.stride + kernel - before - after;
    return (layer.input[side] as number) - covered;
  });
  return graph.op("ConvTranspose", [gradient, weight], {
    kernel_shape: square(kernel),
    strides: square(layer.stride),
    pads: [before, before, after, after],
    output_padding: unseen,
    group: layer.groups,
  });
}

function square(size: number): number[] {
  return [size, size];
}
