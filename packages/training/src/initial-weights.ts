import { normal, type Random, seededRandom } from "@beckon/synthetic";
import { decodeModel } from "@beckon/vision";
import type { Parameter, Plan } from "./plan.ts";

/** Weights and running statistics of a network, flat, as its plan places them. */
export interface NetworkState {
  readonly weights: Float32Array;
  readonly statistics: Float32Array;
}

/** Random weights for a new training; the same for the same seed. Running means start at 0, variances at 1. */
export function initialState(plan: Plan, seed: number): NetworkState {
  const weights = new Float32Array(plan.weightCount);
  plan.parameters.forEach((parameter, index) => {
    const random = seededRandom(seed, index);
    const draw = drawOf(parameter, random);
    for (let i = 0; i < parameter.size; i++) weights[parameter.offset + i] = draw();
  });
  const statistics = new Float32Array(plan.statisticCount);
  for (const { offset, channels } of plan.statistics) statistics.fill(1, offset + channels, offset + 2 * channels);
  return { weights, statistics };
}

/** He et al., 2015 (normal) and Glorot and Bengio, 2010 (uniform). */
function drawOf({ init, fanIn, fanOut }: Parameter, random: Random): () => number {
  if (init === "zero") return () => 0;
  if (init === "one") return () => 1;
  if (init === "he") return () => normal(random) * Math.sqrt(2 / fanIn);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return () => (2 * random() - 1) * limit;
}

/**
 * Takes over the tensors of a trained model wherever name and shape agree with the plan; the rest stays as it is.
 *
 * @param state changed in place
 * @param onnx model written by `buildInferenceModel`
 * @returns how many of the plan's tensors were taken over, and of how many
 */
export function takeOverWeights(plan: Plan, state: NetworkState, onnx: Uint8Array): { taken: number; of: number } {
  const stored = new Map(decodeModel(onnx).initializers.map((tensor) => [tensor.name, tensor]));
  let taken = 0;
  const take = (name: string, shape: readonly number[], into: Float32Array) => {
    const tensor = stored.get(name);
    if (tensor?.type !== "float" || tensor.dims.join() !== shape.join()) return;
    into.set(tensor.data);
    taken++;
  };
  for (const { name, shape, offset, size } of plan.parameters) {
    take(name, shape, state.weights.subarray(offset, offset + size));
  }
  for (const { name, channels, offset } of plan.statistics) {
    take(`${name}.mean`, [channels], state.statistics.subarray(offset, offset + channels));
    take(`${name}.variance`, [channels], state.statistics.subarray(offset + channels, offset + 2 * channels));
  }
  return { taken, of: plan.parameters.length + 2 * plan.statistics.length };
}
