import type { StatsPart } from "@beckon/runtime";

/**
 * The books of one model: received = results + drops by reason + in hand, exactly, whenever they are looked at.
 */
export class Ledger {
  readonly #part: StatsPart;
  #inHand = 0;

  constructor(part: StatsPart) {
    this.#part = part;
    // They stand in the stats from the beginning, so that a chart starts at 0.
    part.count("received", 0);
    part.count("results", 0);
    part.gauge("inHand", () => this.#inHand);
  }

  receive(): void {
    this.#inHand += 1;
    this.#part.count("received");
  }

  result(ms: Readonly<Record<string, number>>): void {
    this.#inHand -= 1;
    this.#part.count("results");
    for (const [stage, time] of Object.entries(ms)) this.#part.time(stage, time);
  }

  drop(reason: string): void {
    this.#inHand -= 1;
    this.#part.drop(reason);
  }

  /** Sequence numbers that never arrived: they were not received, so they are no drops. */
  gap(frames: number): void {
    // A sender may leap over any number, and a counter must stay one.
    if (frames > 0) this.#part.count("gap", Math.min(frames, LARGEST_GAP));
  }
}

const LARGEST_GAP = 1_000_000;

/** A frame's open entries: each model's is closed once, with a result or a named loss. */
export class OpenEntries {
  readonly #open: Map<string, Ledger>;

  /** Enters a frame as received for each of the models. */
  constructor(ledgers: ReadonlyMap<string, Ledger>) {
    this.#open = new Map(ledgers);
    for (const ledger of ledgers.values()) ledger.receive();
  }

  /** Models that have not closed theirs. */
  get models(): readonly string[] {
    return [...this.#open.keys()];
  }

  gap(frames: number): void {
    for (const ledger of this.#open.values()) ledger.gap(frames);
  }

  result(model: string, ms: Readonly<Record<string, number>>): void {
    this.#close(model)?.result(ms);
  }

  drop(model: string, reason: string): void {
    this.#close(model)?.drop(reason);
  }

  dropAll(reason: string): void {
    for (const model of this.models) this.drop(model, reason);
  }

  #close(model: string): Ledger | undefined {
    const ledger = this.#open.get(model);
    this.#open.delete(model);
    return ledger;
  }
}
