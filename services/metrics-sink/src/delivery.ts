import type { Stats } from "@beckon/runtime";
import type { Point } from "./point.ts";
import { PointBuffer } from "./point-buffer.ts";
import type { PointWriter } from "./point-writer.ts";

export interface DeliveryOptions {
  readonly writer: PointWriter;
  /** So many points are written as soon as they wait. */
  readonly batch: number;
  /** Ms that fewer points wait for more. */
  readonly flushInterval: number;
  /** Most points that wait. */
  readonly maxWaiting: number;
  readonly stats: Pick<Stats, "count" | "drop" | "gauge" | "time">;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** 0..1, for the jitter of the back-off. */
  readonly random?: () => number;
}

/** Most points of one write: what waited for long is written in few of them. */
const MAX_BATCH = 5000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const WARN_EVERY_MS = 10_000;
/** What still waits when the service stops is given so long. */
const LAST_WRITES_MS = 2000;

/**
 * Between messages that arrive and a database that may be slow or away: points wait here, in bounded memory, and every
 * one of them is in the end counted as `written` or as a drop: `overflow`, `refused` (by the database, for good), or
 * `unwritten` (when the service stopped).
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #buffer: PointBuffer;
  #failing: Point[] = [];
  #failures = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #wake = (): void => {};

  constructor(options: DeliveryOptions) {
    const { stats, maxWaiting } = options;
    this.#options = options;
    this.#buffer = new PointBuffer(maxWaiting, (points) => stats.drop("overflow", points));
    stats.gauge("waiting", () => this.#waiting);
  }

  add(points: readonly Point[]): void {
    this.#options.stats.count("points", points.length);
    this.#buffer.push(points);
    if (this.#enough) this.#wake();
  }

  /** Writes until the signal, then for 2 s what still waits. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    const over = new AbortController();
    await Promise.race([this.#write(signal, over.signal), lateAfter(signal)]);
    over.abort();
    const left = this.#waiting;
    if (left === 0) return;
    this.#options.stats.drop("unwritten", left);
    this.#options.log.warn(`${left} points were not written before the end`);
  }

  get #waiting(): number {
    return this.#buffer.size + this.#failing.length;
  }

  get #enough(): boolean {
    return this.#failures === 0 && this.#buffer.size >= this.#options.batch;
  }

  async #write(signal: AbortSignal, over: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.#enough) await this.#pause(this.#failures > 0 ? this.#backOff() : this.#options.flushInterval);
      await this.#writeNext(over);
    }
    // The last words are tried once: who stops does not wait for a database that is away.
    this.#failures = 0;
    while (this.#waiting > 0 && this.#failures === 0 && !over.aborted) await this.#writeNext(over);
  }

  /** Ends early when enough waits, or the service stops. */
  async #pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  /** Half to one and a half times 250 ms, 500 ms, ... 10 s: many sinks must not come back all at once. */
  #backOff(): number {
    const { random = Math.random } = this.#options;
    return Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS) * (0.5 + random());
  }

  /** What failed is kept, and is what is written next. */
  async #writeNext(over: AbortSignal): Promise<void> {
    if (this.#failing.length === 0) this.#failing = this.#buffer.take(MAX_BATCH);
    const points = this.#failing;
    if (points.length === 0) return;
    const begun = performance.now();
    try {
      const { refused, reason } = await this.#options.writer.write(points);
      if (over.aborted) return;
      this.#options.stats.time("write", performance.now() - begun);
      this.#failing = [];
      this.#written(points.length, refused, reason);
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  #written(points: number, refused: number, reason: string | undefined): void {
    const { writer, stats, log } = this.#options;
    stats.count("written", points - refused);
    if (refused > 0) {
      stats.drop("refused", refused);
      this.#warn(`InfluxDB at ${writer.target} refuses ${refused} points for good: ${reason}`);
    }
    if (this.#failures > 0) log.info(`InfluxDB at ${writer.target} takes points again; ${this.#waiting} wait`);
    this.#failures = 0;
  }

  #failed({ message }: Error): void {
    const { writer, stats } = this.#options;
    this.#failures += 1;
    stats.count("failures");
    this.#warn(`InfluxDB at ${writer.target} takes no points: ${message}; ${this.#waiting} wait, trying on`);
  }

  #warn(message: string): void {
    const at = performance.now();
    if (at - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = at;
    this.#options.log.warn(message);
  }
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
