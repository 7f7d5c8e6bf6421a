import type { ServiceStats } from "@beckon/protocol";
import { dropsOf } from "./service-record.ts";

const RECENT_MS = 60_000;
/** Stats come every 5 s: a minute and some to spare. */
const MAX_SNAPSHOTS = 16;

interface Snapshot {
  readonly at: number;
  readonly drops: ReadonlyMap<string, number>;
}

/** What a service dropped within the last minute, from counts that only ever rise within one life. */
export class RecentDrops {
  #snapshots: Snapshot[] = [];
  #boot = "";

  /**
   * @param at by this browser's clock
   * @returns `rise` since the stats before and `recent` within the last minute, by `dropKey`, without those of none
   */
  add(stats: ServiceStats, at: number): { rise: ReadonlyMap<string, number>; recent: ReadonlyMap<string, number> } {
    if (stats.boot !== this.#boot) {
      this.#boot = stats.boot;
      const startedAt = at - stats.uptime * 1000;
      // Of a service that was there before the page, nobody knows what of its drops is new.
      this.#snapshots = startedAt > at - RECENT_MS ? [{ at: startedAt, drops: new Map() }] : [];
    }
    const drops = dropsOf(stats);
    const last = this.#snapshots.at(-1);
    this.#snapshots = [...this.#snapshots, { at, drops }].slice(-MAX_SNAPSHOTS);
    // One older than the minute stays as what is counted from.
    while (this.#snapshots.length > 1 && (this.#snapshots[1]?.at ?? at) <= at - RECENT_MS) this.#snapshots.shift();
    const first = this.#snapshots[0]?.drops ?? drops;
    return { rise: increase(last?.drops ?? drops, drops), recent: increase(first, drops) };
  }
}

function increase(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const risen = [...now].map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const);
  return new Map(risen.filter(([, by]) => by > 0));
}
