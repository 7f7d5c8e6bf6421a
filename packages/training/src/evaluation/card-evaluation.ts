import type { ModelCard } from "@beckon/vision";
import type { Evaluation } from "./evaluation.ts";

/**
 * The part of an evaluation that stands on a model card.
 *
 * @param data what was tested, in a few words: `letters/test`
 * @param note anything else a reader must know
 */
export function toCardEvaluation(
  { macro, sources, sharedSources }: Evaluation,
  data: string,
  note?: string,
): ModelCard["evaluations"][number] {
  return {
    data,
    sharesSources: sharedSources.length > 0,
    macro: { accuracy: macro.accuracy, low: macro.low, high: macro.high },
    sources: sources.map(({ name, accuracy, count }) => ({ name, accuracy, count })),
    ...(note === undefined ? {} : { note }),
  };
}
