import { type Random, seededRandom, shuffle } from "@beckon/synthetic";
import { countLabels, plural, type Sample, sourcesOf } from "./dataset.ts";
import { DatasetError, naturalOrder } from "./dataset-folder.ts";
import { blocksOf } from "./split-blocks.ts";

/** How pictures are dealt to training, validation and test. Shares are of the pictures, 0..1. */
export type SplitRule =
  /** By source where classes have two or more of them, else at random. */
  | { readonly type: "auto"; readonly validation: number }
  /** Whole sources: those named, or a seeded choice of about that share of each class. */
  | {
      readonly type: "source";
      readonly validation: number | readonly string[];
      readonly test?: readonly string[];
    }
  /** At random, class by class. */
  | { readonly type: "random"; readonly validation: number; readonly test?: number }
  /** So many pictures of each class; the rest is for testing. A class with too few is dealt in the same proportion. */
  | { readonly type: "counts"; readonly train: number; readonly validation: number }
  /** Whole runs of `size` neighbouring files of each class, by natural order or number: neighbours are often one person. */
  | {
      readonly type: "blocks";
      readonly size: number;
      readonly validation: number;
      readonly test?: number;
      /** Deal only the blocks of these sources; all others are for training. */
      readonly sources?: readonly string[];
    }
  /** As the user laid them out: these, found again by their path, are for validation and test, all others for training. */
  | { readonly type: "folders"; readonly validation: readonly Sample[]; readonly test?: readonly Sample[] };

/** Indices into the samples that were split, ascending; no index is in two parts. */
export interface Split {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
  /** Lines for the report: the rule used, what it chose, what a reader must know. */
  readonly described: readonly string[];
}

type Part = "train" | "validation" | "test";
/** The part of each sample, and what to say about it. */
interface Dealt {
  readonly parts: readonly Part[];
  readonly described: readonly string[];
}

/**
 * Deals samples to training, validation and test. The same samples, rule and seed always give the same split.
 *
 * @param groupOf group of each sample, from `groupDuplicates`: a random split then never parts a group. Without it
 *   near-duplicates may be on both sides, and the description says so.
 * @throws DatasetError when a source that is named does not exist, or nothing is left for training or validation
 */
export function splitDataset(
  samples: readonly Sample[],
  classes: readonly string[],
  rule: SplitRule,
  seed: number,
  groupOf?: ArrayLike<number>,
): Split {
  const { parts, described } = deal({ samples, classes, random: seededRandom(seed), groupOf }, rule);
  const of = (part: Part) => parts.flatMap((own, index) => (own === part ? [index] : []));
  const split = { train: of("train"), validation: of("validation"), test: of("test") };
  if (split.train.length === 0)
    throw new DatasetError("the split leaves nothing to train on: give more pictures or another rule");
  if (split.validation.length === 0)
    throw new DatasetError("the split leaves nothing to validate on: give more pictures or another rule");
  const sizes = [
    `${split.train.length} to train`,
    `${split.validation.length} to validate`,
    `${split.test.length} to test`,
  ];
  return { ...split, described: [...described, sizes.join(", ")] };
}

interface Deck {
  readonly samples: readonly Sample[];
  readonly classes: readonly string[];
  readonly random: Random;
  readonly groupOf: ArrayLike<number> | undefined;
}

function deal(deck: Deck, rule: SplitRule): Dealt {
  switch (rule.type) {
    case "auto": {
      const chosen = chooseSources(deck, rule.validation);
      return chosen.length > 0 ? dealSources(deck, chosen, []) : dealAtRandom(deck, rule.validation, 0);
    }
    case "source": {
      const chosen = typeof rule.validation === "number" ? chooseSources(deck, rule.validation) : rule.validation;
      if (chosen.length === 0)
        throw new DatasetError("no class has two sources to split by: give more sources or split at random");
      return dealSources(deck, chosen, rule.test ?? []);
    }
    case "random":
      return dealAtRandom(deck, rule.validation, rule.test ?? 0);
    case "counts":
      return dealCounts(deck, rule.train, rule.validation);
    case "blocks":
      return dealBlocks(deck, rule);
    case "folders":
      return dealFolders(deck, rule.validation, rule.test ?? []);
  }
}

function dealSources({ samples, classes }: Deck, validation: readonly string[], test: readonly string[]): Dealt {
  const known = sourcesOf(samples);
  for (const name of [...validation, ...test])
    if (!known.includes(name)) throw new DatasetError(`no source "${name}" in the data: there are ${known.join(", ")}`);
  const parts = samples.map(
    ({ source }): Part => (test.includes(source) ? "test" : validation.includes(source) ? "validation" : "train"),
  );
  const tested = test.length > 0 ? `, test ${[...test].sort(naturalOrder).join(", ")}` : "";
  const line = `split by source, ${known.length} in all: validation ${[...validation].sort(naturalOrder).join(", ")}${tested}`;
  const unseen = unseenClasses(samples, classes, parts);
  const note = unseen.length > 0 ? [`classes without a validation source: ${unseen.join(", ")}`] : [];
  return { parts, described: [line, ...note] };
}

function unseenClasses(samples: readonly Sample[], classes: readonly string[], parts: readonly Part[]): string[] {
  const held = countLabels(
    samples.filter((_, index) => parts[index] === "validation"),
    classes.length,
  );
  const all = countLabels(samples, classes.length);
  return classes.filter((_, label) => held[label] === 0 && (all[label] ?? 0) > 0);
}

/**
 * Takes sources in a random order while they bring some class nearer to its share and give none more than twice as much;
 * then, for the classes that still have nothing, the smallest source. No class loses its last training source.
 */
function chooseSources({ samples, classes, random }: Deck, share: number): string[] {
  const total = countLabels(samples, classes.length);
  const held = new Array<number>(classes.length).fill(0);
  const sources = shuffle(
    sourcesOf(samples).map((name) => new CountedSource(name, samples, classes.length)),
    random,
  );
  const chosen: CountedSource[] = [];
  const take = (source: CountedSource) => {
    chosen.push(source);
    for (const { label, own } of source.counts) held[label] = (held[label] ?? 0) + own;
  };
  const holds = (label: number) => held[label] ?? 0;
  const target = (label: number) => share * (total[label] ?? 0);
  const keepsTraining = (source: CountedSource) =>
    source.counts.every(({ label, own }) => holds(label) + own < (total[label] ?? 0));
  for (const source of sources) {
    const nearer = source.counts.some(({ label, own }) => holds(label) + own / 2 <= target(label));
    const tooMuch = source.counts.some(({ label, own }) => holds(label) + own > 2 * target(label));
    if (nearer && !tooMuch && keepsTraining(source)) take(source);
  }
  for (const source of sources.sort((a, b) => a.size - b.size))
    if (source.counts.some(({ label }) => holds(label) === 0) && keepsTraining(source)) take(source);
  return chosen.map(({ name }) => name);
}

/** A source and its pictures of each class that it has. */
class CountedSource {
  readonly name: string;
  readonly size: number;
  readonly counts: readonly { readonly label: number; readonly own: number }[];

  constructor(name: string, samples: readonly Sample[], classes: number) {
    const own = samples.filter(({ source }) => source === name);
    this.name = name;
    this.size = own.length;
    this.counts = countLabels(own, classes)
      .map((count, label) => ({ label, own: count }))
      .filter((entry) => entry.own > 0);
  }
}

function sum(values: readonly number[] = []): number {
  return values.reduce((total, value) => total + value, 0);
}

function dealAtRandom(deck: Deck, validation: number, test: number): Dealt {
  const parts = emptyParts(deck);
  for (const groups of groupsByClass(deck)) {
    const count = sum(groups.map((group) => group.length));
    const rest = takeShare(groups, Math.max(Math.round(validation * count), 1), "validation", parts);
    takeShare(rest, Math.round(test * count), "test", parts);
  }
  return {
    parts,
    described: [`split at random, class by class, ${percent(validation)} for validation`, likeness(deck)],
  };
}

/** Gives groups to a part while that brings it nearer to `target`, and one at least; leaves one to the others. */
function takeShare(groups: readonly number[][], target: number, part: Part, parts: Part[]): number[][] {
  if (target === 0) return [...groups];
  const rest: number[][] = [];
  let taken = 0;
  for (const [index, group] of groups.entries()) {
    const last = index === groups.length - 1;
    const nearer = taken + group.length / 2 <= target || (last && taken === 0);
    if (nearer && !(last && rest.length === 0)) {
      taken += group.length;
      for (const member of group) parts[member] = part;
    } else rest.push(group);
  }
  return rest;
}

function dealCounts(deck: Deck, train: number, validation: number): Dealt {
  const parts = emptyParts(deck);
  const scaled: string[] = [];
  for (const [label, groups] of groupsByClass(deck).entries()) {
    const count = sum(groups.map((group) => group.length));
    if (count === 0) continue;
    const enough = count >= train + validation;
    if (!enough) scaled.push(deck.classes[label] ?? String(label));
    let trains = enough ? train : Math.round((count * train) / (train + validation));
    let validates = enough ? validation : count - trains;
    // The rest is for testing only where the counts themselves leave a rest.
    for (const group of groups) {
      const part =
        group.length <= trains ? "train" : group.length <= validates ? "validation" : enough ? "test" : "train";
      if (part === "train") trains -= group.length;
      if (part === "validation") validates -= group.length;
      for (const member of group) parts[member] = part;
    }
  }
  const line = `split by counts, of each class ${train} to train, ${validation} to validate, the rest to test`;
  const note = `fewer than ${train + validation} pictures, dealt in the same proportion without a rest: ${scaled.join(", ")}`;
  return { parts, described: [line, ...(scaled.length > 0 ? [note] : []), likeness(deck)] };
}

function dealBlocks({ samples, random }: Deck, rule: Extract<SplitRule, { type: "blocks" }>): Dealt {
  const { size, validation, test = 0, sources } = rule;
  for (const name of sources ?? [])
    if (!sourcesOf(samples).includes(name))
      throw new DatasetError(`no source "${name}" in the data: there are ${sourcesOf(samples).join(", ")}`);
  const blockOf = blocksOf(samples, size);
  const dealt = blockOf.filter((_, index) => sources?.includes(samples[index]?.source ?? "") ?? true);
  const blocks = shuffle([...new Set(dealt)], random);
  const validates = Math.max(Math.round(validation * blocks.length), 1);
  const tests = Math.round(test * blocks.length);
  const partOf = new Map(
    blocks.map((block, index): [string, Part] => [
      block,
      index < validates ? "validation" : index < validates + tests ? "test" : "train",
    ]),
  );
  const within = sources === undefined ? "" : ` of ${sources.join(", ")}`;
  const line = `split by blocks of ${size} neighbouring files of each class${within}: ${validates} of ${blocks.length} blocks for validation`;
  return { parts: blockOf.map((block) => partOf.get(block) ?? "train"), described: [line] };
}

function dealFolders({ samples }: Deck, validation: readonly Sample[], test: readonly Sample[]): Dealt {
  const validates = new Set(validation.map(({ path }) => path));
  const tests = new Set(test.map(({ path }) => path));
  const parts = samples.map(
    ({ path }): Part => (tests.has(path) ? "test" : validates.has(path) ? "validation" : "train"),
  );
  const sources = (part: Part) => sourcesOf(samples.filter((_, index) => parts[index] === part));
  const shared = sources("train").filter((source) => sources("validation").includes(source));
  const note = shared.length > 0 ? [`sources both trained and validated on: ${shared.join(", ")}`] : [];
  return { parts, described: ["split as the folders are given", ...note] };
}

/** For each class its groups of near-duplicates, shuffled; single pictures are groups of one. */
function groupsByClass({ samples, classes, groupOf, random }: Deck): number[][][] {
  const byClass = classes.map(() => new Map<number, number[]>());
  for (const [index, { label }] of samples.entries()) {
    const group = groupOf?.[index] ?? index;
    const groups = byClass[label];
    const members = groups?.get(group);
    if (members === undefined) groups?.set(group, [index]);
    else members.push(index);
  }
  return byClass.map((groups) => shuffle([...groups.values()], random));
}

function emptyParts({ samples }: Deck): Part[] {
  return new Array<Part>(samples.length).fill("train");
}

function likeness({ samples, groupOf }: Deck): string {
  if (groupOf === undefined) return "near-duplicates may be on both sides: the accuracy is that of remembered pictures";
  const sizes = new Map<number, number>();
  for (let index = 0; index < samples.length; index++) {
    const group = groupOf[index] ?? index;
    sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  const large = [...sizes.values()].filter((size) => size > 1);
  return `near-duplicates kept together: ${plural(sum(large), "picture")} in ${plural(large.length, "group")}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
