import { createBoot, type FrameEnvelope } from "@beckon/protocol";
import { SenderClock, type Stamp, type Timing, type Untimely } from "@beckon/runtime";

/** Names in topics are made up by whoever may publish; each costs memory here. */
const MOST_CAMERAS = 256;
/** A camera that has been silent for so long gives up its place to a new one, in ms. */
const SILENT_MS = 10_000;

/** What is known of a frame once it is taken to be of now. */
export interface Sighting {
  readonly untimely?: undefined;
  readonly stamp: Stamp;
  /** The frame had no envelope: the stamp is ours. */
  readonly foreign: boolean;
  /** Ms on the way here. */
  readonly age: number;
  /** Sequence numbers skipped since the last frame. */
  readonly gap: number;
}

export interface Refusal {
  readonly untimely: Untimely | "too-many-cameras";
  /** As of a sighting, for a frame that keeps its place in the order. */
  readonly gap: number;
}

interface Camera {
  readonly clock: SenderClock;
  lastArrival: number;
  /** The numbers of a foreign camera's frames, since the first. */
  foreign: { readonly boot: string; seq: number } | undefined;
}

/** The order and age of each camera's frames; frames of foreign cameras get numbers, and the time of their arrival. */
export class Cameras {
  readonly #maxAge: number;
  readonly #cameras = new Map<string, Camera>();

  constructor({ maxAge }: { maxAge: number }) {
    this.#maxAge = maxAge;
  }

  judge(name: string, envelope: FrameEnvelope | undefined, arrivedAt: number): Sighting | Refusal {
    const camera = this.#cameras.get(name) ?? this.#welcome(name, arrivedAt);
    if (!camera) return { untimely: "too-many-cameras", gap: 0 };
    camera.lastArrival = arrivedAt;
    if (!envelope) return { stamp: nextStamp(camera, arrivedAt), foreign: true, age: 0, gap: 0 };
    const timing: Timing = camera.clock.accept(envelope, arrivedAt);
    if (timing.untimely) return { untimely: timing.untimely, gap: timing.gap ?? 0 };
    const { boot, seq, at } = envelope;
    return { stamp: { boot, seq, at }, foreign: false, age: timing.age, gap: timing.gap };
  }

  #welcome(name: string, arrivedAt: number): Camera | undefined {
    if (this.#cameras.size >= MOST_CAMERAS && !this.#forgetOne(arrivedAt)) return undefined;
    const camera = { clock: new SenderClock({ maxAge: this.#maxAge }), lastArrival: arrivedAt, foreign: undefined };
    this.#cameras.set(name, camera);
    return camera;
  }

  #forgetOne(arrivedAt: number): boolean {
    for (const [name, { lastArrival }] of this.#cameras)
      if (arrivedAt - lastArrival > SILENT_MS) return this.#cameras.delete(name);
    return false;
  }
}

function nextStamp(camera: Camera, arrivedAt: number): Stamp {
  camera.foreign ??= { boot: createBoot(arrivedAt), seq: -1 };
  camera.foreign.seq += 1;
  return { ...camera.foreign, at: arrivedAt };
}
