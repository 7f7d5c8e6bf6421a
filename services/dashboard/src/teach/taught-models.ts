import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, throttled } from "@beckon/runtime";
import { findBadLabel } from "@beckon/vision";
import { z } from "zod";
import { FolderClaim } from "./folder-claim.ts";
import { diskRefusal, Refused } from "./refusal.ts";
import { Judgement, type TaughtModel } from "./teach-api.ts";

/** Beside the bundle's own files: what the training said of it. */
const JUDGEMENT = "judgement.json";
const JudgementFile = z.object({ madeAt: z.number(), judgement: Judgement });

/** Trainings under way; what a killed service leaves here goes with the next start. Hidden: no classifier looks at it. */
const RUNS = ".runs";

/** So many are one click away; older ones go, unless a classifier is set to one. */
const MODELS_KEPT = 10;

const NAME = /^taught-(\d{1,9})$/;
/** A card and its labels are small; a file of strangers may not be. */
const MOST_BYTES = 1_000_000;

/** Where a training keeps what it may use again. Not the system's temporary folder: decoded, these are pictures of people. */
const SCRATCH = ".cache";
/** Of what is there only compiled code is of use to the next one: `beckon` starts faster. */
const KEPT = /^tsx-/;

/** Where a training may write. */
export interface RunPlace {
  /** The name that its bundle is to have. */
  readonly name: string;
  /** Its own folder, which `leave` removes. */
  readonly run: string;
  /** For what is temporary. */
  readonly scratch: string;
}

export interface TaughtModelsOptions {
  readonly folder: string;
  /** Whether a classifier is set to a bundle of this name. */
  readonly inUse: (folder: string) => boolean;
  readonly log: Logger;
}

/** The folder of taught bundles: `taught-<n>`, the highest the newest. Like the samples it is its own memory. */
export class TaughtModels {
  readonly folder: string;
  readonly #inUse: TaughtModelsOptions["inUse"];
  readonly #warnings: ReturnType<typeof throttled>;
  readonly #claim: FolderClaim;
  readonly #read = new Map<string, { readonly stamp: number; readonly model: TaughtModel }>();

  constructor({ folder, inUse, log }: TaughtModelsOptions) {
    this.folder = folder;
    this.#inUse = inUse;
    this.#claim = new FolderClaim(folder);
    this.#warnings = throttled(log);
  }

  /** Newest last. */
  async list(): Promise<TaughtModel[]> {
    const found = await Promise.all((await this.#names()).map((name) => this.#modelIn(name)));
    return found.filter((model) => model !== undefined);
  }

  /** Removes what a service that was killed left half-made, unless another one works here. */
  async clear(): Promise<void> {
    const isThere = await stat(this.folder).then(
      () => true,
      () => false,
    );
    if (isThere) await this.#claimed();
  }

  /** Lets another service train here. */
  release(): void {
    this.#claim.release();
  }

  /** Removes all that a training wrote, but its bundle where it was admitted. */
  async leave({ run }: RunPlace): Promise<void> {
    await rm(run, { recursive: true, force: true });
    await this.#clearScratch();
  }

  /**
   * Takes the next free name, and makes the folder in which its training may write.
   *
   * @throws Refused 409 while another service trains here
   * @throws the error of the file system
   */
  async reserve(): Promise<RunPlace> {
    const runs = join(this.folder, RUNS);
    const scratch = join(this.folder, SCRATCH);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    if (!(await this.#claimed()))
      throw new Refused(
        409,
        `another dashboard of this machine has ${this.folder}: stop it, or set dashboard.modelsFolder of one of them`,
      );
    for (const folder of [runs, scratch]) await mkdir(folder, { recursive: true, mode: 0o700 });
    const taken = [...(await this.#names()), ...(await readdir(runs))].map(numberOf);
    const name = `taught-${Math.max(0, ...taken) + 1}`;
    const run = join(runs, name);
    await mkdir(run);
    return { name, run, scratch };
  }

  /**
   * Moves a whole bundle to its name, its judgement with it, in one step: a classifier that watches the folder never
   * meets half of it. Then the oldest beyond `MODELS_KEPT` go.
   *
   * @throws the error of the file system
   */
  async admit(bundle: string, name: string, entry: z.infer<typeof JudgementFile>): Promise<void> {
    await writeFile(join(bundle, JUDGEMENT), `${JSON.stringify(entry)}\n`, { flush: true });
    await rename(bundle, join(this.folder, name));
    await this.#prune();
  }

  /** What is half-made when the folder becomes ours belongs to nobody any more. */
  async #claimed(): Promise<boolean> {
    if (this.#claim.isHeld) return true;
    if (!(await this.#claim.take())) return false;
    await rm(join(this.folder, RUNS), { recursive: true, force: true });
    await this.#clearScratch();
    return true;
  }

  async #clearScratch(): Promise<void> {
    const scratch = join(this.folder, SCRATCH);
    const found = await readdir(scratch).catch(() => []);
    for (const name of found.filter((one) => !KEPT.test(one)))
      await rm(join(scratch, name), { recursive: true, force: true });
  }

  async #prune(): Promise<void> {
    const names = await this.#names();
    const old = names.slice(0, Math.max(0, names.length - MODELS_KEPT)).filter((name) => !this.#inUse(name));
    for (const name of old) {
      await rm(join(this.folder, name), { recursive: true, force: true });
      this.#read.delete(name);
    }
  }

  /** Of the folders that are there, not of links to elsewhere. */
  async #names(): Promise<string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw diskRefusal(error, this.folder);
    });
    return entries
      .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
      .map(({ name }) => name)
      .sort((a, b) => numberOf(a) - numberOf(b));
  }

  /** Undefined for a folder that is no bundle. */
  async #modelIn(name: string): Promise<TaughtModel | undefined> {
    const folder = join(this.folder, name);
    try {
      const stamp = (await stat(join(folder, "model.json"))).mtimeMs;
      const known = this.#read.get(name);
      if (known?.stamp === stamp) return known.model;
      const labels = (await readSmall(join(folder, "labels.txt"))).trim().split(/\r?\n/);
      const bad = findBadLabel(labels);
      if (bad) throw new Refused(500, `line ${bad.index + 1} of labels.txt ${bad.fault}`);
      const judged = await judgementIn(folder);
      const model = { folder: name, labels, madeAt: Math.round(stamp), ...judged };
      this.#read.set(name, { stamp, model });
      return model;
    } catch (error) {
      this.#warnings.warn(name, `${name} is not listed: ${diskRefusal(error, folder).message}`);
      return undefined;
    }
  }
}

function numberOf(name: string): number {
  return Number(NAME.exec(name)?.[1] ?? 0);
}

/** Nothing for a bundle that was not made here. */
async function judgementIn(folder: string): Promise<Partial<z.infer<typeof JudgementFile>>> {
  try {
    return JudgementFile.parse(JSON.parse(await readSmall(join(folder, JUDGEMENT))));
  } catch {
    return {};
  }
}

async function readSmall(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > MOST_BYTES) throw new Refused(500, `${file} is too large`);
  return readFile(file, "utf8");
}
