import { z } from "zod";
import type { Judgement, Training } from "./teach-api.ts";

const count = z.number().int().nonnegative();

/** What `beckon train --json` says, as far as it matters here. */
const TrainingEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("decoding"), done: count, total: count }),
  z.object({ type: z.literal("features"), done: count, total: count }),
  z.object({ type: z.literal("step"), step: count, steps: count }),
  z.object({
    type: z.literal("result"),
    bundle: z.string(),
    evaluation: z.object({
      macro: z.object({ accuracy: z.number(), low: z.number(), high: z.number() }),
      micro: z.object({ count }),
      classes: z.array(z.object({ label: z.string() })),
      thresholds: z.object({ matrix: z.array(z.array(count)) }),
    }),
  }),
]);
type TrainingEvent = z.infer<typeof TrainingEvent>;
export type TrainingOutcome = Extract<TrainingEvent, { type: "result" }>;

/** Undefined for a line of another kind. */
export function parseEvent(line: string): TrainingEvent | undefined {
  try {
    return TrainingEvent.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Where each phase ends, as shares of the time of a whole training as it was measured. */
const ENDS = { starting: 0.1, decoding: 0.45, features: 0.75, training: 0.9 } as const;

/** What an event says of where the training is. */
export function progressOf(event: TrainingEvent): Pick<Training, "phase" | "progress"> {
  switch (event.type) {
    case "decoding":
      return { phase: "reading", progress: between(ENDS.starting, ENDS.decoding, event.done, event.total) };
    case "features":
      return { phase: "reading", progress: between(ENDS.decoding, ENDS.features, event.done, event.total) };
    case "step": {
      const progress = between(ENDS.features, ENDS.training, event.step, event.steps);
      return { phase: event.step < event.steps ? "training" : "judging", progress };
    }
    case "result":
      return { phase: "judging", progress: 0.98 };
  }
}

function between(from: number, to: number, done: number, total: number): number {
  return from + (to - from) * Math.min(1, total === 0 ? 1 : done / total);
}

/** Of a model, by the recordings that its training has not seen. A gesture has one of these, so classes count alike. */
export function judgementOf({ evaluation }: TrainingOutcome): Judgement {
  const { macro, micro, classes, thresholds } = evaluation;
  return {
    pictures: micro.count,
    ...macro,
    labels: classes.map(({ label }) => label),
    confusion: thresholds.matrix.map((row) => [...row]),
  };
}
