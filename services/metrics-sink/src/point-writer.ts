import type { Point } from "./point.ts";

/** Where points go. */
export interface PointWriter {
  /** For the log: `http://127.0.0.1:8086, database beckon`. */
  readonly target: string;
  /**
   * Writes all of them. The same points may be written again after a failure.
   *
   * @returns how many were refused for good, such as those whose field has another type there
   * @throws what may pass: no answer, no room, a password that is not right yet
   */
  write(points: readonly Point[]): Promise<{ readonly refused: number; readonly reason?: string }>;
}
