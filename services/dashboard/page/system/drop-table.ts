import { dropsOf, type ServiceRecord, splitDropKey } from "./service-record.ts";

/** Drops of one reason in one part of one service. */
export interface DropPlace {
  readonly service: ServiceRecord;
  /** Empty for the service as a whole. */
  readonly part: string;
  readonly total: number;
  readonly recent: number;
}

/** Drops of one reason, wherever they happen. */
export interface DropRow {
  readonly reason: string;
  /** Since each service's start. */
  readonly total: number;
  /** Within the last minute, as far as this page was there. */
  readonly recent: number;
  /** The busiest first. */
  readonly places: readonly DropPlace[];
}

/** Losses that keep the stream up to date: as it should be, and no reason to worry. */
const WANTED: readonly string[] = ["superseded", "paced"];

export function isWanted(reason: string): boolean {
  return WANTED.includes(reason);
}

/** By reason: first what rises now, then what is most; what is as it should be comes last. */
export function dropTable(services: readonly ServiceRecord[]): readonly DropRow[] {
  const places = new Map<string, DropPlace[]>();
  for (const service of services) {
    if (!service.stats) continue;
    for (const [key, total] of dropsOf(service.stats)) {
      const { part, reason } = splitDropKey(key);
      const place = { service, part, total, recent: service.recentDrops.get(key) ?? 0 };
      places.set(reason, [...(places.get(reason) ?? []), place]);
    }
  }
  return [...places]
    .map(([reason, found]) => ({
      reason,
      total: sum(found.map(({ total }) => total)),
      recent: sum(found.map(({ recent }) => recent)),
      places: found.sort(busiestFirst),
    }))
    .sort((one, other) => Number(isWanted(one.reason)) - Number(isWanted(other.reason)) || busiestFirst(one, other));
}

function busiestFirst(one: Pick<DropRow, "recent" | "total">, other: Pick<DropRow, "recent" | "total">): number {
  return other.recent - one.recent || other.total - one.total;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
