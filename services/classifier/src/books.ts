import type { Stats } from "@beckon/runtime";
import { Ledger, OpenEntries } from "./ledger.ts";

/** The ledgers of all models that are or were served. */
export class Books {
  readonly #stats: Stats;
  readonly #ledgers = new Map<string, Ledger>();
  #served: ReadonlyMap<string, Ledger> = new Map();

  constructor(stats: Stats) {
    this.#stats = stats;
  }

  /** From now on frames are for these models. */
  serve(models: readonly string[]): void {
    this.#served = new Map(models.map((model) => [model, this.#ledger(model)]));
  }

  /** Enters a frame as received for each model that is served. */
  enter(): OpenEntries {
    return new OpenEntries(this.#served);
  }

  #ledger(model: string): Ledger {
    const ledger = this.#ledgers.get(model) ?? new Ledger(this.#stats.part(model));
    this.#ledgers.set(model, ledger);
    return ledger;
  }
}
