import type { Result } from "@beckon/protocol";
import { now, rounded } from "@beckon/runtime";
import { judge } from "@beckon/vision";
import type { Sighting } from "./cameras.ts";
import type { Thresholds } from "./config.ts";
import type { ModelAnswer } from "./inference-messages.ts";
import { effectiveThresholds, type ServedModel } from "./lineup.ts";

/** How many of the best classes a result names. */
const TOP = 3;

/** A frame on its way through the service. Times by this process's `now()`. */
export interface FrameTimes {
  readonly arrivedAt: number;
  /** When a thread took it. */
  readonly takenAt: number;
}

/**
 * What is published of one frame and one model. Its stages are `receive` (on the way here, beyond the shortest way
 * seen), `queue` (until a thread took it), `decode`, `infer`, and `total`: from capture to here.
 *
 * @throws BundleError when the model gives no numbers
 */
export function resultOf(
  camera: string,
  { name, bundle, engine }: ServedModel,
  { stamp, foreign, age }: Sighting,
  { row, roi, decode, infer }: ModelAnswer,
  { arrivedAt, takenAt }: FrameTimes,
  thresholds: Thresholds | undefined,
): Result {
  const { card, labels } = bundle;
  const { label, confidence, top } = judge(row, labels, effectiveThresholds(card.thresholds, thresholds), TOP);
  return {
    camera,
    model: name,
    version: card.version,
    ...stamp,
    label,
    confidence: probability(confidence),
    top: top.map((score) => ({ label: score.label, confidence: probability(score.confidence) })),
    engine,
    ms: {
      receive: rounded(age),
      queue: rounded(takenAt - arrivedAt),
      decode: rounded(decode),
      infer: rounded(infer),
      total: rounded(age + now() - arrivedAt),
    },
    ...(foreign && { foreign: true as const }),
    ...(roi && { roi }),
  };
}

/** A softmax of 32-bit floats may pass 1 by a rounding; four decimals are more than it knows. */
function probability(value: number): number {
  return Math.min(Math.max(Math.round(value * 1e4) / 1e4, 0), 1);
}
