import type { ServiceKind, Settings } from "@beckon/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import type { PageBus } from "../bus/page-bus.ts";

export interface KnownService {
  readonly kind: ServiceKind;
  readonly id: string;
  readonly online: boolean;
  /** The values in force, as it says them itself: anything, by its own schema. */
  readonly config: Settings;
}

const KINDS: readonly ServiceKind[] = ["camera-publisher", "classifier", "relay"];
const MAX_SERVICES = 64;

/** Who has which camera and which relay: the services that say so in their configuration. */
export function createServices(bus: PageBus): ReadonlySignal<readonly KnownService[]> {
  const known = signal<readonly KnownService[]>([]);
  const learn = (kind: string, id: string, news: Partial<KnownService>): void => {
    const place = known.peek().findIndex((service) => service.kind === kind && service.id === id);
    const before = known.peek()[place] ?? { kind: kind as ServiceKind, id, online: true, config: {} };
    if (place < 0 && known.peek().length >= MAX_SERVICES) return;
    const next = { ...before, ...news };
    known.value = place < 0 ? [...known.peek(), next] : known.peek().with(place, next);
  };
  bus.subscribe(bus.topics.status.matching({ kind: KINDS }), ({ names, value }) =>
    learn(names.kind, names.id, { online: value.state === "online" }),
  );
  bus.subscribe(bus.topics.serviceConfig.matching({ kind: KINDS }), ({ names, value }) =>
    learn(names.kind, names.id, { config: value }),
  );
  return known;
}

/** What a configuration has at a path; undefined where it has none, whatever it is made of. */
export function settingAt(config: Settings, ...path: readonly string[]): unknown {
  let value: unknown = config;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}
