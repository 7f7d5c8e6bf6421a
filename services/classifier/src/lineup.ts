import { Result } from "@beckon/protocol";
import { didYouMean } from "@beckon/protocol/did-you-mean";
import { ServiceFailure } from "@beckon/runtime";
import { type Bundle, BundleError, loadBundle, type ModelCard } from "@beckon/vision";
import { bundleSignature } from "./bundle-signature.ts";
import type { ClassifierConfig, Thresholds } from "./config.ts";
import type { ThreadModel } from "./inference-messages.ts";
import { InferencePool, type PoolOptions } from "./inference-pool.ts";
import { ThreadFailure } from "./inference-thread.ts";
import type { ModelSource } from "./model-folders.ts";

/** A model that is served. */
export interface ServedModel extends ModelSource {
  readonly bundle: Bundle;
  /** What really computes. */
  readonly engine: string;
  /** Of the files as they were when they were read. */
  readonly signature: string;
}

interface LoadedModel extends ModelSource {
  readonly bundle: Bundle;
  readonly signature: string;
}

export interface LineupOptions extends PoolOptions {
  readonly engine: ClassifierConfig["engine"];
  /** Checked against each bundle that is loaded. */
  readonly thresholds: () => ClassifierConfig["thresholds"];
  /** Called when other models are served than before, and at the start. */
  readonly changed: (models: ReadonlyMap<string, ServedModel>) => void;
}

/** How long frames in work may take to end in a pool whose place another has taken, or that is to stop, in ms. */
const RETIRING_MS = 5000;
const STOPPING_MS = 500;

/**
 * The models that are served, and the threads that serve them. Another set is loaded and run warm beside this one and
 * takes its place between two frames; what was in work is finished by the old one. A set that fails changes nothing.
 */
export class Lineup {
  readonly #options: LineupOptions;
  #models: ReadonlyMap<string, ServedModel>;
  #pool: InferencePool;
  #lastChange: Promise<unknown> = Promise.resolve();
  readonly #retiring = new Set<InferencePool>();
  #closing: Promise<void> | undefined;

  private constructor(models: ReadonlyMap<string, ServedModel>, pool: InferencePool, options: LineupOptions) {
    this.#models = models;
    this.#pool = pool;
    this.#options = options;
  }

  /** @throws ServiceFailure for a bundle or an engine that cannot be had */
  static async open(sources: readonly ModelSource[], options: LineupOptions): Promise<Lineup> {
    const { models, pool } = await openModels(await loadModels(sources, options), options);
    options.changed(models);
    return new Lineup(models, pool, options);
  }

  get models(): ReadonlyMap<string, ServedModel> {
    return this.#models;
  }

  /**
   * Serves other models, or the same from other folders, once they are warm.
   *
   * @throws ServiceFailure when one cannot be had; all stays as it was
   */
  replace(sources: readonly ModelSource[]): Promise<void> {
    return this.#inTurn(async () => {
      const models = sources.map((source) => {
        const served = this.#models.get(source.name);
        return served?.folder === source.folder ? { ...served, ...source } : load(source, this.#options);
      });
      await this.#swap(await Promise.all(models));
    });
  }

  /**
   * Reads one model's folder again and serves what is there now.
   *
   * @throws ServiceFailure when it cannot be had; all stays as it was
   */
  reload(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const models = [...this.#models.values()].map((model) =>
        model.name === name ? load(model, this.#options) : model,
      );
      await this.#swap(await Promise.all(models));
    });
  }

  /** Resolves when a thread has time for a frame. */
  async vacancy(): Promise<void> {
    let pool: InferencePool;
    do {
      pool = this.#pool;
      await pool.vacancy();
    } while (pool !== this.#pool);
  }

  /** Says that a frame was lost for want of a thread. */
  hurry(): void {
    this.#pool.hurry();
  }

  classify(...asked: Parameters<InferencePool["classify"]>): Promise<void> {
    return this.#pool.classify(...asked);
  }

  /** Lets the frames in work end, if they do so soon. Calling it twice is allowed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const pools = [this.#pool, ...this.#retiring];
    await Promise.all([...pools.map((pool) => pool.close(STOPPING_MS)), this.#lastChange.catch(() => undefined)]);
  }

  /** One change at a time: each begins from what the last one left. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#lastChange.catch(() => undefined).then(change);
    this.#lastChange = changed;
    return changed;
  }

  async #swap(loaded: readonly LoadedModel[]): Promise<void> {
    if (this.#closing !== undefined) return;
    const { models, pool } = await openModels(loaded, { ...this.#options, least: this.#pool.size });
    if (this.#closing !== undefined) return pool.close(0);
    const old = this.#pool;
    this.#models = models;
    this.#pool = pool;
    this.#options.changed(models);
    this.#retiring.add(old);
    const retired = () => this.#retiring.delete(old);
    old.close(RETIRING_MS).then(retired, retired);
  }
}

async function openModels(
  loaded: readonly LoadedModel[],
  options: LineupOptions,
): Promise<{ models: ReadonlyMap<string, ServedModel>; pool: InferencePool }> {
  const wanted = loaded.map(
    ({ name, bundle, threads }): ThreadModel => ({ name, bundle, threads, engine: options.engine }),
  );
  const pool = await InferencePool.open(wanted, options).catch((error: unknown) => {
    throw error instanceof ThreadFailure ? new ServiceFailure(error.message, { cause: error }) : error;
  });
  const served = loaded.map((model) => ({ ...model, engine: pool.engines[model.name] ?? options.engine }));
  return { models: new Map(served.map((model) => [model.name, model])), pool };
}

/**
 * Reads bundles, and does nothing with them yet.
 *
 * @throws ServiceFailure for one that cannot be had, or that the thresholds do not fit
 */
export function loadModels(
  sources: readonly ModelSource[],
  options: Pick<LineupOptions, "thresholds">,
): Promise<readonly LoadedModel[]> {
  return Promise.all(sources.map((source) => load(source, options)));
}

async function load(
  { name, folder, threads }: ModelSource,
  { thresholds }: Pick<LineupOptions, "thresholds">,
): Promise<LoadedModel> {
  // Before the files: should they change while they are read, the change is seen.
  const signature = await bundleSignature(folder);
  try {
    const bundle = await loadBundle(folder);
    checkLabels(bundle);
    checkThresholds(name, thresholds()[name], bundle.labels);
    return { name, folder, threads, bundle, signature };
  } catch (error) {
    throw error instanceof BundleError ? new ServiceFailure(error.message, { cause: error }) : error;
  }
}

/** Files may hold longer names than results do. */
function checkLabels({ folder, labels }: Bundle): void {
  const unfit = labels.find((label) => !Result.shape.label.safeParse(label).success);
  if (unfit === undefined) return;
  throw new ServiceFailure(
    `${folder}/labels.txt: "${unfit.slice(0, 80)}" cannot be published; name it in at most 64 printable characters`,
  );
}

/** @throws ServiceFailure for a class that the model does not know */
export function checkThresholds(name: string, thresholds: Thresholds | undefined, labels: readonly string[]): void {
  const stray = Object.keys(thresholds?.classes ?? {}).find((label) => !labels.includes(label));
  if (stray === undefined) return;
  throw new ServiceFailure(
    `classifier.thresholds.${name}.classes: the model has no class "${stray}"${didYouMean(stray, labels)}`,
  );
}

/** The card's thresholds with those of the configuration in their place. */
export function effectiveThresholds(
  card: ModelCard["thresholds"],
  configured: Thresholds | undefined,
): ModelCard["thresholds"] {
  return {
    default: configured?.default ?? card.default,
    // A new threshold for all is meant for all but those that are named with it.
    classes: { ...(configured?.default === undefined ? card.classes : {}), ...configured?.classes },
  };
}
