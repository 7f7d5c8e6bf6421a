import { findBadLabel, type InputSpec } from "@beckon/vision";
import type { Recipe } from "./architecture.ts";
import type { Dataset, Sample } from "./dataset.ts";
import { describe, requireTrainable, scanDataset, sourcesOf } from "./dataset.ts";
import { DatasetError, type Problem } from "./dataset-folder.ts";
import { groupDuplicates } from "./near-duplicates.ts";
import { type PixelStore, storePixels } from "./pixel-store.ts";
import { type Split, type SplitRule, splitDataset } from "./split.ts";
import type { TrainingOptions } from "./training-run.ts";

/** Decoded pictures, divided into those to learn from and those to choose by. */
export interface PreparedData {
  readonly classes: readonly string[];
  readonly store: PixelStore;
  /** Sample `i` is picture `i` of the store. */
  readonly samples: readonly Sample[];
  readonly train: Int32Array;
  readonly validation: Int32Array;
  /** How they were divided, in a sentence. */
  readonly split: { readonly description: string; readonly random: boolean };
  /** One line each. */
  readonly problems: readonly string[];
}

/**
 * Lists, decodes and divides the pictures of a training, and tells of all that was found.
 *
 * @throws DatasetError when there is nothing to train on, or a bundle could not hold the names of the classes
 * @throws the signal's reason when it is aborted
 */
export async function prepareData(options: TrainingOptions, input: InputSpec): Promise<PreparedData> {
  const emit = options.onEvent ?? (() => undefined);
  const scan = (classes?: readonly string[]) => ({
    ...(classes && { classes }),
    ...(options.drop && { drop: options.drop }),
  });
  const dataset = await scanDataset(options.data, scan(options.classes));
  requireTrainable(dataset);
  requireNames(dataset.classes);
  const given = options.validation && (await scanDataset(options.validation, scan(dataset.classes)));
  const all = [...dataset.samples, ...(given?.samples ?? [])];
  const stored = await storePixels(all, input, {
    ...(options.signal && { signal: options.signal }),
    onProgress: (done, total) => emit({ type: "decoding", done, total }),
  });
  try {
    const rule: SplitRule = given
      ? { type: "folders", validation: given.samples }
      : (options.split ?? ruleOf(options.recipe));
    const split = divide(stored.samples, dataset.classes, stored.store, rule, options);

    const problems = [...scanProblems(dataset, given), ...stored.problems];
    for (const problem of problems) emit({ type: "problem", problem });
    const learning = split.train.map((index) => stored.samples[index] as Sample);
    emit({ type: "data", lines: [...describe({ classes: dataset.classes, samples: learning }), ...split.described] });
    requireTrainable({ classes: dataset.classes, samples: learning, problems: [] });
    const training = new Set(sourcesOf(learning));
    return {
      classes: dataset.classes,
      store: stored.store,
      samples: stored.samples,
      train: Int32Array.from(split.train),
      validation: Int32Array.from(split.validation),
      split: {
        description: split.described.join("; "),
        random: split.validation.some((index) => training.has(stored.samples[index]?.source ?? "")),
      },
      problems: problems.map(({ message }) => message),
    };
  } catch (error) {
    stored.store.close();
    throw error;
  }
}

/** What a bundle would refuse at the end of the first epoch is better said before it. */
function requireNames(classes: readonly string[]): void {
  const bad = findBadLabel(classes);
  if (bad === undefined) return;
  // Quoted as JSON does it, for the name may hold line ends and worse.
  const name = JSON.stringify(classes[bad.index]);
  throw new DatasetError(`the class ${name} ${bad.fault}: rename its folder, or name the class with <folder>=<class>`);
}

function ruleOf({ countsPerClass, validation }: Recipe): SplitRule {
  if (countsPerClass) return { type: "counts", train: countsPerClass[0], validation: countsPerClass[1] };
  return { type: "auto", validation };
}

/** Pictures that are nearly the same stay on one side, unless the user wants it otherwise or chose the sides. */
function divide(
  samples: readonly Sample[],
  classes: readonly string[],
  store: PixelStore,
  rule: SplitRule,
  { seed, keepDuplicates = false }: TrainingOptions,
): Split {
  if (keepDuplicates || rule.type === "folders" || rule.type === "source")
    return splitDataset(samples, classes, rule, seed);
  const labels = samples.map(({ label }) => label);
  return splitDataset(samples, classes, rule, seed, groupDuplicates(store, labels).groupOf);
}

/** What the scans found; an entry that drops something from one of them has its use. */
function scanProblems(dataset: Dataset, given: Dataset | undefined): Problem[] {
  if (given === undefined) return [...dataset.problems];
  const useless = (scan: Dataset, path: string) =>
    scan.problems.some((problem) => problem.kind === "unused-drop" && problem.path === path);
  const inOne = ({ kind, path }: Problem) =>
    kind === "unused-drop" && !(useless(dataset, path) && useless(given, path));
  return [...dataset.problems, ...given.problems.filter(({ kind }) => kind !== "unused-drop")].filter(
    (problem) => !inOne(problem),
  );
}
