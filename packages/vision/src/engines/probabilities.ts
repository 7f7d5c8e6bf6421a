import { BundleError } from "../bundle-error.ts";

/**
 * Checks what a model gives for a black picture: one probability for each class.
 *
 * @param file for the message
 * @throws BundleError when these are no probabilities
 */
export function checkProbabilities(row: Float32Array, classes: number, file: string): void {
  const sum = row.reduce((total, value) => total + value, 0);
  const inRange = row.every((value) => value >= -1e-6 && value <= 1 + 1e-3);
  if (row.length === classes && inRange && Math.abs(sum - 1) <= 1e-3) return;
  if (!row.every(Number.isFinite))
    throw new BundleError(`${file}: gives values that are no numbers for a black picture; is the file damaged?`);
  throw new BundleError(
    `${file}: gives no probabilities (they add up to ${sum.toPrecision(3)}); if it gives logits, import it again with --logits`,
  );
}
