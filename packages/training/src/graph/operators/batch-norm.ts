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
    const [channels, ...sides] = layer.input as readonly number[];
    const axes = sides.length > 0 ? [0, 2, 3] : [0];
    const perChannel = [channels as number, ...sides.map(() => 1)];
    const spread = (vector: string) => graph.reshape(vector, perChannel);
    const count = batch * sides.reduce((product, side) => product * side, 1);

    const mean = graph.mean(input, axes);
    const centred = graph.op("Sub", [input, spread(mean)]);
    const variance = graph.mean(graph.op("Mul", [centred, centred]), axes);
    const deviation = graph.op("Sqrt", [graph.op("Add", [variance, graph.scalar(layer.epsilon)])]);
    context.measured(layer.statistic, mean, variance);
    const gamma = context.weight(layer.gamma);
    const scale = graph.op("Div", [gamma, deviation]);
    const scaled = graph.op("Mul", [centred, spread(scale)]);
    const output = graph.op("Add", [scaled, spread(context.weight(layer.beta))]);
    return {
      output,
      backward(gradient, wanted) {
        const beta = graph.sum(gradient, axes);
        const along = graph.sum(graph.op("Mul", [gradient, centred]), axes);
        context.gradient(layer.beta, beta);
        context.gradient(layer.gamma, graph.op("Div", [along, deviation]));
        if (!wanted) return undefined;
        // dx = scale * (dy - mean(dy) - centred * mean(dy * centred) / deviation^2)
        const share = graph.scalar(1 / count);
        const pull = graph.op("Div", [graph.op("Mul", [along, share]), graph.op("Mul", [deviation, deviation])]);
        const leaned = graph.op("Sub", [gradient, graph.op("Mul", [centred, spread(pull)])]);
        const level = graph.op("Sub", [leaned, spread(graph.op("Mul", [beta, share]))]);
        return graph.op("Mul", [level, spread(scale)]);
      },
    };
  },
};
