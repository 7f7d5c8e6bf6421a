import { type Random, seededRandom } from "@beckon/synthetic";

/** An interval of a share, both ends 0..1. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How many pictures of one source were named rightly. */
export interface SourceCount {
  readonly correct: number;
  readonly count: number;
}

/** Resamples of the bootstrap: enough for the third digit of a 95 % percentile interval to stand still. */
export const RESAMPLES = 2000;

/** 97.5th percentile of the standard normal distribution. */
const Z95 = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a share. Unlike the textbook interval it stays within 0..1 and says
 * something when all or none are right.
 *
 * Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927);
 * recommended by R. G. Newcombe, Statistics in Medicine 17 (1998), method 3.
 *
 * @param count at least 1
 */
export function wilsonInterval(correct: number, count: number): Interval {
  const share = correct / count;
  const spread = (Z95 * Z95) / count;
  const centre = share + spread / 2;
  const reach = Z95 * Math.sqrt((share * (1 - share)) / count + spread / (4 * count));
  // Rounding must not put the share itself outside.
  return {
    low: correct === 0 ? 0 : Math.max(0, (centre - reach) / (1 + spread)),
    high: correct === count ? 1 : Math.min(1, (centre + reach) / (1 + spread)),
  };
}

/**
 * 95 % interval of the mean over sources of their accuracies, by the hierarchical (two-stage) bootstrap:
 * draw as many sources with replacement as there are, then within each draw as many pictures with
 * replacement as it has; take the 2.5th and 97.5th percentile of the means. The pictures of one source are
 * alike, so resampling pictures alone would promise far too narrow an interval.
 *
 * Source: A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application (1997), section 3.8;
 * V. Saravanan, G. J. Berman and S. J. Sober, "Application of the hierarchical bootstrap to multi-level data
 * in neuroscience" (2020).
 *
 * @param sources at least one, each with at least one picture
 */
export function bootstrapMacroInterval(
  sources: readonly SourceCount[],
  { seed = 1, resamples = RESAMPLES }: { readonly seed?: number; readonly resamples?: number } = {},
): Interval {
  const random = seededRandom(seed);
  const draws = sources.map((source) => accuracySampler(source));
  const means = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let sum = 0;
    for (let j = 0; j < draws.length; j++) sum += draws[Math.floor(random() * draws.length)]?.(random) ?? 0;
    means[i] = sum / draws.length;
  }
  means.sort();
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

/**
 * Draws the accuracy of one resample of a source. The number of right pictures in a resample with
 * replacement is binomial, so one look-up in its distribution stands for `count` draws.
 */
function accuracySampler({ correct, count }: SourceCount): (random: Random) => number {
  if (correct === 0 || correct === count) return () => correct / count;
  const cumulative = binomialCumulative(count, correct / count);
  return (random) => firstAbove(cumulative, random()) / count;
}

/** Cumulative distribution of the binomial, from its mode outwards so that nothing underflows on the way. */
function binomialCumulative(count: number, rate: number): Float64Array {
  const mass = new Float64Array(count + 1);
  const odds = rate / (1 - rate);
  const mode = Math.min(count, Math.floor((count + 1) * rate));
  mass[mode] = 1;
  for (let k = mode; k < count; k++) mass[k + 1] = ((mass[k] ?? 0) * odds * (count - k)) / (k + 1);
  for (let k = mode; k > 0; k--) mass[k - 1] = ((mass[k] ?? 0) * k) / (odds * (count - k + 1));
  const total = mass.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  return mass.map((value) => {
    sum += value / total;
    return sum;
  });
}

/** Index of the first value above `limit`, the last where rounding left none. */
function firstAbove(ascending: Float64Array, limit: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 1) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Linear between the neighbours (Hyndman and Fan's type 7). */
function quantile(ascending: Float64Array, share: number): number {
  const position = share * (ascending.length - 1);
  const below = ascending[Math.floor(position)] ?? 0;
  const above = ascending[Math.ceil(position)] ?? below;
  return below + (above - below) * (position - Math.floor(position));
}
