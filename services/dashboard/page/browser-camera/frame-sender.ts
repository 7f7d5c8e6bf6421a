import { createBoot, type Roi } from "@beckon/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import type { PageBus } from "../bus/page-bus.ts";

/** What the camera shows now. It is only looked at when its turn comes. */
export interface Picture {
  /** When it was taken, ms since the epoch. */
  readonly at: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** @returns a JPEG; undefined when the browser could not make one */
  encode(): Promise<Uint8Array | undefined>;
}

export interface FrameSenderOptions {
  readonly bus: Pick<PageBus, "topics" | "connection" | "backlog" | "publish">;
  readonly camera: string;
  /** Asked for each frame: both may change while it runs. */
  readonly fps: () => number;
  readonly roi: () => Roi;
}

/** More bytes than this in the socket, and a frame would arrive when it is old. */
export const MOST_BACKLOG = 200_000;
/** A frame may come so much before its time, in ms: a camera of 30 fps is not to miss every other turn of 15. */
const EARLY_MS = 8;

/**
 * Publishes pictures as frames, at a chosen pace, newest wins: at most one is in work, and what comes meanwhile is skipped,
 * never queued.
 */
export class FrameSender {
  readonly boot = createBoot(Date.now());
  readonly #options: FrameSenderOptions;
  readonly #sent = signal(0);
  readonly #skipped = signal(0);
  #due = Number.NEGATIVE_INFINITY;
  #seq = 0;
  #busy = false;

  constructor(options: FrameSenderOptions) {
    this.#options = options;
  }

  /** Frames that went out. */
  get sent(): ReadonlySignal<number> {
    return this.#sent;
  }

  /** Frames whose turn it was, and that did not go out. */
  get skipped(): ReadonlySignal<number> {
    return this.#skipped;
  }

  /** @returns when it is out or skipped; never rejects */
  async offer(picture: Picture): Promise<void> {
    const now = performance.now();
    if (now < this.#due - EARLY_MS) return;
    const period = 1000 / this.#options.fps();
    // A pace that was lost is begun anew, not caught up.
    this.#due = Math.max(this.#due + period, now);
    const { connection, backlog } = this.#options.bus;
    if (this.#busy || connection.peek().status !== "online" || backlog > MOST_BACKLOG) {
      this.#skipped.value += 1;
      return;
    }
    this.#busy = true;
    const sent = await this.#send(picture).catch(() => false);
    this.#busy = false;
    if (sent) this.#sent.value += 1;
    else this.#skipped.value += 1;
  }

  async #send({ at, width, height, encode }: Picture): Promise<boolean> {
    const { bus, camera, roi } = this.#options;
    const jpeg = await encode();
    if (!jpeg) return false;
    const envelope = { seq: this.#seq, boot: this.boot, at, width, height, roi: roi() };
    this.#seq += 1;
    return bus.publish(bus.topics.frame({ camera }), { jpeg, envelope });
  }
}
