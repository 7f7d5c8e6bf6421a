import type { Stats } from "@beckon/runtime";
import { LOOKED_BACK_MS } from "./downsampling.ts";
import { fileReason } from "./file-reason.ts";
import type { Point } from "./point.ts";
import type { PointWriter } from "./point-writer.ts";
import { type RejectedPoint, setAside } from "./rejected-points.ts";
import type { Spool } from "./spool/spool.ts";

export interface DeliveryOptions {
  readonly writer: PointWriter;
  readonly spool: Spool;
  /** So many points are written as soon as they wait. */
  readonly batch: number;
  /** Ms that fewer points wait for more. */
  readonly flushInterval: number;
  /** How long the database keeps points as they came, ms. */
  readonly rawRetention: number;
  readonly stats: Pick<Stats, "count" | "drop" | "time">;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** 0..1, for the jitter of the back-off. */
  readonly random?: () => number;
  /** Ms since the epoch. */
  readonly now?: () => number;
  /** The pauses are so many times as long; 1 unless a simulated clock runs faster. */
  readonly pace?: number;
}

/** Most points of one write: what waited for long is written in few of them. */
const MAX_BATCH = 5000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const WARN_EVERY_MS = 10_000;
/** Who sends a spool by hand waits for so many tries, some 4 s. */
const DRAIN_TRIES = 5;
/** What still waits when the service stops is given so long. */
const LAST_WRITES_MS = 2000;
/** Of late points the long history is made this often, ms. */
const DOWNSAMPLE_EVERY_MS = 60_000;
const MICROSECONDS = 1000;

/** What became of one batch. */
interface Tally {
  tooOld: number;
  readonly rejected: RejectedPoint[];
}

/**
 * Between the spool and a database that may be slow or away. Every point stays in the spool until the database answered
 * for it, and is then counted as `written` or as a drop: `too-old` (before what the database keeps) or `refused` (for
 * good, and set aside).
 */
export class Delivery {
  readonly #options: Required<DeliveryOptions>;
  #failures = 0;
  #lastFailure: Error | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #downsampledAt = Number.NEGATIVE_INFINITY;
  #wake = (): void => {};

  constructor(options: DeliveryOptions) {
    this.#options = { random: Math.random, now: Date.now, pace: 1, ...options };
  }

  /** Something was added to the spool. */
  added(): void {
    if (this.#enough) this.#wake();
  }

  /** Writes until the signal, then for 2 s what still waits. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    const over = new AbortController();
    await Promise.race([this.#write(signal, over.signal), lateAfter(signal)]);
    over.abort();
  }

  /**
   * Writes until nothing waits, or the signal.
   *
   * @throws the last reason, when one write has failed five times
   */
  async drain(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (this.#options.spool.waiting > 0 && !signal.aborted) {
      if (this.#failures >= DRAIN_TRIES) throw this.#lastFailure;
      if (this.#failures > 0) await this.#pause(this.#backOff(), signal);
      await this.#writeNext(signal);
    }
    this.#downsampledAt = Number.NEGATIVE_INFINITY;
    if (!signal.aborted) await this.#downsample();
  }

  get #enough(): boolean {
    return this.#failures === 0 && this.#options.spool.waiting >= this.#options.batch;
  }

  async #write(signal: AbortSignal, over: AbortSignal): Promise<void> {
    const { spool, flushInterval } = this.#options;
    while (!signal.aborted) {
      if (!this.#enough) await this.#pause(this.#failures > 0 ? this.#backOff() : flushInterval, signal);
      await this.#writeNext(over);
      if (!this.#enough && this.#failures === 0) await this.#downsample();
    }
    // The last words are tried once: who stops does not wait for a database that is away.
    this.#failures = 0;
    while (spool.waiting > 0 && this.#failures === 0 && !over.aborted) await this.#writeNext(over);
  }

  /** Ends early when enough waits, or the service stops. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  #backOff(): number {
    return backOff(this.#failures, this.#options.random()) * this.#options.pace;
  }

  /** What failed stays in flight, and is what is written next. */
  async #writeNext(over: AbortSignal): Promise<void> {
    const { spool, stats } = this.#options;
    const points = await spool.take(MAX_BATCH);
    if (points.length === 0) return;
    const begun = performance.now();
    const tally: Tally = { tooOld: 0, rejected: [] };
    try {
      await this.#send(points, tally);
    } catch (error) {
      if (!over.aborted) this.#failed(error as Error);
      return;
    }
    if (over.aborted) return;
    stats.time("write", performance.now() - begun);
    this.#noteReplayed(points);
    await spool.acknowledge();
    await this.#written(points.length, tally);
  }

  /** Halves what is refused until the bad points are found; the good ones are written with every half. */
  async #send(points: readonly Point[], tally: Tally): Promise<void> {
    const outcome = await this.#options.writer.write(points);
    if (outcome.kind === "written") return;
    const { kind, reason, points: bad } = outcome;
    if (kind === "too-old") {
      tally.tooOld += Math.min(bad ?? 0, points.length);
      this.#warn(`${this.#where} no longer keeps points as old as ${bad} of these: ${reason}`);
      return;
    }
    if (points.length === 1 || bad === points.length) {
      tally.rejected.push(...points.map((point) => ({ point, reason })));
      return;
    }
    const middle = Math.ceil(points.length / 2);
    await this.#send(points.slice(0, middle), tally);
    await this.#send(points.slice(middle), tally);
  }

  async #written(points: number, { tooOld, rejected }: Tally): Promise<void> {
    const { stats, log, spool, now } = this.#options;
    stats.count("written", points - tooOld - rejected.length);
    if (tooOld > 0) stats.drop("too-old", tooOld);
    if (this.#failures > 0) log.info(`${this.#where} takes points again; ${spool.waiting} wait`);
    this.#failures = 0;
    const [first] = rejected;
    if (!first) return;
    stats.drop("refused", rejected.length);
    const kept = await setAside(spool.folder, rejected, now()).then(
      () => `set aside in ${spool.folder}/rejected.jsonl`,
      (error: unknown) => `not set aside: ${fileReason(error)}`,
    );
    this.#warn(`${this.#where} refuses ${rejected.length} points for good (${kept}): ${first.reason}`);
  }

  /** Points so late that the database's own downsampling has passed them. */
  #noteReplayed(points: readonly Point[]): void {
    const { spool, now } = this.#options;
    const before = (now() - LOOKED_BACK_MS) * MICROSECONDS;
    const late = points.map(({ time }) => time).filter((time) => time < before);
    if (late.length === 0) return;
    const times = late.map((time) => time / MICROSECONDS);
    const { replayed } = spool;
    spool.replayed = {
      from: times.reduce((least, time) => Math.min(least, time), replayed?.from ?? Number.POSITIVE_INFINITY),
      to: times.reduce((most, time) => Math.max(most, time), replayed?.to ?? Number.NEGATIVE_INFINITY),
    };
  }

  async #downsample(): Promise<void> {
    const { spool, writer, now, rawRetention, log, pace } = this.#options;
    const range = spool.replayed;
    if (!range || performance.now() - this.#downsampledAt < DOWNSAMPLE_EVERY_MS * pace) return;
    this.#downsampledAt = performance.now();
    // Of a minute that is partly gone a part would be made, over the whole that is there already.
    const from = Math.max(range.from, now() - rawRetention + DOWNSAMPLE_EVERY_MS);
    try {
      if (from <= range.to) await writer.downsample({ from, to: range.to });
      spool.replayed = undefined;
      log.info(`the long history now has ${new Date(from).toISOString()} to ${new Date(range.to).toISOString()}, too`);
    } catch (error) {
      this.#warn(`${this.#where} does not downsample what came late: ${(error as Error).message}; trying again`);
    }
  }

  #failed(failure: Error): void {
    const { spool, stats } = this.#options;
    const { message } = failure;
    this.#lastFailure = failure;
    this.#failures += 1;
    stats.count("failures");
    this.#warn(`${this.#where} takes no points: ${message}; ${spool.waiting} wait, trying on`);
  }

  get #where(): string {
    return `InfluxDB at ${this.#options.writer.target}`;
  }

  #warn(message: string): void {
    const at = performance.now();
    if (at - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = at;
    this.#options.log.warn(message);
  }
}

/**
 * Half to one and a half times 250 ms, 500 ms, ... 10 s: many sinks must not come back all at once.
 *
 * @param failures one after another, 1 or more
 * @param random 0..1
 */
export function backOff(failures: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS) * (0.5 + random);
}

/** When the service has stopped, and its last writes had their time. */
function lateAfter(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const count = (): void => {
      setTimeout(resolve, LAST_WRITES_MS).unref();
    };
    if (signal.aborted) count();
    else signal.addEventListener("abort", count, { once: true });
  });
}
