import { SERVICE_KINDS, type ServiceKind } from "@beckon/protocol";
import type { Service } from "@beckon/runtime";

/** A service whatever its configuration is: the one that parses it is the one that gets it. */
// biome-ignore lint/suspicious/noExplicitAny: C stands on both sides of a Service, so no narrower type takes all of them.
export type AnyService = Service<any>;

/** The one place that knows every service; each is loaded only when it is asked for. */
const LOADERS: Readonly<Partial<Record<ServiceKind, () => Promise<AnyService>>>> = {
  broker: async () => (await import("@beckon/broker")).createBrokerService(),
  "camera-publisher": async () => (await import("@beckon/camera-publisher")).cameraPublisher,
  classifier: async () => (await import("@beckon/classifier")).classifier,
  interpreter: async () => (await import("@beckon/interpreter")).interpreter,
  relay: async () => (await import("@beckon/relay")).relay,
  "metrics-sink": async () => (await import("@beckon/metrics-sink")).metricsSink,
};

/** Kinds that there are, in the order in which frames pass them. */
const KINDS: readonly ServiceKind[] = SERVICE_KINDS.filter((kind) => LOADERS[kind] !== undefined);

export async function loadService(kind: ServiceKind): Promise<AnyService> {
  const load = LOADERS[kind];
  if (!load) throw new Error(`there is no service ${kind}`);
  return load();
}

export function loadAllServices(): Promise<AnyService[]> {
  return Promise.all(KINDS.map(loadService));
}
