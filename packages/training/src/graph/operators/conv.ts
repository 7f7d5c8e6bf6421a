import type { Shape } from "../../plan.ts";
import { asVolume, batchOf, windows } from "../batch-last.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Forward, LayerOf, Operator, TrainingContext } from "../operator.ts";

type Conv = LayerOf<"conv">;

/** Convolution, plain or depthwise, any stride. */
export const conv: Operator<Conv> = {
  infer(context, layer, input) {
    const inputs = [input, context.weight(layer.kernel)];
    if (layer.bias) inputs.push(context.weight(layer.bias));
    const { kernel } = layer.spec;
    const { before, after } = layer.pads;
    return context.graph.op("Conv", inputs, {
      kernel_shape: [kernel, kernel],
      strides: [layer.stride, layer.stride],
      pads: [before, before, after, after],
      group: layer.groups,
    });
  },
  train(context, layer, input): Forward {
    return {
      output: convolve(context, layer, input),
      backward(gradient, wanted) {
        if (layer.bias) context.gradient(layer.bias, context.graph.sum(gradient, [1, 2, 3]));
        const kernelGradient = layer.groups > 1 ? depthwiseKernelGradient : plainKernelGradient;
        context.gradient(layer.kernel, kernelGradient(context, layer, input, gradient));
        return wanted ? inputGradient(context, layer, gradient) : undefined;
      },
    };
  },
};

function convolve(context: TrainingContext, layer: Conv, input: string): string {
  const { before, after } = layer.pads;
  const { kernel } = layer.spec;
  const weights = [context.weight(layer.kernel)];
  if (layer.bias) weights.push(context.weight(layer.bias));
  const border = { before: [before, before], after: [after, after] } as const;
  const output =
    layer.stride === 1
      ? slide(context, layer, input, layer.input, weights, [kernel, kernel], border)
      : leap(context, layer, input, weights);
  return context.graph.reshape(output, batchOf(layer.output, context.batch));
}

/** A convolution of any stride. */
function leap({ graph, batch }: TrainingContext, layer: Conv, pictures: string, weights: readonly string[]): string {
  const [kernel, ...bias] = weights as readonly [string, ...string[]];
  const deep = graph.reshape(kernel, [...layer.kernel.shape, 1]);
  return graph.op("Conv", [asVolume(graph, pictures, layer.input, batch), deep, ...bias], {
    ...windows(layer.spec.kernel, layer.stride, layer.pads),
    group: layer.groups,
  });
}

type Sides = readonly [rows: number, columns: number];

/**
 * A convolution with stride 1, on pictures whose rows lie flat: there the next column is `batch` values further, which is
 * a dilation. The runtime is a fifth faster at that than at windows over volumes.
 */
function slide(
  { graph, batch }: TrainingContext,
  { groups }: Conv,
  pictures: string,
  shape: Shape,
  weights: readonly string[],
  kernel: Sides,
  { before, after }: { readonly before: Sides; readonly after: Sides },
): string {
  const [channels, height, width] = shape as readonly [number, number, number];
  return graph.op("Conv", [graph.reshape(pictures, [1, channels, height, width * batch]), ...weights], {
    kernel_shape: kernel,
    dilations: [1, batch],
    pads: [before[0], before[1] * batch, after[0], after[1] * batch],
    group: groups,
  });
}

/**
 * dL/dW[o, i, a, b] = sum over n, y, x of dy[n, o, y, x] * input[n, i, y * s + a, x * s + b].
 *
 * To meet at kernel position (a, b), the gradient moves by a rows and the input by b columns, rather than the input by both:
 * so a kernel of k x k needs 2 k moved pictures instead of k * k, and with the input's side by side, k long matrix products.
 */
function plainKernelGradient(context: TrainingContext, layer: Conv, input: string, gradient: string): string {
  const { graph, batch } = context;
  const [filters, channels, size] = layer.kernel.shape as [number, number, number, number];
  const slices: string[] = [];
  for (const { views, rows, moved } of meetings(context, layer, input, gradient)) {
    const positions = rows * (layer.output[2] as number) * batch;
    const side = graph.reshape(graph.concat(views, 0), [size * channels, positions]);
    for (const [tap, shifted] of moved) {
      const product = graph.op("Gemm", [graph.reshape(shifted, [filters, positions]), side], { transB: 1 });
      const turned = graph.transpose(graph.reshape(product, [filters, size, channels]), [0, 2, 1]);
      slices[tap] = graph.reshape(turned, [filters, channels, 1, size]);
    }
  }
  return graph.concat(slices, 2);
}

/** As `plainKernelGradient`, but each channel meets only its own filter: products and sums instead of a matrix product. */
function depthwiseKernelGradient(context: TrainingContext, layer: Conv, input: string, gradient: string): string {
  const { graph } = context;
  const [filters, , size] = layer.kernel.shape as [number, number, number, number];
  const slices: string[] = [];
  for (const { views, moved } of meetings(context, layer, input, gradient)) {
    for (const [tap, shifted] of moved) {
      const sums = views.map((view) => graph.sum(graph.op("Mul", [shifted, view]), [1, 2, 3]));
      slices[tap] = graph.concat(
        sums.map((sum) => graph.reshape(sum, [filters, 1, 1, 1])),
        3,
      );
    }
  }
  return graph.reshape(graph.concat(slices, 2), [filters, 1, size, size]);
}

/** Rows of the input that meet the same rows of the kernel. */
interface Meeting {
  readonly rows: number;
  /** For each column of the kernel these rows, moved by columns: each column lies where its column of the output does. */
  readonly views: readonly string[];
  /** For each of those rows of the kernel the gradient, moved by rows: each of its rows lies where its row of the input does. */
  readonly moved: readonly (readonly [tap: number, gradient: string])[];
}

function meetings(context: TrainingContext, layer: Conv, input: string, gradient: string): readonly Meeting[] {
  const { graph, batch } = context;
  const [channels, height, width] = layer.input as readonly [number, number, number];
  const outputDims = batchOf(layer.output, batch);
  const outputColumns = layer.output[2] as number;
  return phasesOf(layer, height).map((rows) => {
    const views: string[] = [];
    for (const columns of phasesOf(layer, width)) {
      const starts = [rows.first, columns.first];
      const phase = layer.stride === 1 ? input : graph.slice(input, [1, 2], starts, [height, width], layer.stride);
      const dims = [channels, rows.count, columns.count, batch];
      for (const { tap, lag } of columns.taps) views[tap] = move(graph, phase, dims, 2, -lag, outputColumns);
    }
    const moved = rows.taps.map(
      ({ tap, lag }) => [tap, move(graph, gradient, outputDims, 1, lag, rows.count)] as const,
    );
    return { rows: rows.count, views, moved };
  });
}

/**
 * dL/dx, a convolution of dy with the turned kernel: one for each phase, since of the kernel's positions every `stride`-th
 * meets a row; then the phases are put together again.
 */
function inputGradient(context: TrainingContext, layer: Conv, gradient: string): string {
  const { graph, batch } = context;
  const { stride } = layer;
  const [channels, height, width] = layer.input as readonly [number, number, number];
  const parts = phasesOf(layer, height).map((rows) =>
    phasesOf(layer, width).map((columns) => phaseGradient(context, layer, gradient, rows, columns)),
  );
  if (stride === 1) return parts[0]?.[0] as string;
  const [down, across] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const whole = parts.map((row) => {
    const columns = row.map((part) => graph.reshape(part, [channels, down, across, 1, batch]));
    return graph.reshape(graph.concat(columns, 3), [channels, down, 1, across * stride, batch]);
  });
  const joined = graph.reshape(graph.concat(whole, 2), [channels, down * stride, across * stride, batch]);
  const even = height % stride === 0 && width % stride === 0;
  return even ? joined : graph.slice(joined, [1, 2], [0, 0], [height, width], 1);
}

/** The gradient of every `stride`-th row and column of the input; those beyond its edge are there, but mean nothing. */
function phaseGradient(context: TrainingContext, layer: Conv, gradient: string, rows: Phase, columns: Phase): string {
  const { graph, batch } = context;
  const { stride, groups } = layer;
  const [filters, channels, size] = layer.kernel.shape as [number, number, number, number];
  const [inputs, height, width] = layer.input as readonly [number, number, number];
  const shape = [inputs, Math.ceil(height / stride), Math.ceil(width / stride)] as const;
  const taps = [rows.taps.length, columns.taps.length] as const;
  if (taps.includes(0)) return graph.zeros([...shape, batch]);
  // Picking and turning by a matrix product: a slice with a step of -1 takes several times as long.
  const picks = rows.taps
    .toReversed()
    .flatMap((row) => columns.taps.toReversed().map((column) => row.tap * size + column.tap));
  const picking = Array.from({ length: size * size * picks.length }, (_, index) =>
    Number(picks[index % picks.length] === Math.floor(index / picks.length)),
  );
  const flat = graph.reshape(context.weight(layer.kernel), [filters * channels, size * size]);
  const picked = size === 1 ? flat : graph.op("Gemm", [flat, graph.floats([size * size, picks.length], picking)]);
  const turned = graph.reshape(picked, [filters, channels, ...taps]);
  const kernel = groups > 1 ? turned : graph.transpose(turned, [1, 0, 2, 3]);
  const [outputs, outputRows, outputColumns] = layer.output as readonly [number, number, number];
  const down = reachOf(rows, shape[1], outputRows);
  const across = reachOf(columns, shape[2], outputColumns);
  if (down.count <= 0 || across.count <= 0) return graph.zeros([...shape, batch]);
  const cut = move(graph, gradient, batchOf(layer.output, batch), 1, down.start, down.count);
  const met = move(graph, cut, [outputs, down.count, outputColumns, batch], 2, across.start, across.count);
  const border = { before: [down.before, across.before], after: [down.after, across.after] } as const;
  const metShape = [outputs, down.count, across.count] as const;
  return graph.reshape(slide(context, layer, met, metShape, [kernel], taps, border), [...shape, batch]);
}

/** The rows (or columns) of the output over which the turned kernel slides, and zeros where there are none. */
interface Reach {
  readonly start: number;
  readonly count: number;
  readonly before: number;
  readonly after: number;
}

/** From where the kernel's last tap meets the first row of a phase to where its first tap meets the last one. */
function reachOf({ taps }: Phase, length: number, side: number): Reach {
  const first = (taps[0]?.lag ?? 0) - (taps.length - 1);
  const end = first + length + taps.length - 1;
  const start = Math.max(first, 0);
  const stop = Math.min(end, side);
  return { start, count: stop - start, before: start - first, after: end - stop };
}

/** Every `stride`-th row of the input from `first` on, so many; or every `stride`-th column. */
interface Phase {
  readonly first: number;
  readonly count: number;
  /** The kernel's rows that meet these: row t of the phase meets row t + lag of the output there. */
  readonly taps: readonly { readonly tap: number; readonly lag: number }[];
}

/** A side of the input in as many phases as the stride is long; each position of the kernel belongs to one of them. */
function phasesOf({ stride, pads, spec: { kernel } }: Conv, side: number): readonly Phase[] {
  return Array.from({ length: stride }, (_, first) => ({
    first,
    count: Math.ceil((side - first) / stride),
    taps: Array.from({ length: kernel }, (_none, tap) => ({ tap, lag: (first + pads.before - tap) / stride })).filter(
      ({ lag }) => Number.isInteger(lag),
    ),
  }));
}

/**
 * From `start` on so many rows (axis 1) or columns (axis 2) of pictures with these dimensions; zeros where they have none.
 * Cut and joined, since ONNX's Pad, which does both at once, takes twice as long.
 */
function move(
  graph: GraphBuilder,
  pictures: string,
  dims: readonly number[],
  axis: 1 | 2,
  start: number,
  count: number,
): string {
  const side = dims[axis] as number;
  const before = Math.min(Math.max(-start, 0), count);
  const after = Math.min(Math.max(start + count - side, 0), count);
  const zeros = (amount: number) => (amount === 0 ? [] : [graph.zeros(dims.with(axis, amount))]);
  if (before + after === count) return graph.zeros(dims.with(axis, count));
  const [from, to] = [start + before, start + count - after];
  const kept = from === 0 && to === side ? pictures : graph.slice(pictures, [axis], [from], [to], 1);
  return graph.concat([...zeros(before), kept, ...zeros(after)], axis);
}
