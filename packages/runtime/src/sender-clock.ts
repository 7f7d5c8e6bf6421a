import { compareBoots } from "@beckon/protocol";

/** What a sender says of the moment of a message. */
export interface Stamp {
  readonly boot: string;
  readonly seq: number;
  /** Ms since the epoch by the sender's clock. */
  readonly at: number;
}

/** Why a message is not of now; the same words are the drop reasons in the stats. */
export type Untimely = "older-boot" | "out-of-order" | "duplicate" | "clock" | "stale";

export type Timing =
  | { readonly untimely: Untimely; readonly age?: number }
  | {
      readonly untimely?: undefined;
      /** Ms on the way, beyond the shortest way seen from this boot. */
      readonly age: number;
      /** Sequence numbers that were skipped since the last. */
      readonly gap: number;
      /** It began a new boot, or is the first of all. */
      readonly first: boolean;
    };

/** A sender whose clock is further ahead than its own earlier messages allow, in ms, is refused as `clock`. */
const MAX_AHEAD_MS = 250;
/**
 * Two unsynchronised crystals differ by 200 ms in 1000 s at the very worst (100 ppm each); the estimate may rise by as
 * much, so that a slow clock's messages do not grow old by themselves.
 */
const DRIFT = 2e-4;
/** So many messages in a row that agree with each other and not with the estimate: the estimate was wrong. */
const RELEARN_AFTER = 5;
/**
 * A boot that has been silent for so long holds no place: a sender that starts with its clock in the past (a Pi without
 * a battery after a power cut) would otherwise be refused for ever.
 */
const FORGET_AFTER_MS = 10_000;

interface Life {
  readonly boot: string;
  seq: number;
  /** Smallest (arrival - at) seen, risen by the drift since `estimatedAt`: the difference of the two clocks. */
  offset: number;
  estimatedAt: number;
  lastArrival: number;
  /** Of messages refused as `clock` in a row. */
  ahead: { count: number; offset: number };
}

/**
 * Judges the order and age of one sender's messages, whose clock is its own: the difference of the clocks is learnt, for
 * each boot, as the smallest (arrival - at) seen.
 */
export class SenderClock {
  readonly #maxAge: number;
  #life: Life | undefined;

  /** @param maxAge ms on the way beyond the shortest seen; what is older is `stale` */
  constructor({ maxAge }: { maxAge: number }) {
    this.#maxAge = maxAge;
  }

  /** Judges a message of a live stream, and learns from it. */
  accept(stamp: Stamp, arrivedAt: number): Timing {
    const untimely = this.#outOfOrder(stamp, arrivedAt);
    if (untimely) return { untimely };
    const life = this.#life?.boot === stamp.boot ? this.#life : undefined;
    const learnt = life ?? this.#begin(stamp, arrivedAt);
    const gap = life ? stamp.seq - life.seq - 1 : 0;
    learnt.seq = stamp.seq;
    learnt.lastArrival = arrivedAt;
    if (!this.#learn(learnt, arrivedAt - stamp.at, arrivedAt)) return { untimely: "clock" };
    const age = arrivedAt - stamp.at - learnt.offset;
    return age > this.#maxAge ? { untimely: "stale", age } : { age, gap, first: life === undefined };
  }

  /**
   * Judges the age of a message by what was learnt from others, and learns nothing: for events that must not vouch for
   * themselves.
   *
   * @returns undefined when nothing is known of its boot
   */
  judge({ boot, at }: Pick<Stamp, "boot" | "at">, arrivedAt: number): Timing | undefined {
    const life = this.#life;
    if (!life) return undefined;
    if (boot !== life.boot) return compareBoots(boot, life.boot) < 0 ? { untimely: "older-boot" } : undefined;
    const age = arrivedAt - at - life.offset - (arrivedAt - life.estimatedAt) * DRIFT;
    if (age < -MAX_AHEAD_MS) return { untimely: "clock", age };
    return age > this.#maxAge ? { untimely: "stale", age } : { age: Math.max(age, 0), gap: 0, first: false };
  }

  /** Ms since the newest boot's last message; infinite before the first. */
  silence(at: number): number {
    return this.#life ? at - this.#life.lastArrival : Number.POSITIVE_INFINITY;
  }

  #outOfOrder({ boot, seq }: Stamp, arrivedAt: number): Untimely | undefined {
    const life = this.#life;
    if (!life) return undefined;
    if (boot !== life.boot) {
      const forgotten = arrivedAt - life.lastArrival > FORGET_AFTER_MS;
      return compareBoots(boot, life.boot) < 0 && !forgotten ? "older-boot" : undefined;
    }
    if (seq === life.seq) return "duplicate";
    return seq < life.seq ? "out-of-order" : undefined;
  }

  #begin({ boot, seq, at }: Stamp, arrivedAt: number): Life {
    const offset = arrivedAt - at;
    this.#life = { boot, seq, offset, estimatedAt: arrivedAt, lastArrival: arrivedAt, ahead: { count: 0, offset } };
    return this.#life;
  }

  /** @returns whether the message's clock is believed */
  #learn(life: Life, offset: number, arrivedAt: number): boolean {
    const risen = life.offset + (arrivedAt - life.estimatedAt) * DRIFT;
    const { ahead } = life;
    if (offset < risen - MAX_AHEAD_MS) {
      const agrees = ahead.count > 0 && Math.abs(offset - ahead.offset) <= MAX_AHEAD_MS;
      life.ahead = { count: agrees ? ahead.count + 1 : 1, offset };
      if (life.ahead.count < RELEARN_AFTER) return false;
    }
    life.offset = Math.min(offset, risen);
    life.estimatedAt = arrivedAt;
    life.ahead = { count: 0, offset };
    return true;
  }
}
