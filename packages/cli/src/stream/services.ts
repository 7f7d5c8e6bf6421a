import { SERVICE_KINDS, type ServiceKind } from "@beckon/protocol";
import type { Service } from "@beckon/runtime";

/** A service whatever its configuration is: the one that parses it is the one that gets it. */
// biome-ignore lint/suspicious/noExplicitAny: C stands on both sides of a Service, so no narrower type takes all of them.
export type AnyService = Service<any>;

/** The one place that knows every service; each is loaded only when it is asked for. */
const LOADERS: Readonly<Record<ServiceKind, () => Promise<AnyService>>> = {
  broker: async () => (await import("@beckon/broker")).createBrokerService(),
  "camera-publisher": async () => (await import("@beckon/camera-publisher")).cameraPublisher,
  classifier: async () => (await import("@beckon/classifier")).classifier,
  interpreter: async () => (await import("@beckon/interpreter")).interpreter,
  relay: async () => (await import("@beckon/relay")).relay,
  "metrics-sink": async () => (await import("@beckon/metrics-sink")).metricsSink,
  dashboard: async () => (await import("@beckon/dashboard")).dashboard,
};

export function loadService(kind: ServiceKind): Promise<AnyService> {
  return LOADERS[kind]();
}

/** In the order in which frames pass them. */
export function loadAllServices(): Promise<AnyService[]> {
  return Promise.all(SERVICE_KINDS.map(loadService));
}
