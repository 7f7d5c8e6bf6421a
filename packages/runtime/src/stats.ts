import { type Figures, Name } from "@beckon/protocol";
import { LatencyHistogram } from "./latency.ts";

/** Of one kind, such as counters or parts; more would not fit into a message, and are counted as `others`. */
const MAX_NAMES = 32;
const LONGEST_NAME = 32;
const LONGEST_FACT = 200;
const OTHERS = "others";

/**
 * The figures of one part of a service (a model, a camera, a relay) or of the service as a whole. Names are of the form
 * `[a-zA-Z][a-zA-Z0-9-]*`, 32 characters at most; what does not fit is made to.
 */
export class StatsPart {
  readonly #counters = new Map<string, number>();
  readonly #drops = new Map<string, number>();
  readonly #gauges = new Map<string, () => number>();
  readonly #latencies = new Map<string, LatencyHistogram>();
  #timed: ((name: string, ms: number) => void) | undefined;

  count(name: string, by = 1): void {
    add(this.#counters, name, by);
  }

  /** Every loss has a name: `superseded`, `stale`, `clock`, `bad-image`, ... */
  drop(reason: string, by = 1): void {
    add(this.#drops, reason, by);
  }

  /** Read whenever the stats are taken; what is no finite number then is left out. */
  gauge(name: string, read: () => number): void {
    this.#gauges.set(slotFor(this.#gauges, name, fitting), read);
  }

  time(name: string, ms: number): void {
    const slot = slotFor(this.#latencies, name, fitting);
    heldAt(this.#latencies, slot, () => new LatencyHistogram()).record(ms);
    this.#timed?.(slot, ms);
  }

  /** Tells whoever keeps latencies of its own of each `time`, by the name that it is counted under. */
  onTime(listener: (name: string, ms: number) => void): void {
    this.#timed = listener;
  }

  /** What lasts, as it is now: counters and drops since the start, and gauges. */
  read(): Omit<Figures, "latency"> {
    return {
      counters: Object.fromEntries(this.#counters),
      drops: Object.fromEntries(this.#drops),
      gauges: Object.fromEntries(
        [...this.#gauges].map(([name, read]) => [name, read()] as const).filter(([, value]) => Number.isFinite(value)),
      ),
    };
  }

  /** Counters and drops go on, latencies begin anew. */
  take(): Figures {
    const latency = Object.fromEntries([...this.#latencies].map(([name, histogram]) => [name, histogram.summary()]));
    for (const histogram of this.#latencies.values()) histogram.reset();
    return { ...this.read(), latency };
  }
}

/** The figures of a service and of its parts; `runService` publishes them every 5 s. */
export class Stats extends StatsPart {
  readonly #parts = new Map<string, StatsPart>();
  readonly #facts = new Map<string, string>();
  #timedIn: ((part: string, name: string, ms: number) => void) | undefined;

  /** @param name a camera, model or relay; the part is made when it is first asked for */
  part(name: string): StatsPart {
    const slot = slotFor(this.#parts, name, fittingPart);
    return heldAt(this.#parts, slot, () => this.#listened(slot, new StatsPart()));
  }

  /** Tells of each `time` of all parts, those to come too; of the service as a whole with an empty part. */
  onEveryTime(listener: (part: string, name: string, ms: number) => void): void {
    this.#timedIn = listener;
    this.#listened("", this);
    for (const [name, part] of this.#parts) this.#listened(name, part);
  }

  /** Something in words, such as the engine of a model. */
  fact(name: string, value: string): void {
    this.#facts.set(slotFor(this.#facts, name, fitting), value.slice(0, LONGEST_FACT));
  }

  takeAll(): Figures & { parts: Record<string, Figures>; facts: Record<string, string> } {
    return {
      ...this.take(),
      parts: Object.fromEntries([...this.#parts].map(([name, part]) => [name, part.take()])),
      facts: Object.fromEntries(this.#facts),
    };
  }

  readAll(): ReturnType<StatsPart["read"]> & {
    parts: Record<string, ReturnType<StatsPart["read"]>>;
    facts: Record<string, string>;
  } {
    return {
      ...this.read(),
      parts: Object.fromEntries([...this.#parts].map(([name, part]) => [name, part.read()])),
      facts: Object.fromEntries(this.#facts),
    };
  }

  #listened<P extends StatsPart>(name: string, part: P): P {
    const listener = this.#timedIn;
    if (listener) part.onTime((stage, ms) => listener(name, stage, ms));
    return part;
  }
}

type Shape = (name: string) => string;

function add(counts: Map<string, number>, name: string, by: number): void {
  const slot = slotFor(counts, name, fitting);
  counts.set(slot, (counts.get(slot) ?? 0) + by);
}

function heldAt<T>(items: Map<string, T>, slot: string, create: () => T): T {
  const item = items.get(slot) ?? create();
  items.set(slot, item);
  return item;
}

/** Where a name is counted. One bad name, or too many, would make the receivers refuse the whole message. */
function slotFor(items: ReadonlyMap<string, unknown>, name: string, shape: Shape): string {
  if (items.has(name)) return name;
  const fitted = shape(name);
  return items.has(fitted) || items.size < MAX_NAMES - 1 ? fitted : OTHERS;
}

function fitting(name: string): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9]+/g, "-").replace(/^[^a-zA-Z]+/, "");
  return plain.slice(0, LONGEST_NAME) || OTHERS;
}

function fittingPart(name: string): string {
  if (Name.safeParse(name).success) return name;
  const plain = fitting(name).toLowerCase();
  return Name.safeParse(plain).success ? plain : fitting(`part-${plain}`);
}
