import type { GestureState } from "@beckon/protocol";
import { SenderClock } from "@beckon/runtime";

/** So many heartbeats, over so long, before a source is believed: a backlog that arrives at once is no life. */
const MIN_BEATS = 2;
const MIN_SPAN_MS = 400;

/** Why an event was not obeyed. */
export type Disbelief = "no-source" | "older-boot" | "stale" | "clock" | "out-of-order" | "duplicate";

/** What an event says of the frame that decided it. */
export interface EventStamp {
  readonly boot: string;
  readonly seq: number;
  /** Capture time by the camera's clock. */
  readonly at: number;
  /** `start`, `end`, or `text`: what may come once for each frame. */
  readonly phase: string;
}

interface Life {
  readonly boot: string;
  readonly since: number;
  last: number;
  beats: number;
}

/**
 * Whether a camera's model is alive, learnt from its heartbeats, and by them whether an event is of now. Events teach
 * nothing: what was recorded and is played back cannot vouch for itself.
 */
export class LiveSource {
  readonly #clock: SenderClock;
  readonly #timeout: number;
  #life: Life | undefined;
  readonly #seen = new Map<string, { boot: string; seq: number; phases: Set<string> }>();

  /** @param maxAge ms @param timeout ms of silence after which it is dead */
  constructor({ maxAge, timeout }: { maxAge: number; timeout: number }) {
    this.#clock = new SenderClock({ maxAge });
    this.#timeout = timeout;
  }

  /**
   * Learns from a heartbeat that was not retained.
   *
   * @returns when its frame was captured, by our clock; undefined when it is no sign of life: it names no frame, an old
   * one, or again the last
   */
  beat({ boot, seq, frameAt }: GestureState, arrivedAt: number): number | undefined {
    if (boot === undefined || seq === undefined || frameAt === undefined) return undefined;
    const timing = this.#clock.accept({ boot, seq, at: frameAt }, arrivedAt);
    if (timing.untimely) return undefined;
    const life = this.#life;
    if (life?.boot === boot && arrivedAt - life.last < this.#timeout) {
      life.last = arrivedAt;
      life.beats += 1;
    } else {
      this.#life = { boot, since: arrivedAt, last: arrivedAt, beats: 1 };
    }
    return arrivedAt - timing.age;
  }

  /**
   * Judges an event that was not retained, and remembers it when it is believed.
   *
   * @param stream events of one stream come in order: `gesture`, `text`
   * @returns the reason not to believe it, or when its frame was captured, by our clock
   */
  judge(stream: string, event: EventStamp, arrivedAt: number): Disbelief | { readonly capturedAt: number } {
    const timing = this.#clock.judge(event, arrivedAt);
    if (timing?.untimely === "older-boot") return "older-boot";
    if (!this.#alive(arrivedAt) || timing === undefined || this.#life?.boot !== event.boot) return "no-source";
    if (timing.untimely) return timing.untimely;
    const order = this.#order(stream, event);
    if (order) return order;
    return { capturedAt: arrivedAt - timing.age };
  }

  #alive(at: number): boolean {
    const life = this.#life;
    if (!life) return false;
    return life.beats >= MIN_BEATS && life.last - life.since >= MIN_SPAN_MS && at - life.last < this.#timeout;
  }

  #order(stream: string, { boot, seq, phase }: EventStamp): "out-of-order" | "duplicate" | undefined {
    const seen = this.#seen.get(stream);
    if (seen?.boot !== boot || seq > seen.seq) {
      this.#seen.set(stream, { boot, seq, phases: new Set([phase]) });
      return undefined;
    }
    if (seq < seen.seq) return "out-of-order";
    if (seen.phases.has(phase)) return "duplicate";
    seen.phases.add(phase);
    return undefined;
  }
}
