import type { Figures } from "@beckon/protocol";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Monitored } from "./monitor.ts";

/** Seconds. Half a frame at 30 fps and below is where this stream lives; a relay refuses what is older than 1 s. */
const STAGE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** How finely Node's own figures sample the delay of the event loop, ms; at its default of 10 it costs twice as much. */
const EVENT_LOOP_PRECISION_MS = 20;
const MS_PER_SECOND = 1000;

const WHOSE = ["service", "instance", "part"] as const;
/** Of every counter: one that happened to be named "drops" would otherwise clash with the drops. */
const COUNTED = [...WHOSE, "reason"];
type Whose = Readonly<Record<(typeof WHOSE)[number], string>>;

/**
 * What the `Stats` of all services of a process hold, in the words of Prometheus. Everything but the latencies is read
 * when it is asked for; those are observed as they come.
 */
export class PrometheusFigures {
  readonly #process = new Registry();
  readonly #stages: Histogram<(typeof WHOSE)[number] | "stage">;
  readonly #services = new Set<Monitored>();

  constructor() {
    collectDefaultMetrics({ register: this.#process, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
    this.#stages = new Histogram({
      name: "beckon_stage_seconds",
      help: "Time by stage; total is the whole way",
      labelNames: [...WHOSE, "stage"],
      buckets: STAGE_BUCKETS,
      registers: [this.#process],
    });
  }

  get contentType(): string {
    return this.#process.contentType;
  }

  /** @returns forgets the service */
  watch(service: Monitored): () => void {
    const { stats, service: kind, instance } = service;
    this.#services.add(service);
    stats.onEveryTime((part, stage, ms) => {
      // Two clocks may make a time negative, or none at all: one NaN would spoil the sum for ever.
      const seconds = Math.max(ms, 0) / MS_PER_SECOND || 0;
      this.#stages.observe({ service: kind, instance, part, stage }, seconds);
    });
    return () => this.#services.delete(service);
  }

  /** In Prometheus's text format. */
  async text(): Promise<string> {
    // Made anew each time: the figures live in the stats, and what is no longer there is no longer shown.
    const now = new Registry();
    for (const service of this.#services) write(new Page(now), service);
    return Registry.merge([this.#process, now]).metrics();
  }

  close(): void {
    this.#services.clear();
    this.#process.clear();
  }
}

function write(page: Page, { service, instance, version, stats, isConnected, isReady }: Monitored): void {
  const { parts, facts, ...whole } = stats.readAll();
  const own: Whose = { service, instance, part: "" };
  page.gauge("beckon_info", "What runs", { ...own, version }, 1);
  page.gauge("beckon_connected", "1 while connected to the broker", own, isConnected() ? 1 : 0);
  page.gauge("beckon_ready", "1 while everything of the service runs", own, isReady() ? 1 : 0);
  // From the start on, so that the first one is seen as an increase.
  page.counter("beckon_reconnects_total", "Connections to the broker after the first", own, 0);
  for (const [fact, value] of Object.entries(facts))
    page.gauge("beckon_fact_info", "Facts in words, such as models and engines", { ...own, fact, value }, 1);
  writeFigures(page, whole, own);
  for (const [part, figures] of Object.entries(parts)) writeFigures(page, figures, { ...own, part });
}

function writeFigures(page: Page, { counters, drops, gauges }: Omit<Figures, "latency">, whose: Whose): void {
  for (const [name, count] of Object.entries(counters))
    page.counter(`beckon_${snake(name)}_total`, `Count of ${name} since the start`, whose, count);
  for (const [reason, count] of Object.entries(drops))
    page.counter("beckon_drops_total", "Dropped, by reason", { ...whose, reason }, count);
  for (const [name, value] of Object.entries(gauges))
    page.gauge(`beckon_value_${snake(name)}`, `${name} now`, whose, value);
}

/** Metrics of one answer, made when they are first written to. */
class Page {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    const metric = (this.#registry.getSingleMetric(name) ??
      new Counter({ name, help, labelNames: COUNTED, registers: [this.#registry] })) as Counter;
    metric.inc({ ...labels }, value);
  }

  gauge(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    const metric = (this.#registry.getSingleMetric(name) ??
      new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] })) as Gauge;
    metric.set({ ...labels }, value);
  }
}

/** `inHand` and `too-large` as Prometheus writes names: `in_hand`, `too_large`. */
function snake(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toLowerCase();
}
