import { sizeOf } from "../../plan.ts";
import { batchOf } from "../batch-last.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Forward, LayerOf, Operator } from "../operator.ts";

/**
 * Batch normalisation (Ioffe and Szegedy, 2015): by the running statistics after training, by those
 * of the batch while training.
 *
 * The variance is taken in two passes: the mean of squares less the square of the mean loses most
 * of its digits in float32 where the mean is large.
 */
export const batchNorm: Operator<LayerOf<"batch-norm">> = {
  infer(context, layer, input) {
    const { mean, variance } = context.running(layer.statistic);
    const inputs = [input, context.weight(layer.gamma), context.weight(layer.beta), mean, variance];
    return context.graph.op("BatchNormalization", inputs, { epsilon: layer.epsilon });
  },
  train(context, layer, input): Forward {
    const { graph, batch } = context;
    const shape = batchOf(layer.input, batch);
    const [channels] = layer.input;
    const count = (batch * sizeOf(layer.input)) / channels;
    // Pictures of a batch follow each other within a channel, so that each channel is one row.
    const [dims, axes] =
      shape.length === 4
        ? [
            [1, channels, count],
            [0, 2],
          ]
        : [shape, [0]];
    const x = graph.reshape(input, dims);

    const mean = graph.mean(x, axes);
    const centred = affine(graph, x, graph.constants(channels, 1), graph.op("Neg", [mean]), channels);
    const variance = graph.mean(graph.op("Mul", [centred, centred]), axes);
    const deviation = graph.op("Sqrt", [graph.op("Add", [variance, graph.scalar(layer.epsilon)])]);
    context.measured(layer.statistic, mean, variance);
    const scale = graph.op("Div", [context.weight(layer.gamma), deviation]);
    return {
      output: graph.reshape(affine(graph, centred, scale, context.weight(layer.beta), channels), shape),
      backward(gradient, wanted) {
        const dy = graph.reshape(gradient, dims);
        const beta = graph.sum(dy, axes);
        const along = graph.sum(graph.op("Mul", [dy, centred]), axes);
        context.gradient(layer.beta, beta);
        context.gradient(layer.gamma, graph.op("Div", [along, deviation]));
        if (!wanted) return undefined;
        // dx = scale * dy - scale * (centred * mean(dy * centred) / deviation^2 + mean(dy))
        const share = graph.op("Mul", [scale, graph.scalar(-1 / count)]);
        const pull = graph.op("Div", [graph.op("Mul", [along, share]), graph.op("Mul", [deviation, deviation])]);
        const offset = affine(graph, centred, pull, graph.op("Mul", [beta, share]), channels);
        const direct = affine(graph, dy, scale, graph.constants(channels, 0), channels);
        return graph.reshape(graph.op("Add", [direct, offset]), shape);
      },
    };
  },
};

/**
 * factor * x + offset, both per channel. Written as a batch norm of mean 0 and variance 1, since that
 * kernel makes one pass over whole rows, where broadcasting a vector over a picture takes two slow ones.
 */
function affine(graph: GraphBuilder, x: string, factor: string, offset: string, channels: number): string {
  const inputs = [x, factor, offset, graph.constants(channels, 0), graph.constants(channels, 1)];
  return graph.op("BatchNormalization", inputs, { epsilon: 0 });
}
