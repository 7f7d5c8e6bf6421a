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
  | {
      readonly untimely: Untimely;
      readonly age?: number;
      /** Only of `stale`, which keeps its place in the order. */
      readonly gap?: number;
    }
  | {
      readonly untimely?: undefined;
      /** Ms on the way, beyond the shortest way seen from this boot. */
      readonly age: number;
      /** Sequence numbers that were skipped since the last, without those that were refused as `clock`. */
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
  /** The messages refused as `clock` since the last that was not, at most `MAX_REFUSED` of them. */
  refused: readonly number[];
  /** Of those, how many agree with each other, each newer than the one before: the same one again proves nothing. */
  ahead: { count: number; offset: number; seq: number };
}

/** So many refused sequence numbers are remembered, so as not to be taken for lost. */
const MAX_REFUSED = 100;

const NONE_AHEAD = { count: 0, offset: 0, seq: 0 } as const;

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
    if (!life) {
      this.#begin(stamp, arrivedAt);
      return { age: 0, gap: 0, first: true };
    }
    // What is refused leaves no trace: one message from the future must not make the true ones look old.
    if (!this.#learn(life, stamp, arrivedAt)) return { untimely: "clock" };
    const arrived = life.refused.filter((seq) => seq < stamp.seq).length;
    const gap = stamp.seq - life.seq - 1 - arrived;
    Object.assign(life, { seq: stamp.seq, lastArrival: arrivedAt, refused: [] });
    const age = arrivedAt - stamp.at - life.offset;
    return age > this.#maxAge ? { untimely: "stale", age, gap } : { age, gap, first: false };
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

  #begin({ boot, seq, at }: Stamp, arrivedAt: number): void {
    this.#life = {
      boot,
      seq,
      offset: arrivedAt - at,
      estimatedAt: arrivedAt,
      lastArrival: arrivedAt,
      refused: [],
      ahead: NONE_AHEAD,
    };
  }

  /** @returns whether the message's clock is believed */
  #learn(life: Life, { seq, at }: Stamp, arrivedAt: number): boolean {
    const offset = arrivedAt - at;
    const risen = life.offset + (arrivedAt - life.estimatedAt) * DRIFT;
    const { ahead } = life;
    if (offset < risen - MAX_AHEAD_MS) {
      const agrees = ahead.count === 0 || (seq > ahead.seq && Math.abs(offset - ahead.offset) <= MAX_AHEAD_MS);
      life.ahead = { count: agrees ? ahead.count + 1 : 1, offset, seq };
      if (life.ahead.count < RELEARN_AFTER) {
        life.refused = [...new Set([...life.refused, seq])].slice(-MAX_REFUSED);
        return false;
      }
    }
    life.offset = Math.min(offset, risen);
    life.estimatedAt = arrivedAt;
    life.ahead = NONE_AHEAD;
    return true;
  }
}
