import { createHash, timingSafeEqual } from "node:crypto";
import type { Settings, Topic } from "@beckon/protocol";
import { type Bus, type Logger, now, type Stats, throttled } from "@beckon/runtime";
import { z } from "zod";

/** A page that is open all day says its token again whenever it reconnects. */
const LIFE_MS = 24 * 3_600_000;
const MOST = 64;
/** The page speaks over two ways at once: what it publishes may come after what it asks. */
const PATIENCE_MS = 1000;
/** Beyond it nobody waits: a flood of made-up tokens must not fill the memory. */
const MOST_WAITING = 32;
const DIGEST_BYTES = 32;

/** What a page publishes to our `set` topic; see page/bus/api.ts. */
const Introduction = z.object({ session: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex") });

/** Why somebody may not use the API. */
export interface SessionRefusal {
  readonly status: 401 | 503;
  readonly error: string;
}

export interface Sessions {
  /** @returns undefined when the token is of a user that the broker lets publish to our `set` topic */
  refusal(token: string | undefined): Promise<SessionRefusal | undefined>;
}

export interface SessionsOptions {
  readonly bus: Pick<Bus, "subscribe" | "connected">;
  /** Our own: whoever may publish there may use the API. */
  readonly topic: Topic<Settings>;
  readonly stats: Pick<Stats, "drop" | "gauge">;
  readonly log: Pick<Logger, "warn">;
  readonly signal: AbortSignal;
}

/**
 * Lets the broker decide who may use the API: a page publishes the SHA-256 of a random token to our `set` topic, which
 * the broker takes from an admin only, and sends the token itself with its requests. No password passes through here, and
 * who listens on the bus learns nothing.
 */
export function followSessions({ bus, topic, stats, log, signal }: SessionsOptions): Sessions {
  const known = new KnownDigests();
  const waiting = new Set<() => void>();
  const warnings = throttled(log);
  stats.gauge("sessions", () => known.size);
  const refuse = (why: string): void => {
    stats.drop("bad-set");
    warnings.warn("bad-set", `a message to ${topic.path} is no session: ${why}`);
  };
  const follow = async (): Promise<void> => {
    for await (const { value, retained } of bus.subscribe(topic, { signal })) {
      // Kept by the broker it is of any age, and would let somebody in again after each restart.
      if (retained) {
        refuse("it was retained");
        continue;
      }
      const introduction = Introduction.safeParse(value);
      if (!introduction.success) {
        refuse(introduction.error.issues[0]?.message ?? "no session");
        continue;
      }
      known.add(Buffer.from(introduction.data.session, "hex"));
      for (const wake of [...waiting]) wake();
    }
  };
  follow().catch((error: Error) => {
    if (!signal.aborted) log.warn(`nobody can teach or change what lies on this machine: ${error.message}`);
  });
  const hears = async (digest: Buffer): Promise<boolean> => {
    if (known.has(digest)) return true;
    if (waiting.size >= MOST_WAITING) return false;
    return new Promise((resolve) => {
      const end = (found: boolean): void => {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve(found);
      };
      const wake = (): void => {
        if (known.has(digest)) end(true);
      };
      const timer = setTimeout(() => end(false), PATIENCE_MS);
      waiting.add(wake);
    });
  };
  return {
    refusal: async (token) => {
      if (token === undefined) return { status: 401, error: "this needs the token of a page that is logged in" };
      const digest = createHash("sha256").update(token).digest();
      if (await hears(digest)) return undefined;
      return bus.connected
        ? { status: 401, error: "this user may not change anything here: log in as an admin" }
        : { status: 503, error: "the broker is away, and it says who may do this: try again when it is back" };
    },
  };
}

interface Known {
  readonly digest: Buffer;
  /** By `now()`, which does not jump when the clock is set. */
  readonly until: number;
}

/** The digests that were last introduced or asked with, each for a day. */
class KnownDigests {
  /** By the digest in hex, longest unused first, with the time from which they count no more. */
  readonly #ends = new Map<string, Known>();

  get size(): number {
    this.#forget();
    return this.#ends.size;
  }

  add(digest: Buffer): void {
    const name = digest.toString("hex");
    this.#put(name, { digest, until: now() + LIFE_MS });
    const [unused] = this.#ends.keys();
    if (this.#ends.size > MOST && unused !== undefined) this.#ends.delete(unused);
  }

  /** Takes as long whichever it is. */
  has(digest: Buffer): boolean {
    this.#forget();
    if (digest.length !== DIGEST_BYTES) return false;
    let found: [string, Known] | undefined;
    for (const entry of this.#ends) if (timingSafeEqual(entry[1].digest, digest)) found = entry;
    // Pages that come and go must not push out one that is in use.
    if (found) this.#put(...found);
    return found !== undefined;
  }

  #put(name: string, known: Known): void {
    this.#ends.delete(name);
    this.#ends.set(name, known);
  }

  #forget(): void {
    const at = now();
    for (const [name, { until }] of this.#ends) if (until <= at) this.#ends.delete(name);
  }
}
