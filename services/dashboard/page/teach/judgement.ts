import type { Judgement } from "../../src/teach/teach-api.ts";

/** Below these a model will annoy more than it helps: the low end of the accuracy's interval, and the recall of a class. */
const LEAST_ACCURACY = 0.85;
const LEAST_RECALL = 0.7;

/** What a person should know of a judgement. */
export interface Findings {
  /** By label: how much of what was shown was recognised, 0..1; undefined where nothing was shown. */
  readonly recalls: readonly (number | undefined)[];
  readonly weak: boolean;
  /** The class that is recognised least often, where that is too seldom. */
  readonly weakest: { readonly label: string; readonly recall: number } | undefined;
  /** The two that are mixed up most. */
  readonly mixed: { readonly shown: string; readonly taken: string; readonly share: number } | undefined;
}

export function findingsOf({ low, labels, confusion }: Judgement): Findings {
  const recalls = labels.map((_, row) => share(confusion[row], row));
  const known = recalls.flatMap((recall, row) => (recall === undefined ? [] : [{ label: labels[row] ?? "", recall }]));
  const worst = known.reduce<(typeof known)[number] | undefined>(
    (least, one) => (least && least.recall <= one.recall ? least : one),
    undefined,
  );
  const weakest = worst && worst.recall < LEAST_RECALL ? worst : undefined;
  return { recalls, weak: low < LEAST_ACCURACY || weakest !== undefined, weakest, mixed: mixedUp(labels, confusion) };
}

/** The last column, for which there is no label, is no mix-up: the model says that it does not know. */
function mixedUp(labels: readonly string[], confusion: Judgement["confusion"]): Findings["mixed"] {
  let worst: Findings["mixed"];
  for (const [row, shown] of labels.entries())
    for (const [column, taken] of labels.entries()) {
      const part = row === column ? 0 : (share(confusion[row], column) ?? 0);
      if (part > (worst?.share ?? 0)) worst = { shown, taken, share: part };
    }
  return worst;
}

function share(row: readonly number[] | undefined, column: number): number | undefined {
  const all = row?.reduce((sum, count) => sum + count, 0) ?? 0;
  return all > 0 ? (row?.[column] ?? 0) / all : undefined;
}
