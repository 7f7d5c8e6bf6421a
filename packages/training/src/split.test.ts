import { describe, expect, test } from "vitest";
import { countLabels, type Sample, sourcesOf } from "./dataset.ts";
import { DatasetError } from "./dataset-folder.ts";
import { type Split, type SplitRule, splitDataset } from "./split.ts";

const CLASSES = ["A", "B", "C"];

/** `count` pictures of each class from each source. */
function pictures(sources: readonly string[], count: number, classes = CLASSES): Sample[] {
  return sources.flatMap((source) =>
    classes.flatMap((name, label) =>
      Array.from({ length: count }, (_, i) => ({ path: `d/${source}/${name}/${name}${i}.jpg`, source, label })),
    ),
  );
}

function expectPartition(split: Split, count: number): void {
  const all = [...split.train, ...split.validation, ...split.test].sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: count }, (_, index) => index));
}

const pick = (samples: readonly Sample[], indices: readonly number[]) => indices.map((index) => samples[index]!);
const labels = (samples: readonly Sample[], indices: readonly number[]) =>
  countLabels(pick(samples, indices), CLASSES.length);

test.each<SplitRule>([
  { type: "auto", validation: 0.2 },
  { type: "source", validation: 0.2 },
  { type: "random", validation: 0.2, test: 0.1 },
  { type: "counts", train: 20, validation: 10 },
  { type: "blocks", size: 3, validation: 0.2, test: 0.2 },
])("$type puts each picture into one part, the same for the same seed and another for another", (rule) => {
  const samples = pictures(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], 12);
  const first = splitDataset(samples, CLASSES, rule, 1);
  expectPartition(first, samples.length);
  expect(splitDataset(samples, CLASSES, rule, 1)).toEqual(first);
  const others = [2, 3, 4].map((seed) => splitDataset(samples, CLASSES, rule, seed).validation.join());
  expect(others.some((other) => other !== first.validation.join())).toBe(true);
});

describe("by source", () => {
  const samples = pictures(["ann", "bob", "cy", "dee", "eve"], 10);

  test("holds the named sources back and says so", () => {
    const split = splitDataset(samples, CLASSES, { type: "source", validation: ["bob"], test: ["eve"] }, 1);
    expect(sourcesOf(pick(samples, split.validation))).toEqual(["bob"]);
    expect(sourcesOf(pick(samples, split.test))).toEqual(["eve"]);
    expect(split.described).toEqual([
      "split by source, 5 in all: validation bob, test eve",
      "90 to train, 30 to validate, 30 to test",
    ]);
  });

  test("chooses whole sources of about the share asked for", () => {
    for (let seed = 0; seed < 20; seed++) {
      const split = splitDataset(samples, CLASSES, { type: "auto", validation: 0.2 }, seed);
      expect(split.validation).toHaveLength(30);
      expect(sourcesOf(pick(samples, split.validation))).toHaveLength(1);
    }
  });

  test("finds a validation source for every class that has two, and leaves every class one to train on", () => {
    const mixed = [
      ...pictures(["ann", "bob", "cy"], 20, ["A", "B"]),
      ...["room", "hall"].flatMap((source) => pictures([source], 15).filter((sample) => sample.label === 2)),
    ];
    for (let seed = 0; seed < 20; seed++) {
      const split = splitDataset(mixed, CLASSES, { type: "auto", validation: 0.15 }, seed);
      expect(Math.min(...labels(mixed, split.validation))).toBeGreaterThan(0);
      expect(Math.min(...labels(mixed, split.train))).toBeGreaterThan(0);
    }
  });

  test("names the classes that stay without a validation source", () => {
    const mixed = [
      ...pictures(["ann", "bob"], 5, ["A", "B"]),
      ...pictures(["room"], 5).filter(({ label }) => label === 2),
    ];
    const { described } = splitDataset(mixed, CLASSES, { type: "auto", validation: 0.5 }, 1);
    expect(described).toContain("classes without a validation source: C");
  });

  test("refuses a source that does not exist, and a single source", () => {
    const named: SplitRule = { type: "source", validation: ["bop"] };
    expect(() => splitDataset(samples, CLASSES, named, 1)).toThrow(/no source "bop" in the data: there are ann, bob/);
    const single = pictures(["ann"], 5);
    const split = () => splitDataset(single, CLASSES, { type: "source", validation: 0.2 }, 1);
    expect(split).toThrow(DatasetError);
    expect(split).toThrow(/no class has two sources/);
  });
});

describe("at random", () => {
  test("is what auto does with one source, class by class", () => {
    const samples = pictures(["ann"], 20);
    const split = splitDataset(samples, CLASSES, { type: "auto", validation: 0.25 }, 3);
    expect(labels(samples, split.validation)).toEqual([5, 5, 5]);
    expect(split.described[0]).toBe("split at random, class by class, 25 % for validation");
    expect(split.described[1]).toMatch(/near-duplicates may be on both sides/);
  });

  test("never parts a group of near-duplicates", () => {
    const samples = pictures(["ann"], 40);
    const groupOf = samples.map((_, index) => index - (index % 4));
    for (let seed = 0; seed < 20; seed++) {
      const split = splitDataset(samples, CLASSES, { type: "random", validation: 0.25, test: 0.25 }, seed, groupOf);
      for (const part of [split.train, split.validation, split.test]) {
        const held = new Set(part);
        for (const index of part) for (let i = 0; i < 4; i++) expect(held.has(index - (index % 4) + i)).toBe(true);
      }
      expect(Math.abs(split.validation.length - 30)).toBeLessThanOrEqual(6);
      expect(split.described[1]).toBe("near-duplicates kept together: 120 pictures in 30 groups");
    }
  });

  test("a class of one group stays in training, one of two gives one away", () => {
    const samples = pictures(["ann"], 4);
    const groupOf = samples.map(({ label }, index) => (label === 0 ? 0 : label === 1 ? 4 + (index % 2) : index));
    const split = splitDataset(samples, CLASSES, { type: "random", validation: 0.1 }, 1, groupOf);
    expect(labels(samples, split.validation)).toEqual([0, 2, 1]);
  });
});

describe("by counts", () => {
  test("gives each class exactly what was asked for and tests on the rest", () => {
    const samples = pictures(["ann"], 30);
    const split = splitDataset(samples, CLASSES, { type: "counts", train: 20, validation: 6 }, 1);
    expect(labels(samples, split.train)).toEqual([20, 20, 20]);
    expect(labels(samples, split.validation)).toEqual([6, 6, 6]);
    expect(labels(samples, split.test)).toEqual([4, 4, 4]);
  });

  test("deals a class with too few in the same proportion, and names it", () => {
    const samples = pictures(["ann"], 30).filter(({ label }, index) => label !== 1 || index % 3 === 0);
    const split = splitDataset(samples, CLASSES, { type: "counts", train: 20, validation: 5 }, 1);
    expect(labels(samples, split.train)).toEqual([20, 8, 20]);
    expect(labels(samples, split.validation)).toEqual([5, 2, 5]);
    expect(split.described[1]).toMatch(/fewer than 25 pictures, .*: B$/);
  });
});

describe("by blocks", () => {
  test("only blocks of the sources that are named are held back", () => {
    const samples = [...Array(60).keys()].map((index) => ({
      path: `/${index < 30 ? "one" : "two"}/${index % 3}/${String(index).padStart(3, "0")}.jpg`,
      label: index % 3,
      source: index < 30 ? "one" : "two",
    }));
    const rule = { type: "blocks", size: 2, validation: 0.3, sources: ["two"] } as const;
    const split = splitDataset(samples, CLASSES, rule, 1);
    expect(new Set(split.validation.map((index) => samples[index]?.source))).toEqual(new Set(["two"]));
    expect(split.train.some((index) => samples[index]?.source === "two")).toBe(true);
    expect(() => splitDataset(samples, CLASSES, { ...rule, sources: ["three"] }, 1)).toThrow(/no source "three"/);
  });

  const stretches = (samples: readonly Sample[], split: Split) =>
    pick(samples, split.validation).map(({ path }) => Number(/(\d+)\.jpg/.exec(path)?.[1]));

  test("holds back the same run of neighbours of every class", () => {
    const samples = pictures(["ann"], 30);
    const split = splitDataset(samples, CLASSES, { type: "blocks", size: 10, validation: 0.3 }, 1);
    expect(labels(samples, split.validation)).toEqual([10, 10, 10]);
    const numbers = stretches(samples, split);
    expect(Math.max(...numbers) - Math.min(...numbers)).toBe(9);
  });

  test("follows numbers that run through all classes, so that a person who lacks a class shifts nobody", () => {
    const samples = pictures(["ann"], 0);
    for (let person = 0; person < 40; person++)
      for (const [label, name] of CLASSES.entries())
        if (label !== 1 || person >= 8)
          samples.push({ path: `d/ann/${name}/${name}_${100 + person * 3 + label}.jpg`, source: "ann", label });
    const split = splitDataset(samples, CLASSES, { type: "blocks", size: 8, validation: 0.25 }, 2);
    const people = (indices: readonly number[]) =>
      new Set(pick(samples, indices).map(({ path }) => Math.floor((Number(/(\d+)\.jpg/.exec(path)?.[1]) - 100) / 3)));
    const both = [...people(split.validation)].filter((person) => people(split.train).has(person));
    // Only who stands on the border of a block may be in both.
    expect(both.length).toBeLessThanOrEqual(2);
    expect(people(split.validation).size).toBeGreaterThan(6);
  });
});

test("given folders are taken as they are, and shared sources are named", () => {
  const train = pictures(["ann", "bob"], 5);
  const validation = pictures(["bob", "cy"], 3).map((sample) => ({ ...sample, path: `v/${sample.path}` }));
  const samples = [...train, ...validation];
  const split = splitDataset(samples, CLASSES, { type: "folders", validation }, 1);
  expect(split.train).toHaveLength(train.length);
  expect(split.validation[0]).toBe(train.length);
  expect(split.described[1]).toBe("sources both trained and validated on: bob");
});

test("a split that leaves nothing to validate on is refused", () => {
  const samples = pictures(["ann"], 1);
  const splitting = () => splitDataset(samples, CLASSES, { type: "random", validation: 0.2 }, 1);
  expect(splitting).toThrow(/leaves nothing to validate on/);
});
