import { SERVICE_KINDS, type ServiceStats, type ServiceStatus } from "@beckon/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import type { PageBus, PageMessage } from "../bus/page-bus.ts";
import { RecentDrops } from "./recent-drops.ts";
import type { ServiceRecord } from "./service-record.ts";

/** Stats come every 5 s: this is three of them. */
const SILENT_MS = 15_000;
/** Names in topics are made up by whoever may publish. */
export const MAX_SERVICES = 64;

export interface Services {
  /** In the order of `SERVICE_KINDS`, others after them, then by id. */
  readonly all: ReadonlySignal<readonly ServiceRecord[]>;
  /** Looks who has become silent. Not to be called while the page itself is cut off. */
  judge(now: number): void;
  /** Nobody could be heard until now, so that nobody was silent. */
  excuse(now: number): void;
}

export interface ServicesHear {
  /** A service has come into another state; `before` is undefined for one that was not known. */
  changed(service: ServiceRecord, before: ServiceRecord | undefined): void;
  /** New stats have come; `rise`: drops since the stats before, by `dropKey`. */
  heard(service: ServiceRecord, rise: ReadonlyMap<string, number>): void;
}

/** Follows `status` and `stats` of all services. */
export function followServices(bus: PageBus, hear: ServicesHear): Services {
  const records = new Map<string, ServiceRecord>();
  const recentDrops = new Map<string, RecentDrops>();
  const all = signal<readonly ServiceRecord[]>([]);

  const put = (record: ServiceRecord): void => {
    const before = records.get(record.key);
    records.set(record.key, record);
    all.value = [...records.values()].sort(inOrder);
    if (before?.state !== record.state) hear.changed(record, before);
  };
  /** Where all places are taken, the one that is away for longest gives up its own. */
  const hasPlace = (key: string): boolean => {
    if (records.has(key) || records.size < MAX_SERVICES) return true;
    const away = [...records.values()].filter(({ state }) => state !== "online");
    const [longest] = away.sort((one, other) => one.heardAt - other.heardAt);
    if (longest) {
      records.delete(longest.key);
      recentDrops.delete(longest.key);
    }
    return longest !== undefined;
  };

  const heardStatus = ({ names, value, retained, arrivedAt }: PageMessage<ServiceStatus, "kind" | "id">): void => {
    const { key, ...name } = named(names);
    if (!hasPlace(key)) return;
    const before = records.get(key);
    const fresh = before !== undefined && before.state === "online" && arrivedAt - before.heardAt < SILENT_MS;
    // The last will of an earlier connection, whose successor is well.
    if (value.state === "offline" && fresh && value.boot !== before.boot) return;
    const same = before !== undefined && before.boot === value.boot;
    // Kept from when it was well: whoever is silent since does not speak by it.
    if (retained && same && value.state === "online" && before.state !== "offline") return;
    put({
      ...(same && before),
      key,
      ...name,
      state: value.state,
      since: same && before.state === value.state ? before.since : (value.at ?? (retained ? undefined : arrivedAt)),
      // A will was written before it was needed, and so has no time.
      lost: value.state === "offline" && value.at === undefined,
      boot: value.boot,
      version: value.version ?? before?.version,
      host: value.host ?? before?.host,
      heardAt: arrivedAt,
      recentDrops: same ? before.recentDrops : new Map(),
    });
  };

  const heardStats = ({ names, value, arrivedAt }: PageMessage<ServiceStats, "kind" | "id">): void => {
    const { key, ...name } = named(names);
    if (!hasPlace(key)) return;
    const before = records.get(key);
    // Where subscriptions overlap, a broker may send a message for each.
    if (before?.stats?.boot === value.boot && before.stats.uptime === value.uptime) return;
    const drops = recentDrops.get(key) ?? new RecentDrops();
    recentDrops.set(key, drops);
    const { rise, recent } = drops.add(value, arrivedAt);
    const earlier = before?.boot === value.boot ? before.stats : undefined;
    const record: ServiceRecord = {
      key,
      ...name,
      state: "online",
      since: sinceOf(before, value, arrivedAt),
      lost: false,
      boot: value.boot,
      version: value.version,
      host: value.host,
      heardAt: arrivedAt,
      stats: value,
      ...(earlier && { before: earlier }),
      recentDrops: recent,
    };
    put(record);
    hear.heard(record, rise);
  };

  bus.subscribe(bus.topics.status.matching(), heardStatus);
  bus.subscribe(bus.topics.stats.matching(), heardStats);
  return {
    all,
    judge: (now) => {
      for (const record of records.values())
        if (record.state === "online" && now - record.heardAt >= SILENT_MS)
          put({ ...record, state: "silent", since: record.heardAt });
    },
    excuse: (now) => {
      for (const [key, record] of records) records.set(key, { ...record, heardAt: now });
    },
  };
}

function named({ kind, id }: Readonly<Record<"kind" | "id", string>>): Pick<ServiceRecord, "key" | "kind" | "id"> {
  return { key: `${kind}/${id}`, kind, id };
}

function inOrder(one: ServiceRecord, other: ServiceRecord): number {
  return (
    rank(one) - rank(other) ||
    one.kind.localeCompare(other.kind) ||
    one.id.localeCompare(other.id, "en", { numeric: true })
  );
}

/** Since when a service is online that has just sent its stats. */
function sinceOf(
  before: ServiceRecord | undefined,
  { boot, uptime }: ServiceStats,
  arrivedAt: number,
): number | undefined {
  if (before?.boot !== boot) return arrivedAt - uptime * 1000;
  return before.state === "online" ? before.since : arrivedAt;
}

function rank({ kind }: ServiceRecord): number {
  const index = (SERVICE_KINDS as readonly string[]).indexOf(kind);
  return index < 0 ? SERVICE_KINDS.length : index;
}
