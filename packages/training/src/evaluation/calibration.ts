/** The answers whose confidence lies in one stretch. */
export interface CalibrationBin {
  /** Bounds of the confidence, 0..1; `low` excluded, `high` included. */
  readonly low: number;
  readonly high: number;
  /** Mean confidence of the answers in the bin. */
  readonly confidence: number;
  /** Share of them that were right. */
  readonly accuracy: number;
  readonly count: number;
}

/** Whether "90 % sure" is right nine times in ten. */
export interface Calibration {
  /** Expected calibration error: mean gap between confidence and accuracy, weighted by answers; 0 is perfect. */
  readonly ece: number;
  /** Ascending; bins without answers are left out. */
  readonly bins: readonly CalibrationBin[];
}

const BINS = 15;

/**
 * Compares confidence with accuracy in 15 bins of equal width.
 *
 * Source: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks" (2017).
 *
 * @param confidence of each answer, 0..1
 * @param correct 1 where the answer was right, else 0; as long as `confidence`
 */
export function calibrationOf(confidence: Float32Array, correct: Uint8Array): Calibration {
  const counts = new Float64Array(BINS);
  const confidences = new Float64Array(BINS);
  const rights = new Float64Array(BINS);
  confidence.forEach((value, i) => {
    const bin = Math.min(BINS - 1, Math.max(0, Math.ceil(value * BINS) - 1));
    counts[bin] = (counts[bin] ?? 0) + 1;
    confidences[bin] = (confidences[bin] ?? 0) + value;
    rights[bin] = (rights[bin] ?? 0) + (correct[i] ?? 0);
  });
  const bins = Array.from(counts, (count, i) => ({
    low: i / BINS,
    high: (i + 1) / BINS,
    confidence: (confidences[i] ?? 0) / count,
    accuracy: (rights[i] ?? 0) / count,
    count,
  })).filter((bin) => bin.count > 0);
  const gap = bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.accuracy - bin.confidence), 0);
  return { ece: confidence.length === 0 ? 0 : gap / confidence.length, bins };
}
