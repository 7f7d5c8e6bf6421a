import type { GestureState, Result, ServiceStats, ServiceStatus, SpelledText } from "@beckon/protocol";

/** What is known of one camera as one model reads it. */
interface Reading {
  readonly camera: string;
  readonly model: string;
  label: string;
  confidence: number;
  gesture: string | null;
  /** Ms from the frame's arrival at the classifier to its result. */
  latency: number;
  /** Arrivals of results within the last `RATE_WINDOW_MS`. */
  readonly arrivals: number[];
}

/** One line of the table. */
export interface WatchRow {
  readonly camera: string;
  readonly model: string;
  /** The steady one; null for none. */
  readonly gesture: string | null;
  readonly label: string;
  /** 0..1 */
  readonly confidence: number;
  readonly fps: number;
  readonly latency: number;
  /** Ms since the last result. */
  readonly age: number;
  readonly text: string;
}

export interface WatchView {
  readonly rows: readonly WatchRow[];
  /** `letters: superseded 3, stale 1`, of every service that lost something. */
  readonly drops: readonly string[];
  /** `classifier gpu-box`, of those that said they are online. */
  readonly online: readonly string[];
  readonly offline: readonly string[];
}

const RATE_WINDOW_MS = 3000;
/** A camera that has gone quiet leaves the table after so long. */
const FORGET_MS = 60_000;
/** More are not kept: whoever publishes results for made-up cameras must not fill the memory. */
const MAX_READINGS = 100;

/** Everything that `beckon watch` shows, gathered from the bus; the moments are those of arrival here. */
export class WatchState {
  readonly #readings = new Map<string, Reading>();
  readonly #texts = new Map<string, string>();
  readonly #drops = new Map<string, string>();
  readonly #services = new Map<string, boolean>();

  result({ camera, model, label, confidence, ms }: Result, at: number): void {
    const reading = this.#reading(camera, model);
    if (!reading) return;
    reading.label = label;
    reading.confidence = confidence;
    reading.latency = ms["total"] ?? 0;
    reading.arrivals.push(at);
    while ((reading.arrivals[0] ?? at) <= at - RATE_WINDOW_MS) reading.arrivals.shift();
  }

  gestureState(camera: string, model: string, { gesture }: GestureState): void {
    const reading = this.#reading(camera, model);
    if (reading) reading.gesture = gesture;
  }

  text(camera: string, { text }: SpelledText): void {
    if (this.#texts.size < MAX_READINGS || this.#texts.has(camera)) this.#texts.set(camera, text);
  }

  stats(kind: string, id: string, { drops, parts }: ServiceStats): void {
    const all = [
      [`${kind} ${id}`, drops] as const,
      ...Object.entries(parts).map(([name, part]) => [`${kind} ${id} ${name}`, part.drops] as const),
    ];
    for (const [name, lost] of all) {
      const words = Object.entries(lost)
        .filter(([, count]) => count > 0)
        .map(([reason, count]) => `${reason} ${count}`);
      if (words.length > 0 && (this.#drops.size < MAX_READINGS || this.#drops.has(name)))
        this.#drops.set(name, `${name}: ${words.join(", ")}`);
    }
  }

  status(kind: string, id: string, { state }: ServiceStatus): void {
    const name = `${kind} ${id}`;
    if (this.#services.size < MAX_READINGS || this.#services.has(name)) this.#services.set(name, state === "online");
  }

  /** @param now by the same clock as the arrivals */
  view(now: number): WatchView {
    for (const [key, { arrivals }] of this.#readings)
      if (now - (arrivals.at(-1) ?? Number.NEGATIVE_INFINITY) > FORGET_MS) this.#readings.delete(key);
    const services = [...this.#services].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      rows: [...this.#readings.values()]
        .map((reading) => this.#row(reading, now))
        .sort((a, b) => (`${a.camera} ${a.model}` < `${b.camera} ${b.model}` ? -1 : 1)),
      drops: [...this.#drops.values()].sort(),
      online: services.filter(([, isOnline]) => isOnline).map(([name]) => name),
      offline: services.filter(([, isOnline]) => !isOnline).map(([name]) => name),
    };
  }

  /** Cameras whose results came within the last minute. */
  cameras(): readonly string[] {
    return [...new Set([...this.#readings.values()].map(({ camera }) => camera))].sort();
  }

  #reading(camera: string, model: string): Reading | undefined {
    const key = `${camera} ${model}`;
    const known = this.#readings.get(key);
    if (known || this.#readings.size >= MAX_READINGS) return known;
    const reading: Reading = { camera, model, label: "", confidence: 0, gesture: null, latency: 0, arrivals: [] };
    this.#readings.set(key, reading);
    return reading;
  }

  #row({ arrivals, ...reading }: Reading, now: number): WatchRow {
    const recent = arrivals.filter((at) => at > now - RATE_WINDOW_MS);
    return {
      ...reading,
      fps: (recent.length * 1000) / RATE_WINDOW_MS,
      age: now - (arrivals.at(-1) ?? now),
      text: this.#texts.get(reading.camera) ?? "",
    };
  }
}
