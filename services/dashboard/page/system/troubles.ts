import { causeInWords, type RelayCause } from "@beckon/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import { isWanted } from "./drop-table.ts";
import { type ServiceRecord, splitDropKey } from "./service-record.ts";

export const MAX_TROUBLES = 20;
/** What goes on counts as one trouble; after such a pause it is another. */
const PAUSE_MS = 60_000;

/** What went wrong, in what the words are made of. Nothing in it may be shown but as text. */
export type TroubleFacts =
  | { readonly what: "lost" | "stopped" | "silent"; readonly service: string }
  | { readonly what: "drops"; readonly service: string; readonly part: string; readonly reason: string }
  /** `why`: what the relay was to switch for, in words. */
  | { readonly what: "refusal"; readonly relay: string; readonly reason: string; readonly why: string }
  | { readonly what: "database"; readonly service: string; readonly waiting: number }
  | { readonly what: "payloads" | "broker-away" | "service-away" };

export interface Trouble {
  /** The same for what is the same trouble, whenever it comes. */
  readonly key: string;
  /** Ms since the epoch; undefined for what had happened before anybody looked. */
  readonly at: number | undefined;
  readonly count: number;
  /** When it was over again. */
  readonly overAt?: number;
  readonly facts: TroubleFacts;
}

export interface Troubles {
  /** The newest first, at most `MAX_TROUBLES`. */
  readonly last: ReadonlySignal<readonly Trouble[]>;
  add(facts: TroubleFacts, at: number | undefined, count?: number): void;
  /** What lasted has ended. */
  end(whats: readonly TroubleFacts["what"][], at: number, service?: string): void;
}

export function createTroubles(): Troubles {
  const last = signal<readonly Trouble[]>([]);
  return {
    last,
    add: (facts, at, count = 1) => {
      const key = keyOf(facts);
      const known = last.peek().find((trouble) => trouble.key === key && trouble.overAt === undefined);
      const goesOn = known !== undefined && (at ?? 0) - (known.at ?? 0) < PAUSE_MS;
      const others = goesOn ? last.peek().filter((trouble) => trouble !== known) : last.peek();
      const trouble = { key, at, count: count + (goesOn ? known.count : 0), facts };
      last.value = [trouble, ...others].sort(newestFirst).slice(0, MAX_TROUBLES);
    },
    end: (whats, overAt, service) => {
      const ends = ({ overAt: over, facts }: Trouble): boolean =>
        over === undefined && whats.includes(facts.what) && (!("service" in facts) || facts.service === service);
      if (last.peek().some(ends)) last.value = last.peek().map((each) => (ends(each) ? { ...each, overAt } : each));
    },
  };
}

function newestFirst(one: Trouble, other: Trouble): number {
  return (other.at ?? 0) - (one.at ?? 0);
}

function keyOf(facts: TroubleFacts): string {
  switch (facts.what) {
    case "drops":
      return [facts.what, facts.service, facts.part, facts.reason].join(" ");
    case "refusal":
      return [facts.what, facts.relay, facts.reason].join(" ");
    case "lost":
    case "stopped":
    case "silent":
    case "database":
      return `${facts.what} ${facts.service}`;
    default:
      return facts.what;
  }
}

/** A service is gone, or back. */
export function troubleOfState(troubles: Troubles, service: ServiceRecord, before: ServiceRecord | undefined): void {
  const { key, state, since, lost, heardAt } = service;
  if (state === "online") troubles.end(["lost", "stopped", "silent"], heardAt, key);
  else if (state === "silent") troubles.add({ what: "silent", service: key }, since);
  // Who was stopped before the page was opened is not missed.
  else if (lost || before) {
    if (before) troubles.end(["silent"], heardAt, key);
    troubles.add({ what: lost ? "lost" : "stopped", service: key }, before ? heardAt : since);
  }
}

/** Losses that any stream has now and then: a trouble only when there are as many as `MANY` within a minute. */
const OCCASIONAL: readonly string[] = ["stale", "clock", "busy", "out-of-order", "duplicate", "slow-page"];
const MANY = 10;

/** Drops have risen. */
export function troubleOfDrops(troubles: Troubles, service: ServiceRecord, rise: ReadonlyMap<string, number>): void {
  for (const [key, count] of rise) {
    const { part, reason } = splitDropKey(key);
    // A relay tells of each refusal itself, with its cause.
    const isTold = service.kind === "relay" && part !== "" && reason !== "too-many-sources";
    const isFew = OCCASIONAL.includes(reason) && (service.recentDrops.get(key) ?? 0) < MANY;
    if (!isWanted(reason) && !isTold && !isFew)
      troubles.add({ what: "drops", service: service.key, part, reason }, service.heardAt, count);
  }
}

/** A database that takes nothing: failed writes rise, whatever waits. */
export function troubleOfBacklog(troubles: Troubles, service: ServiceRecord): void {
  const { kind, key, stats, before, heardAt } = service;
  // Of what was before the page, nobody knows whether it is over; what goes on fails again soon.
  if (kind !== "metrics-sink" || !stats || !before) return;
  const failures = (stats.counters["failures"] ?? 0) - (before.counters["failures"] ?? 0);
  const written = (stats.counters["written"] ?? 0) - (before.counters["written"] ?? 0);
  const waiting = stats.gauges["waiting"] ?? 0;
  if (failures > 0) troubles.add({ what: "database", service: key, waiting }, heardAt, failures);
  else if (written > 0) troubles.end(["database"], heardAt, key);
}

/** A relay that was asked to switch and did not. */
export function troubleOfRefusal(
  troubles: Troubles,
  relay: string,
  { refused, cause, suppressed = 0 }: { refused: string; cause: RelayCause; suppressed?: number | undefined },
  at: number,
): void {
  troubles.add({ what: "refusal", relay, reason: refused, why: causeInWords(cause) }, at, 1 + suppressed);
}
