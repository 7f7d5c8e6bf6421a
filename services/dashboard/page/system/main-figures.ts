import type { LatencySummary } from "@beckon/protocol";
import { partsOf, rateOf, type ServiceRecord } from "./service-record.ts";

/** What a figure is called; `words.system.figures` has each in words. */
export type FigureName = (typeof SPECS)[keyof typeof SPECS][number]["name"];

/** One of the figures that say at a glance how a service does. */
export type Figure =
  | {
      readonly name: FigureName;
      readonly part: string;
      readonly kind: "number" | "rate" | "bytes" | "switch";
      readonly value: number;
    }
  | { readonly name: FigureName; readonly part: string; readonly kind: "latency"; readonly value: LatencySummary }
  | { readonly name: FigureName; readonly part: string; readonly kind: "text"; readonly value: string };

interface Spec<N extends string> {
  readonly name: N;
  readonly from: "gauge" | "counter" | "rate" | "latency" | "fact" | "bytes" | "switch";
  /** As the service calls it. */
  readonly measure: string;
  /** Of each part, instead of the whole service. */
  readonly parts?: true;
}

const spec = <const N extends string>(name: N, from: Spec<N>["from"], measure: string, parts?: "parts"): Spec<N> => ({
  name,
  from,
  measure,
  ...(parts && { parts: true }),
});

/** What counts of each kind of service, by the names that the services give. */
const SPECS = {
  broker: [
    spec("clients", "gauge", "clients"),
    spec("logins", "counter", "logins"),
    spec("retained", "gauge", "retained"),
  ],
  "camera-publisher": [
    spec("fps", "rate", "published", "parts"),
    spec("publish", "latency", "publish", "parts"),
    spec("sources", "fact", "sources"),
    spec("restarts", "counter", "restarts", "parts"),
  ],
  classifier: [
    spec("models", "fact", "models"),
    spec("results", "rate", "results", "parts"),
    spec("total", "latency", "total", "parts"),
  ],
  interpreter: [
    spec("interpreted", "rate", "interpreted", "parts"),
    spec("gestures", "counter", "started", "parts"),
    spec("letters", "counter", "letters"),
  ],
  relay: [
    spec("on", "switch", "on", "parts"),
    spec("switched", "counter", "switched", "parts"),
    spec("total", "latency", "total", "parts"),
  ],
  "metrics-sink": [
    spec("waiting", "gauge", "waiting"),
    spec("points", "rate", "points"),
    spec("written", "counter", "written"),
    spec("failures", "counter", "failures"),
    spec("spool", "bytes", "spoolBytes"),
  ],
  dashboard: [
    spec("pages", "gauge", "pages"),
    spec("logins", "counter", "logins"),
    spec("requests", "counter", "requests"),
  ],
} as const;

/** @returns nothing for a kind that is not known, or before its first stats */
export function mainFigures(service: ServiceRecord): readonly Figure[] {
  const { stats, kind } = service;
  const specs: readonly Spec<FigureName>[] = Object.hasOwn(SPECS, kind) ? SPECS[kind as keyof typeof SPECS] : [];
  if (!stats) return [];
  const parts = partsOf(stats).map(([part]) => part);
  return specs.flatMap((each) =>
    (each.parts ? parts : [""]).map((part) => figureOf(service, each, part)).filter((figure) => figure !== undefined),
  );
}

function figureOf(service: ServiceRecord, { name, from, measure }: Spec<FigureName>, part: string): Figure | undefined {
  const { stats } = service;
  if (from === "fact") {
    const value = stats?.facts?.[measure];
    return value === undefined ? undefined : { name, part, kind: "text", value };
  }
  const figures = part === "" ? stats : stats?.parts[part];
  if (from === "latency") {
    const value = figures?.latency[measure];
    // A relay that did not switch since the last stats has nothing to tell.
    return value && value.count > 0 ? { name, part, kind: "latency", value } : undefined;
  }
  if (from === "rate") {
    const value = rateOf(service, part, measure);
    return value === undefined ? undefined : { name, part, kind: "rate", value };
  }
  const value = from === "counter" ? figures?.counters[measure] : figures?.gauges[measure];
  return value === undefined
    ? undefined
    : { name, part, kind: from === "bytes" || from === "switch" ? from : "number", value };
}
