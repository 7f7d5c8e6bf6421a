import { basename } from "node:path";
import type { Sample } from "./dataset.ts";
import { naturalOrder } from "./dataset-folder.ts";

/**
 * Names the block of each sample: runs of about `size` neighbouring files of each class, source by source. A block holds
 * the same stretch of all classes of its source, for the pictures of one person stand at about the same place in each.
 *
 * Where files are numbered through all classes (0_IMG_1118, 1_IMG_1119, ...) the numbers give the order, so that a
 * person who lacks a class shifts nobody else; otherwise each class is counted by itself.
 */
export function blocksOf(samples: readonly Sample[], size: number): string[] {
  const blocks = new Array<string>(samples.length).fill("");
  for (const [source, members] of groupBy(samples.keys(), (index) => samples[index]?.source ?? "")) {
    const classes = groupBy(members, (index) => samples[index]?.label ?? -1);
    const numbers = new Map(members.map((index) => [index, lastNumber(samples[index]?.path ?? "")]));
    const place = (index: number) => numbers.get(index) ?? 0;
    if (numberedThrough([...classes.values()].map((own) => own.map((index) => numbers.get(index))))) {
      const ordered = [...members].sort((a, b) => place(a) - place(b));
      for (const [rank, index] of ordered.entries())
        blocks[index] = `${source}/${Math.floor(rank / (size * classes.size))}`;
      continue;
    }
    for (const own of classes.values()) {
      const ordered = [...own].sort((a, b) => naturalOrder(samples[a]?.path ?? "", samples[b]?.path ?? ""));
      for (const [rank, index] of ordered.entries()) blocks[index] = `${source}/${Math.floor(rank / size)}`;
    }
  }
  return blocks;
}

/** True when every file has a number, hardly any number comes twice, and the ranges of all classes overlap. */
function numberedThrough(classes: readonly (readonly (number | undefined)[])[]): boolean {
  const all = classes.flat();
  if (classes.length < 2 || all.includes(undefined) || new Set(all).size < 0.9 * all.length) return false;
  const ranges = classes.map((numbers) => numbers.filter((number) => number !== undefined).sort((a, b) => a - b));
  const highestStart = Math.max(...ranges.map((numbers) => numbers[0] ?? 0));
  const lowestEnd = Math.min(...ranges.map((numbers) => numbers.at(-1) ?? 0));
  return highestStart < lowestEnd;
}

/** The last run of digits in a file's name. */
function lastNumber(path: string): number | undefined {
  const digits = basename(path).match(/\d+(?=\D*$)/)?.[0];
  return digits === undefined ? undefined : Number(digits);
}

function groupBy<T, K>(items: Iterable<T>, key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
