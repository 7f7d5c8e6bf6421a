import type { Figures } from "@beckon/protocol";
import { LatencyHistogram } from "./latency.ts";

/**
 * The figures of one part of a service (a model, a camera, a relay) or of the service as a whole. Names are of the form
 * `[a-zA-Z][a-zA-Z0-9-]*`, 32 characters at most.
 */
export class StatsPart {
  readonly #counters = new Map<string, number>();
  readonly #drops = new Map<string, number>();
  readonly #gauges = new Map<string, () => number>();
  readonly #latencies = new Map<string, LatencyHistogram>();

  count(name: string, by = 1): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
  }

  /** Every loss has a name: `superseded`, `stale`, `clock`, `bad-image`, ... */
  drop(reason: string, by = 1): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + by);
  }

  /** Read whenever the stats are taken. */
  gauge(name: string, read: () => number): void {
    this.#gauges.set(name, read);
  }

  time(name: string, ms: number): void {
    const histogram = this.#latencies.get(name) ?? new LatencyHistogram();
    this.#latencies.set(name, histogram);
    histogram.record(ms);
  }

  /** Counters and drops go on, latencies begin anew. */
  take(): Figures {
    const figures = {
      counters: Object.fromEntries(this.#counters),
      drops: Object.fromEntries(this.#drops),
      gauges: Object.fromEntries([...this.#gauges].map(([name, read]) => [name, read()])),
      latency: Object.fromEntries([...this.#latencies].map(([name, histogram]) => [name, histogram.summary()])),
    };
    for (const histogram of this.#latencies.values()) histogram.reset();
    return figures;
  }
}

/** The figures of a service and of its parts; `runService` publishes them every 5 s. */
export class Stats extends StatsPart {
  readonly #parts = new Map<string, StatsPart>();
  readonly #facts = new Map<string, string>();

  /** @param name a camera, model or relay; the part is made when it is first asked for */
  part(name: string): StatsPart {
    const part = this.#parts.get(name) ?? new StatsPart();
    this.#parts.set(name, part);
    return part;
  }

  /** Something in words, such as the engine of a model. */
  fact(name: string, value: string): void {
    this.#facts.set(name, value);
  }

  takeAll(): Figures & { parts: Record<string, Figures>; facts: Record<string, string> } {
    return {
      ...this.take(),
      parts: Object.fromEntries([...this.#parts].map(([name, part]) => [name, part.take()])),
      facts: Object.fromEntries(this.#facts),
    };
  }
}
