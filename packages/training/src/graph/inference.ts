import type { Parameter, Plan, Statistic } from "../plan.ts";
import { GraphBuilder } from "./builder.ts";
import type { InferenceContext } from "./operator.ts";
import { inferSequence } from "./sequence.ts";

/**
 * The graph of a trained network, for a bundle: input `images` [N, ...input], output `probabilities`
 * [N, classes], any N.
 *
 * @param weights flat, as the plan places them
 * @param statistics running means and variances, flat, as the plan places them
 */
export function buildInferenceModel(plan: Plan, weights: Float32Array, statistics: Float32Array): Uint8Array {
  const graph = new GraphBuilder();
  graph.input("images", ["N", ...plan.input]);
  const logits = inferSequence(inferenceContext(graph, weights, statistics), plan.layers, "images");
  graph.output("probabilities", graph.op("Softmax", [logits], { axis: 1 }), ["N", plan.output[0]]);
  return graph.toBytes("inference");
}

function inferenceContext(graph: GraphBuilder, weights: Float32Array, statistics: Float32Array): InferenceContext {
  return {
    graph,
    weight({ name, shape, offset, size }: Parameter) {
      return graph.initializer(name, shape, weights.subarray(offset, offset + size));
    },
    running({ name, channels, offset }: Statistic) {
      const part = (index: number) => statistics.subarray(offset + index * channels, offset + (index + 1) * channels);
      return {
        mean: graph.initializer(`${name}.mean`, [channels], part(0)),
        variance: graph.initializer(`${name}.variance`, [channels], part(1)),
      };
    },
  };
}
