import type { ServiceStats } from "@beckon/protocol";

/** `silent`: it said nothing for so long that it may be stuck or cut off, and the broker has not noticed. */
export type ServiceState = "online" | "silent" | "offline";

/** What the page knows of one service. A new one takes its place whenever something changes. */
export interface ServiceRecord {
  /** `<kind>/<id>` */
  readonly key: string;
  readonly kind: string;
  readonly id: string;
  readonly state: ServiceState;
  /** Ms since the epoch at which it came into this state; undefined when nobody said. */
  readonly since: number | undefined;
  /** It is offline without having said so itself: the broker's last will. */
  readonly lost: boolean;
  readonly boot: string;
  readonly version: string | undefined;
  readonly host: string | undefined;
  /** By this browser's clock. */
  readonly heardAt: number;
  readonly stats?: ServiceStats;
  /** The stats before those, of the same life: rates come from the difference. */
  readonly before?: ServiceStats;
  /** Drops within the last minute, by `dropKey`; without those of none. */
  readonly recentDrops: ReadonlyMap<string, number>;
}

/** One reason in one part of a service; the part is empty for the service as a whole. */
function dropKey(part: string, reason: string): string {
  return `${part}/${reason}`;
}

/** @returns of `dropKey` */
export function splitDropKey(key: string): { readonly part: string; readonly reason: string } {
  const slash = key.indexOf("/");
  return { part: key.slice(0, slash), reason: key.slice(slash + 1) };
}

const MAX_PARTS = 64;
const MAX_DROPS = 256;

/** The parts that are shown, by name. */
export function partsOf({ parts }: ServiceStats): [string, ServiceStats["parts"][string]][] {
  return Object.entries(parts)
    .slice(0, MAX_PARTS)
    .sort(([one], [other]) => one.localeCompare(other));
}

/** Drops since the service's start, by `dropKey`; without those of none. */
export function dropsOf(stats: ServiceStats): ReadonlyMap<string, number> {
  const all = [["", stats] as const, ...partsOf(stats)].flatMap(([part, { drops }]) =>
    Object.entries(drops).map(([reason, count]) => [dropKey(part, reason), count] as const),
  );
  return new Map(all.filter(([, count]) => count > 0).slice(0, MAX_DROPS));
}

/**
 * How fast a counter grows, by the service's own uptime, which no change of a clock disturbs.
 *
 * @returns per second; undefined before the second stats
 */
export function rateOf({ stats, before }: ServiceRecord, part: string, counter: string): number | undefined {
  if (!stats || !before) return undefined;
  const seconds = stats.uptime - before.uptime;
  const figures = part === "" ? stats : stats.parts[part];
  const now = figures?.counters[counter];
  if (now === undefined || seconds <= 0) return undefined;
  const then = (part === "" ? before : before.parts[part])?.counters[counter] ?? 0;
  return Math.max(0, now - then) / seconds;
}
