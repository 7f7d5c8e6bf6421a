import {
  compareBoots,
  type FrameEnvelope,
  type Gesture,
  type GestureState,
  type Result,
  type Roi,
} from "@beckon/protocol";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { PageBus, PageMessage } from "../bus/page-bus.ts";
import { createHistory, type History } from "./history.ts";
import { RateMeter } from "./rate-meter.ts";

/** A gesture that stands. */
export interface Steady {
  readonly gesture: string;
  /** Ms since the epoch, by this browser. */
  readonly since: number;
  readonly confidence: number;
}

/** What one model says of one camera. */
export interface Reading {
  readonly model: string;
  /** The best classes, best first; empty before the first result. */
  readonly top: ReadonlySignal<Result["top"]>;
  /** Whether the best class is above its threshold; otherwise the model says `unknown`. */
  readonly sure: ReadonlySignal<boolean>;
  /** null: none stands; undefined: nobody says, for the interpreter or the classifier is silent. */
  readonly steady: ReadonlySignal<Steady | null | undefined>;
}

/** A gesture that has started. */
export interface PastGesture {
  readonly model: string;
  readonly gesture: string;
  readonly at: number;
}

/** Counts of one second, and of one picture. */
export interface Pace {
  /** Frames a second that are classified, or that arrive where nobody classifies. */
  readonly fps: number;
  /** Ms from capture to the last result; undefined without. */
  readonly latency: number | undefined;
  /** Ms since the newest picture was taken; undefined without. */
  readonly age: number | undefined;
}

export interface LiveCamera {
  readonly name: string;
  readonly readings: ReadonlySignal<readonly Reading[]>;
  readonly text: ReadonlySignal<{ readonly text: string; readonly last: string }>;
  /** Newest first. */
  readonly past: ReadonlySignal<readonly PastGesture[]>;
  readonly pace: ReadonlySignal<Pace>;
  /** What is looked at, where its frames or results say so. */
  readonly roi: ReadonlySignal<Roi | undefined>;
  /** Silent for `AWAY_MS`. */
  readonly away: ReadonlySignal<boolean>;
  /** Frames that came here and were not shown: newer ones came before their turn, or they were no pictures. */
  readonly skipped: Signal<number>;
  readonly history: History;
  /**
   * To be told of each frame that was received.
   *
   * @returns false when it is no newer than the last one
   */
  frame(envelope: FrameEnvelope | undefined, arrivedAt: number): boolean;
}

export interface Cameras {
  /** By name. */
  readonly list: ReadonlySignal<readonly LiveCamera[]>;
  /** Takes over what came since the last time; 5 times a second is as much as anyone can read. */
  refresh(now: number): void;
  /** Ends a second of the charts. */
  second(now: number): void;
  /** Listens for a moment to all frames, to find the cameras that nobody classifies. */
  discover(): void;
}

/** More are not shown: whoever publishes for made-up cameras must not fill the page. */
const MAX_CAMERAS = 32;
const MAX_READINGS = 8;
const AWAY_MS = 30_000;
const FORGET_MS = 300_000;
/** The interpreter repeats the state every 500 ms. */
const SILENT_MS = 3000;
const PAST = 12;
const DISCOVER_MS = 700;

/** Every camera that the bus speaks of. */
export function createCameras(bus: PageBus): Cameras {
  const known = new Map<string, CameraRecord>();
  const list = signal<readonly LiveCamera[]>([]);
  const show = (): void => {
    list.value = [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const heard = (name: string, at: number): CameraRecord | undefined => {
    let camera = known.get(name);
    if (!camera) {
      if (known.size >= MAX_CAMERAS || Date.now() - at > FORGET_MS) return undefined;
      camera = new CameraRecord(name);
      known.set(name, camera);
      show();
    }
    camera.heard(at);
    return camera;
  };
  const { topics } = bus;
  bus.subscribe(topics.result.matching(), ({ names, value, arrivedAt, retained }) => {
    if (!retained) heard(names.camera, arrivedAt)?.result(names.model, value, arrivedAt);
  });
  bus.subscribe(topics.state.matching(), (message) => {
    const { names, value, arrivedAt, retained } = message;
    // What is retained tells that there was a camera, and when.
    const camera = heard(names.camera, retained ? Math.min(value.at, arrivedAt) : arrivedAt);
    if (!retained) camera?.state(message);
  });
  bus.subscribe(topics.gesture.matching(), ({ names, value, arrivedAt, retained }) => {
    if (!retained && value.phase === "start") heard(names.camera, arrivedAt)?.gesture(names.model, value, arrivedAt);
  });
  bus.subscribe(topics.text.matching(), ({ names, value: { text, last }, arrivedAt, retained }) => {
    const camera = retained ? undefined : heard(names.camera, arrivedAt);
    if (camera) camera.text.value = { text, last };
  });
  return {
    list,
    refresh: (now) => {
      for (const camera of known.values()) {
        camera.refresh(now);
        if (now - camera.heardAt <= FORGET_MS) continue;
        known.delete(camera.name);
        show();
      }
    },
    second: (now) => {
      for (const camera of known.values()) camera.second(now);
    },
    discover: () => {
      const stop = bus.subscribe(topics.frame.matching(), ({ names, arrivedAt }) => {
        heard(names.camera, arrivedAt);
      });
      setTimeout(stop, DISCOVER_MS);
    },
  };
}

class ReadingRecord implements Reading {
  readonly model: string;
  readonly top = signal<Result["top"]>([]);
  readonly sure = signal(false);
  readonly steady: Signal<Steady | null | undefined> = signal(undefined);
  readonly rate = new RateMeter();
  newest: Result | undefined;
  #stateAt = 0;

  constructor(model: string) {
    this.model = model;
  }

  state({ gesture, since, confidence, at }: GestureState, arrivedAt: number): void {
    this.#stateAt = arrivedAt;
    const before = this.steady.peek();
    if (gesture === null) this.steady.value = null;
    // The interpreter's clock is its own; how long the gesture stands is not.
    else if (before?.gesture !== gesture || Math.abs(before.since - (since + arrivedAt - at)) > 1000)
      this.steady.value = { gesture, since: Math.min(since + arrivedAt - at, arrivedAt), confidence };
  }

  refresh(now: number): void {
    if (this.newest) {
      this.top.value = this.newest.top;
      this.sure.value = this.newest.label === this.newest.top[0]?.label;
    }
    if (now - this.#stateAt > SILENT_MS) this.steady.value = undefined;
    if (now - this.rate.last > AWAY_MS) this.top.value = [];
  }
}

class CameraRecord implements LiveCamera {
  readonly name: string;
  readonly readings = signal<readonly ReadingRecord[]>([]);
  readonly text = signal({ text: "", last: "" });
  readonly past = signal<readonly PastGesture[]>([]);
  readonly pace = signal<Pace>({ fps: 0, latency: undefined, age: undefined });
  readonly roi: Signal<Roi | undefined> = signal(undefined);
  readonly away = signal(false);
  readonly skipped = signal(0);
  readonly history = createHistory();
  heardAt = 0;
  readonly #frames = new RateMeter();
  #latency: { readonly ms: number; readonly at: number } | undefined;
  #newest: { readonly boot: string; readonly seq: number } | undefined;
  /** By which this browser's clock is ahead of the camera's, at most: the smallest difference seen. */
  #offset = Number.POSITIVE_INFINITY;
  #takenAt: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  heard(at: number): void {
    this.heardAt = Math.max(this.heardAt, at);
  }

  frame(envelope: FrameEnvelope | undefined, arrivedAt: number): boolean {
    this.heard(arrivedAt);
    if (envelope) {
      const { boot, seq, at, roi } = envelope;
      const order = this.#newest ? compareBoots(boot, this.#newest.boot) : 1;
      if (order < 0 || (order === 0 && this.#newest && seq <= this.#newest.seq)) return false;
      if (order > 0) this.#offset = Number.POSITIVE_INFINITY;
      this.#newest = { boot, seq };
      this.#offset = Math.min(this.#offset, arrivedAt - at);
      this.#takenAt = at + this.#offset;
      if (roi) this.#look(roi);
    } else this.#takenAt = arrivedAt;
    this.#frames.add(arrivedAt);
    return true;
  }

  result(model: string, result: Result, arrivedAt: number): void {
    const reading = this.#reading(model);
    if (!reading) return;
    reading.newest = result;
    reading.rate.add(arrivedAt);
    const total = result.ms["total"];
    if (total !== undefined) {
      this.#latency = { ms: total, at: arrivedAt };
      this.history.latency(total);
    }
    if (result.roi) this.#look(result.roi);
  }

  state({ names, value, arrivedAt }: PageMessage<GestureState, "camera" | "model">): void {
    this.#reading(names.model)?.state(value, arrivedAt);
  }

  gesture(model: string, { gesture }: Gesture, at: number): void {
    this.past.value = [{ model, gesture, at }, ...this.past.peek()].slice(0, PAST);
  }

  refresh(now: number): void {
    for (const reading of this.readings.peek()) reading.refresh(now);
    this.away.value = now - this.heardAt > AWAY_MS;
    this.pace.value = {
      fps: this.#fps(now),
      latency: this.#latency && now - this.#latency.at < AWAY_MS ? this.#latency.ms : undefined,
      age: this.#takenAt === undefined ? undefined : Math.max(0, now - this.#takenAt),
    };
  }

  second(now: number): void {
    this.history.second(now, this.#fps(now));
  }

  #fps(now: number): number {
    const classified = Math.max(0, ...this.readings.peek().map(({ rate }) => rate.perSecond(now)));
    return classified > 0 ? classified : this.#frames.perSecond(now);
  }

  #look(roi: Roi): void {
    if (this.roi.peek()?.join() !== roi.join()) this.roi.value = roi;
  }

  #reading(model: string): ReadingRecord | undefined {
    const all = this.readings.peek();
    const found = all.find((reading) => reading.model === model);
    if (found || all.length >= MAX_READINGS) return found;
    const made = new ReadingRecord(model);
    this.readings.value = [...all, made].sort((a, b) => (a.model < b.model ? -1 : 1));
    return made;
  }
}
