import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import type { Architecture, DataInput, Optimiser, Recipe, TrainingOptions } from "@beckon/training";
import type { ArgsDef } from "citty";
import type { Arguments } from "./arguments.ts";
import { CommandFailure, UsageError } from "./usage.ts";

/** The flags of `beckon train`; what is absent comes from the architecture's recipe. */
export const TRAINING_FLAGS = {
  arch: { type: "string", valueHint: "name", description: "Architecture, see the recipes below (default own)" },
  data: {
    type: "string",
    valueHint: "folder[=class]",
    description: "Pictures as <source>/<class>/* or <class>/*; =class names all of them; may be repeated",
  },
  validation: {
    type: "string",
    valueHint: "folder[=class]",
    description: "Pictures to choose the best epoch by; absent, some of the data are held back; may be repeated",
  },
  drop: {
    type: "string",
    valueHint: "names",
    description: "Leave out classes, sources/classes or sources/*: J,Z,asl29/nothing",
  },
  classes: { type: "string", valueHint: "names", description: "Only these classes, in this order: A,B,C" },
  split: {
    type: "string",
    valueHint: "source|random|block",
    description: "How validation is held back (default by source where there are two or more, else random)",
  },
  "validation-share": { type: "string", valueHint: "0..1", description: "Share that is held back" },
  "validation-sources": {
    type: "string",
    valueHint: "names",
    description: "The sources that are held back; with --split block, those of which blocks are",
  },
  "block-size": {
    type: "string",
    valueHint: "n",
    description: "With --split block: neighbouring files kept together (default 20)",
  },
  "keep-duplicates": { type: "boolean", description: "Let near-duplicates fall on both sides of a random split" },
  counts: {
    type: "string",
    valueHint: "train,validation",
    description: "Pictures of each class instead of a share: 2000,750",
  },
  epochs: { type: "string", valueHint: "n", description: "Epochs" },
  batch: { type: "string", valueHint: "n", description: "Pictures a step" },
  steps: { type: "string", valueHint: "n", description: "Steps an epoch" },
  optimiser: { type: "string", valueHint: "adam|sgd", description: "Step rule" },
  rate: { type: "string", valueHint: "x", description: "Learning rate" },
  schedule: { type: "string", valueHint: "constant|cosine", description: "Learning rate over the run" },
  "weight-decay": { type: "string", valueHint: "x", description: "Decoupled weight decay" },
  momentum: { type: "string", valueHint: "x", description: "Momentum of sgd" },
  "label-smoothing": { type: "string", valueHint: "x", description: "Share of the target spread over all classes" },
  averaging: { type: "string", valueHint: "x", description: "Decay of the moving average of the weights, 0 for none" },
  augmentation: { type: "string", valueHint: "none|light|medium|strong", description: "How much pictures are varied" },
  threshold: { type: "string", valueHint: "0..1", description: "Answer unknown below this confidence" },
  "checkpoint-every": { type: "string", valueHint: "n", description: "Keep every n-th epoch too, 0 for none" },
  balance: { type: "boolean", description: "Draw classes alike, and sources by the root of their size" },
  emphasis: {
    type: "string",
    valueHint: "class=n",
    description: "With --balance: draw these classes n times as often: nothing=4",
  },
  cutouts: {
    type: "string",
    valueHint: "sources",
    description: "Sources with hands cut out on black: give them a background",
  },
  backgrounds: { type: "string", valueHint: "classes", description: "Classes whose pictures are those backgrounds" },
  width: { type: "string", valueHint: "n", description: "Width of the network, see the recipes" },
  side: { type: "string", valueHint: "pixels", description: "Side of the input" },
  from: { type: "string", valueHint: "bundle", description: "Start from the weights of a bundle or an imported model" },
  freeze: { type: "boolean", description: "With --from: train only a new head, on features computed once" },
  seed: { type: "string", valueHint: "n", description: "Seed of everything random (default 1)" },
  workers: {
    type: "string",
    valueHint: "n",
    description: "Threads that share each batch (default 2, or 1 on one core)",
  },
  out: { type: "string", valueHint: "folder", description: "Folder of the run (default runs/<arch>-<data>)" },
  name: { type: "string", valueHint: "name", description: "Name of the bundle (default that of the folder)" },
  licences: {
    type: "string",
    valueHint: "file.json",
    description: 'For the card: {"<source>": {"repository": "...", "licence": "..."}, ...}',
  },
  resume: { type: "boolean", description: "Go on with the run in the folder, as if it had never stopped" },
  json: { type: "boolean", description: "One JSON event a line on stdout" },
} as const satisfies ArgsDef;

/** What the training module is needed for; loaded by the command alone. */
export interface TrainingModule {
  readonly findArchitecture: (name: string) => Architecture;
  readonly parseDataInput: (text: string) => DataInput;
}

/**
 * Everything a training needs to know, out of the flags and the recipe.
 *
 * @throws UsageError naming the flag that cannot be understood
 */
export function trainingOptions(
  args: Arguments,
  { findArchitecture, parseDataInput }: TrainingModule,
  typed: string,
): TrainingOptions {
  const architecture = findArchitecture(args.text("arch") ?? "own");
  const data = args.all("data").map(parseDataInput);
  if (data.length === 0) throw new UsageError("no pictures were named: add --data <folder>");
  const validation = args.all("validation").map(parseDataInput);
  const width = args.number("width", { min: 1, max: 65_536, whole: true });
  const side = args.number("side", { min: 8, max: 1024, whole: true });
  const drop = args.list("drop");
  const classes = args.list("classes");
  const startFrom = args.text("from");
  const freeze = args.on("freeze");
  if (freeze && startFrom === undefined)
    throw new UsageError("--freeze needs --from <bundle>, whose features it keeps");
  if (classes !== undefined && new Set(classes).size < classes.length)
    throw new UsageError("--classes names one twice");
  const resume = args.on("resume");
  const out = args.text("out") ?? defaultOut(architecture.name, data, resume);
  const split = splitOf(args, architecture.recipe);
  return {
    architecture,
    data,
    recipe: recipeOf(args, architecture.recipe),
    seed: args.number("seed", { min: 0, max: 2 ** 31 - 1, whole: true }) ?? 1,
    workers: args.number("workers", { min: 1, max: 64, whole: true }) ?? Math.min(2, availableParallelism()),
    balance: args.on("balance"),
    ...emphasisOf(args),
    cutouts: args.list("cutouts") ?? [],
    backgroundClasses: args.list("backgrounds") ?? [],
    freeze,
    keepDuplicates: args.on("keep-duplicates"),
    out,
    name: bundleName(args.text("name"), out),
    resume,
    command: typed,
    ...(width !== undefined && { width }),
    ...(side !== undefined && { side }),
    ...(validation.length > 0 && { validation }),
    ...(drop !== undefined && { drop }),
    ...(classes !== undefined && { classes }),
    ...(split !== undefined && { split }),
    ...(startFrom !== undefined && { startFrom }),
  };
}

/** The recipe with what the flags change. */
function recipeOf(args: Arguments, recipe: Recipe): Recipe {
  const share = args.number("validation-share", SHARE);
  const counts = countsOf(args);
  const { countsPerClass: recipeCounts, ...rest } = recipe;
  // A share that was asked for replaces the counts of a recipe.
  const countsPerClass = counts ?? (share === undefined ? recipeCounts : undefined);
  const steps = args.number("steps", { min: 1, max: 1e6, whole: true });
  return {
    ...rest,
    epochs: args.number("epochs", { min: 1, max: 10_000, whole: true }) ?? recipe.epochs,
    batch: args.number("batch", { min: 1, max: 1024, whole: true }) ?? recipe.batch,
    optimiser: optimiserOf(args, recipe.optimiser),
    schedule: scheduleOf(args, recipe.schedule),
    labelSmoothing: args.number("label-smoothing", { min: 0, max: 0.9 }) ?? recipe.labelSmoothing,
    augmentation: args.choice("augmentation", ["none", "light", "medium", "strong"]) ?? recipe.augmentation,
    validation: share ?? recipe.validation,
    threshold: args.number("threshold", { min: 0, max: 1 }) ?? recipe.threshold,
    checkpointEvery: args.number("checkpoint-every", { min: 0, max: 10_000, whole: true }) ?? recipe.checkpointEvery,
    averaging: args.number("averaging", { min: 0, max: 0.99999 }) ?? recipe.averaging,
    ...(steps !== undefined && { stepsPerEpoch: steps }),
    ...(countsPerClass !== undefined && { countsPerClass }),
  };
}

/** Rates that are a fair start where the step rule is changed and no rate is given. */
const USUAL_RATE = { adam: 1e-3, sgd: 1e-2 } as const;

function optimiserOf(args: Arguments, recipe: Optimiser): Optimiser {
  const type = args.choice("optimiser", ["adam", "sgd"]) ?? recipe.type;
  const base: Optimiser = type === recipe.type ? recipe : { type, rate: USUAL_RATE[type] };
  const rate = args.number("rate", { min: 1e-8, max: 10 }) ?? base.rate;
  const weightDecay = args.number("weight-decay", { min: 0, max: 1 });
  const momentum = args.number("momentum", { min: 0, max: 0.9999 });
  const changed = { ...base, rate, ...(weightDecay !== undefined && { weightDecay }) };
  if (momentum === undefined) return changed;
  if (changed.type !== "sgd") throw new UsageError("--momentum belongs to sgd: add --optimiser sgd");
  return { ...changed, momentum };
}

function scheduleOf(args: Arguments, recipe: Recipe["schedule"]): Recipe["schedule"] {
  const type = args.choice("schedule", ["constant", "cosine"]) ?? recipe.type;
  if (type === recipe.type) return recipe;
  return type === "constant" ? { type } : { type, warmUp: 0.05 };
}

function countsOf(args: Arguments): readonly [number, number] | undefined {
  const text = args.text("counts");
  if (text === undefined) return undefined;
  const [train = 0, validation = 0, ...more] = text.split(",").map(Number);
  const whole = [train, validation].every((count) => Number.isInteger(count) && count > 0);
  if (!whole || more.length > 0)
    throw new UsageError(`--counts "${text}": two whole numbers are wanted, such as 2000,750`);
  return [train, validation];
}

/** How pictures are held back; undefined where no flag says anything of it and the recipe decides. */
function splitOf(args: Arguments, recipe: Recipe): TrainingOptions["split"] {
  const by = args.choice("split", ["source", "random", "block"]);
  const share = args.number("validation-share", SHARE);
  const counts = countsOf(args);
  const sources = args.list("validation-sources");
  const size = args.number("block-size", { min: 1, max: 1e6, whole: true });
  const asked = { split: by, "validation-share": share, counts, "validation-sources": sources, "block-size": size };
  const given = Object.entries(asked).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`]));
  if (given.length === 0) return undefined;
  if (args.all("validation").length > 0)
    throw new UsageError(`${given[0]} holds pictures back, and --validation brings its own: give one of them`);
  const only = (flag: keyof typeof asked, ...others: string[]) => {
    const stray = given.find((one) => one !== `--${flag}` && !others.includes(one));
    if (asked[flag] !== undefined && stray !== undefined)
      throw new UsageError(`--${flag} and ${stray} do not go together: give one of them`);
  };
  only("counts");
  if (by !== "block") only("validation-sources", "--split");
  if (counts !== undefined) return { type: "counts", train: counts[0], validation: counts[1] };
  if (size !== undefined && by !== "block") throw new UsageError("--block-size belongs to --split block");
  if (sources !== undefined && by === "random")
    throw new UsageError("--validation-sources belongs to --split source or block");
  const validation = share ?? recipe.validation;
  if (by === "block")
    return { type: "blocks", size: size ?? NEIGHBOURS, validation, ...(sources !== undefined && { sources }) };
  if (by === "source" || sources !== undefined) return { type: "source", validation: sources ?? validation };
  return by === "random" ? { type: "random", validation } : { type: "auto", validation };
}

function emphasisOf(args: Arguments): Pick<TrainingOptions, "emphasis"> {
  const entries = args.list("emphasis")?.map((entry): [string, number] => {
    const at = entry.lastIndexOf("=");
    const times = Number(entry.slice(at + 1));
    if (at < 1 || !(times > 0 && times <= 1000))
      throw new UsageError(`--emphasis "${entry}": a class and a number up to 1000 are wanted, such as nothing=4`);
    return [entry.slice(0, at), times];
  });
  if (entries === undefined) return {};
  if (!args.on("balance")) throw new UsageError("--emphasis belongs to --balance");
  return { emphasis: Object.fromEntries(entries) };
}

const SHARE = { min: 0.01, max: 0.9 };
/** Neighbouring files that are taken for one person's where nothing else is said. */
const NEIGHBOURS = 20;

/**
 * `runs/<arch>-<data>`, or with `-2`, `-3`, ... behind it where such a run exists; to resume, the latest that exists.
 */
function defaultOut(architecture: string, data: readonly DataInput[], resume: boolean): string {
  const base = join("runs", slug(`${architecture}-${basename(resolve(data[0]?.folder ?? "."))}`));
  const numbered = (index: number) => (index === 1 ? base : `${base}-${index}`);
  let index = 1;
  while (existsSync(join(numbered(index), "last.checkpoint"))) index++;
  if (!resume) return numbered(index);
  if (index === 1) throw new CommandFailure(`there is nothing to resume in ${base}: name the run with --out`);
  return numbered(index - 1);
}

function bundleName(given: string | undefined, out: string): string {
  if (given === undefined) return slug(basename(resolve(out)));
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(given)) return given;
  throw new UsageError(`--name "${given}": a to z, 0 to 9 and dashes are wanted, 32 at most, such as ${slug(given)}`);
}

/** The nearest name that may travel in a topic: small letters, digits and dashes, 32 at most. */
export function slug(text: string): string {
  const kept = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return kept.replace(/^-+/, "").slice(0, 32).replace(/-+$/, "") || "model";
}
