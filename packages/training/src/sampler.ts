import { type Random, seededRandom, shuffle } from "@beckon/synthetic";

/** Says which pictures an epoch shows, in which order. */
export interface Sampler {
  /**
   * @param epoch from 1
   * @returns `count` positions in the list of training pictures
   */
  order(epoch: number, count: number): Int32Array;
}

/** Each picture once, shuffled; and again from the start where an epoch is longer than the list. */
export function shuffledSampler(pictures: number, seed: number): Sampler {
  return {
    order(epoch, count) {
      const order = new Int32Array(count);
      for (let done = 0, round = 0; done < count; round++) {
        const random = seededRandom(seed, epoch, round);
        const deck = shuffle(
          Array.from({ length: pictures }, (_, index) => index),
          random,
        );
        order.set(deck.slice(0, count - done), done);
        done += deck.length;
      }
      return order;
    },
  };
}

/**
 * Draws each class equally often, or as often as its weight says, within it each source by the square root of its pictures, and within that any
 * picture. Many pictures of one hand in one room add little: the root keeps a large source from drowning the others.
 */
export function balancedSampler(
  pictures: readonly { readonly label: number; readonly source: string }[],
  seed: number,
  weightOf: (label: number) => number = () => 1,
): Sampler {
  const labelOf = (index: number) => (pictures[index] as { label: number }).label;
  const members = groups(pictures.keys(), labelOf);
  const classWeights = cumulative(members.map(([first]) => weightOf(labelOf(first as number))));
  const classes = members.map((own) => {
    const sources = groups(own, (index) => (pictures[index] as { source: string }).source);
    return { sources, weights: cumulative(sources.map((source) => Math.sqrt(source.length))) };
  });
  return {
    order(epoch, count) {
      const random = seededRandom(seed, epoch, 0);
      return Int32Array.from({ length: count }, () => {
        const { sources, weights } = classes[at(classWeights, random)] as (typeof classes)[number];
        return pick(sources[at(weights, random)] as number[], random);
      });
    },
  };
}

function groups<K>(members: Iterable<number>, keyOf: (index: number) => K): number[][] {
  const found = new Map<K, number[]>();
  for (const index of members) {
    const key = keyOf(index);
    const group = found.get(key);
    if (group === undefined) found.set(key, [index]);
    else group.push(index);
  }
  return [...found.values()];
}

function cumulative(weights: number[]): number[] {
  let sum = 0;
  return weights.map((weight) => {
    sum += weight;
    return sum;
  });
}

function at(sums: number[], random: Random): number {
  const point = random() * (sums.at(-1) ?? 0);
  return Math.max(
    0,
    sums.findIndex((sum) => point < sum),
  );
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}
