/** One figure and the bar it is held to. */
export interface Bar {
  /** What was measured, with its figure: `batch 32: 0.91 of PyTorch's best`. */
  readonly what: string;
  /** The bar in words: `at least 0.80`. */
  readonly bar: string;
  readonly passed: boolean;
}

/** A line for each bar, PASS or FAIL first. */
export function formatBars(bars: readonly Bar[]): string {
  return bars.map(({ what, bar, passed }) => `${passed ? "PASS" : "FAIL"}  ${what} (bar: ${bar})`).join("\n");
}

/** Rows under a heading, columns aligned: the first to the left, the rest to the right. */
export function formatTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((_, column) => Math.max(...[heading, ...rows].map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [heading, ...rows].map(line).join("\n");
}

/** The middle value; of an even number the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
