/** Two classes that the model takes for one another. */
export interface Confusion {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
  /** `count` as a share of the pictures of `truth`. */
  readonly share: number;
}

/** How well one class is told from the others; null where there is nothing to divide by. */
export interface ClassScore {
  readonly label: string;
  /** Share of the answers `label` that were right; null when it was never answered. */
  readonly precision: number | null;
  /** Share of the pictures of `label` that were named so; null when there are none. */
  readonly recall: number | null;
  /** Harmonic mean of both; null when the class neither occurs nor is answered. */
  readonly f1: number | null;
  /** Pictures of this class. */
  readonly count: number;
}

/**
 * Counts the answers: one row for each true class, one column for each answer, both in the order of the labels.
 *
 * @param truths index of the true class of each picture
 * @param answers index of the answer to each picture
 */
export function confusionMatrix(truths: ArrayLike<number>, answers: ArrayLike<number>, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < truths.length; i++) {
    const row = matrix[truths[i] ?? -1];
    const column = answers[i] ?? -1;
    if (row === undefined || row[column] === undefined) throw new RangeError(`picture ${i} is of no known class`);
    row[column]++;
  }
  return matrix;
}

/** Precision, recall and F1 of each class. */
export function classScores(labels: readonly string[], matrix: readonly (readonly number[])[]): ClassScore[] {
  return labels.map((label, i) => {
    const count = sum(matrix[i] ?? []);
    const answered = sum(matrix.map((row) => row[i] ?? 0));
    const right = matrix[i]?.[i] ?? 0;
    const share = (whole: number, part = right) => (whole === 0 ? null : part / whole);
    return {
      label,
      precision: share(answered),
      recall: share(count),
      f1: share(count + answered, 2 * right),
      count,
    };
  });
}

/** The pairs most often mistaken, the most frequent first; of equally frequent ones the larger share of its class. */
export function worstConfusions(
  labels: readonly string[],
  matrix: readonly (readonly number[])[],
  limit = 10,
): Confusion[] {
  const pairs = matrix.flatMap((row, truth) => {
    const pictures = sum(row);
    return row
      .map((count, predicted) => ({ truth, predicted, count, share: count / pictures }))
      .filter((pair) => pair.count > 0 && pair.predicted !== pair.truth);
  });
  pairs.sort((a, b) => b.count - a.count || b.share - a.share);
  return pairs
    .slice(0, limit)
    .map((pair) => ({ ...pair, truth: labels[pair.truth] ?? "", predicted: labels[pair.predicted] ?? "" }));
}

/** The matrix as CSV: a row for each true class, a column for each answer, both named. */
export function confusionCsv(labels: readonly string[], matrix: readonly (readonly number[])[]): string {
  const header = ["truth \\ predicted", ...labels];
  const rows = matrix.map((row, i) => [labels[i] ?? "", ...row.map(String)]);
  return [header, ...rows].map((row) => `${row.map(csvCell).join(",")}\n`).join("");
}

/** Quoted where RFC 4180 asks for it. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
