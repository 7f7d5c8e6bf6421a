import type { ClassFolder, DataInput, Problem } from "./dataset-folder.ts";
import { DatasetError, listClassFolders, naturalOrder } from "./dataset-folder.ts";

/** One picture on disk. */
export interface Sample {
  readonly path: string;
  /** Index into the classes of the dataset, or of the model it was matched with. */
  readonly label: number;
  /** About one signer in one room: the unit of independence. */
  readonly source: string;
}

/** Labelled pictures, not yet read. */
export interface Dataset {
  readonly classes: readonly string[];
  /** In natural order of input, source, class and file: the same folders always give the same list. */
  readonly samples: readonly Sample[];
  readonly problems: readonly Problem[];
}

export interface ScanOptions {
  /** The classes and their order; others found are left out and counted. Absent: all found, in natural order. */
  readonly classes?: readonly string[];
  /**
   * Left out, by the names of the folders: `J` (a class), `asl29/nothing` (that class of one source), `asl29/*` (a
   * source). A class given with `as` is not a folder's name, so `nothing` does not drop `hand-others/train=nothing`.
   */
  readonly drop?: readonly string[];
}

/**
 * Lists the pictures below one or more folders with their classes and sources. Sources of the same name in two inputs
 * are taken for the same source. Pictures are listed, not opened.
 *
 * @throws DatasetError when a folder is missing or holds no picture at all
 */
export async function scanDataset(inputs: readonly DataInput[], options: ScanOptions = {}): Promise<Dataset> {
  const problems: Problem[] = [];
  const drops = new Drops(options.drop ?? []);
  const found: { path: string; source: string; name: string }[] = [];
  for (const input of inputs) {
    const listed = await listClassFolders(input);
    problems.push(...listed.problems);
    const kept = listed.folders.filter((folder) => !drops.has(folder));
    const pictures = kept.flatMap((folder) => picturesOf(folder, input, problems));
    if (pictures.length === 0) {
      const why = listed.folders.some((folder) => folder.pictures.length > 0) ? " that is not dropped" : "";
      throw new DatasetError(`no .jpg or .png picture${why} in ${input.folder}: check the path and what is dropped`);
    }
    found.push(...pictures);
  }
  if (found.length === 0) throw new DatasetError("no folder of pictures was given: name at least one");
  problems.push(...drops.unused());

  const classes = options.classes ?? [...new Set(found.map((picture) => picture.name))].sort(naturalOrder);
  const { indices, problems: classProblems } = labelsOf(found, classes);
  problems.push(...classProblems);
  const samples = found.flatMap(({ path, source, name }) => {
    const label = indices.get(name);
    return label === undefined ? [] : [{ path, source, label }];
  });
  return { classes, samples, problems };
}

/**
 * @throws DatasetError when fewer than two classes have pictures
 */
export function requireTrainable(dataset: Dataset): void {
  const filled = dataset.classes.filter((_, label) => dataset.samples.some((sample) => sample.label === label));
  if (filled.length >= 2) return;
  const only = filled.length === 1 ? `only the class "${filled[0]}" has pictures` : "no class has pictures";
  throw new DatasetError(`${only}: training needs two classes or more; add a folder of another class`);
}

/** Samples of a dataset with the labels of a model, and the classes that the model does not know. */
export interface MatchedSamples {
  readonly samples: readonly Sample[];
  /** Left out: name and number of pictures. */
  readonly missing: readonly { readonly name: string; readonly count: number }[];
}

/** Gives each sample the index that its class has in `labels`; classes that are not there are left out and counted. */
export function matchLabels(dataset: Dataset, labels: readonly string[]): MatchedSamples {
  const indices = dataset.classes.map((name) => labels.indexOf(name));
  const counts = countLabels(dataset.samples, dataset.classes.length);
  const missing = dataset.classes
    .map((name, label) => ({ name, count: counts[label] ?? 0 }))
    .filter(({ count }, label) => indices[label] === -1 && count > 0);
  const samples = dataset.samples.flatMap((sample) => {
    const label = indices[sample.label] ?? -1;
    return label === -1 ? [] : [{ ...sample, label }];
  });
  return { samples, missing };
}

/** Number of samples of each label, 0 to `classes - 1`. */
export function countLabels(samples: readonly Sample[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { label } of samples) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** The sources of some samples, each once, in natural order. */
export function sourcesOf(samples: readonly Sample[]): string[] {
  return [...new Set(samples.map((sample) => sample.source))].sort(naturalOrder);
}

/** Counts per source and class as lines of at most about 100 characters: a table, cut into parts when it is wide. */
export function describe(dataset: Pick<Dataset, "classes" | "samples">): string[] {
  const { classes, samples } = dataset;
  const rows = sourcesOf(samples).map((source) => {
    const own = samples.filter((sample) => sample.source === source);
    return { name: source, counts: [own.length, ...countLabels(own, classes.length)] };
  });
  const total = { name: "all", counts: [samples.length, ...countLabels(samples, classes.length)] };
  const heads = ["total", ...classes];
  const title = `${plural(samples.length, "picture")}, ${plural(classes.length, "class", "classes")}, ${plural(rows.length, "source")}`;
  const table = [{ name: "", cells: heads }, ...(rows.length > 1 ? [...rows, total] : rows).map(asCells)];
  return [title, ...wrapTable(table)];
}

function asCells({ name, counts }: { name: string; counts: number[] }): { name: string; cells: string[] } {
  return { name, cells: counts.map((count) => (count === 0 ? "-" : String(count))) };
}

function wrapTable(rows: readonly { name: string; cells: readonly string[] }[]): string[] {
  const nameWidth = Math.max(...rows.map((row) => row.name.length));
  const columns = rows[0]?.cells.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row.cells[i]?.length ?? 0)));
  const lines: string[] = [];
  for (let from = 0; from < columns; ) {
    let to = from;
    for (let used = nameWidth; to < columns && (to === from || used + (widths[to] ?? 0) + 1 <= 100); to++)
      used += (widths[to] ?? 0) + 1;
    for (const { name, cells } of rows) {
      const part = cells.slice(from, to).map((cell, i) => cell.padStart(widths[from + i] ?? 0));
      lines.push([name.padEnd(nameWidth), ...part].join(" ").trimEnd());
    }
    from = to;
  }
  return lines;
}

/** `1,234 pictures`: a number with its noun. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function picturesOf(folder: ClassFolder, input: DataInput, problems: Problem[]) {
  if (folder.pictures.length === 0)
    problems.push({ kind: "empty-class", path: folder.path, message: `no pictures in ${folder.path}` });
  const name = input.as ?? folder.name ?? folder.source;
  return folder.pictures.map((path) => ({ path, source: folder.source, name }));
}

function labelsOf(found: readonly { name: string }[], classes: readonly string[]) {
  const indices = new Map(classes.map((name, label) => [name, label]));
  const counts = new Map<string, number>();
  for (const { name } of found) counts.set(name, (counts.get(name) ?? 0) + 1);
  const problems: Problem[] = [];
  for (const [name, count] of counts)
    if (!indices.has(name)) {
      const message = `left out ${plural(count, "picture")} of "${name}": not among the classes asked for`;
      problems.push({ kind: "left-out", path: name, message });
    }
  for (const name of classes)
    if (!counts.has(name))
      problems.push({ kind: "empty-class", path: name, message: `no pictures of class "${name}"` });
  return { indices, problems };
}

/** The entries of `drop`, and which of them have met a folder. */
class Drops {
  private readonly used = new Map<string, boolean>();

  constructor(entries: readonly string[]) {
    for (const entry of entries) this.used.set(entry, false);
  }

  has({ source, name }: ClassFolder): boolean {
    const entries = name === undefined ? [`${source}/*`] : [name, `${source}/${name}`, `${source}/*`];
    const hits = entries.filter((entry) => this.used.has(entry));
    for (const entry of hits) this.used.set(entry, true);
    return hits.length > 0;
  }

  unused(): Problem[] {
    const idle = [...this.used].filter(([, used]) => !used);
    return idle.map(([entry]) => ({
      kind: "unused-drop",
      path: entry,
      message: `nothing to drop for "${entry}": write <class>, <source>/<class> or <source>/*`,
    }));
  }
}
