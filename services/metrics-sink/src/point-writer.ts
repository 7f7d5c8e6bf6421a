import type { Point } from "./point.ts";
import type { TimeRange } from "./spool/position.ts";

/** What became of points that the database answered for. */
export type WriteOutcome =
  | { readonly kind: "written" }
  /** `points` of them lie before what the database keeps; the others were written. */
  | { readonly kind: "too-old"; readonly points: number; readonly reason: string }
  /**
   * At least one of them is refused, for good; which is not known. The others may have been written or not.
   * `points`: how many, where it is known.
   */
  | { readonly kind: "refused"; readonly points?: number; readonly reason: string };

/** Where points go. */
export interface PointWriter {
  /** For the log: `http://127.0.0.1:8086, database beckon`. */
  readonly target: string;
  /**
   * Writes all of them. The same points may be written again, and then are the same points there.
   *
   * @throws what may pass: no answer, no room, a password that is not right yet
   */
  write(points: readonly Point[]): Promise<WriteOutcome>;
  /**
   * Makes the long history of a range whose points came late.
   *
   * @throws what may pass
   */
  downsample(range: TimeRange): Promise<void>;
}
