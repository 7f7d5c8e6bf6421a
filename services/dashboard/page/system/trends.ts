import { type ReadonlySignal, signal } from "@preact/signals";
import { rateOf, type ServiceRecord } from "./service-record.ts";

export const SAMPLE_MS = 5000;
export const SPAN_MS = 600_000;
const MAX_SAMPLES = SPAN_MS / SAMPLE_MS;
/** More could not be told apart. */
const MAX_LINES = 6;

/** A few lines over the last 10 minutes. */
export interface Trend {
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

export interface Trends {
  /** Of the busiest process of each host, in percent of one core. */
  readonly cpu: ReadonlySignal<Trend>;
  /** Per second, by model. */
  readonly results: ReadonlySignal<Trend>;
  sample(services: readonly ServiceRecord[], now: number): void;
}

const EMPTY: Trend = { times: [], lines: [] };

export function createTrends(): Trends {
  const cpu = signal(EMPTY);
  const results = signal(EMPTY);
  return {
    cpu,
    results,
    sample: (services, now) => {
      const online = services.filter(({ state }) => state === "online");
      cpu.value = longer(cpu.peek(), now, cpuByHost(online));
      results.value = longer(results.peek(), now, resultsByModel(online));
    },
  };
}

function cpuByHost(services: readonly ServiceRecord[]): ReadonlyMap<string, number> {
  const hosts = new Map<string, number>();
  // Several services may share a process, and nothing says which: their largest figure is that of a process, a sum is not.
  for (const { stats } of services)
    if (stats) hosts.set(stats.host, Math.max(hosts.get(stats.host) ?? 0, stats.process.cpu));
  return hosts;
}

function resultsByModel(services: readonly ServiceRecord[]): ReadonlyMap<string, number> {
  const models = new Map<string, number>();
  for (const service of services)
    if (service.kind === "classifier")
      for (const model of Object.keys(service.stats?.parts ?? {})) {
        const rate = rateOf(service, model, "results");
        if (rate !== undefined) models.set(model, (models.get(model) ?? 0) + rate);
      }
  return models;
}

function longer({ times, lines }: Trend, now: number, values: ReadonlyMap<string, number>): Trend {
  const names = new Set([...lines.map(({ name }) => name), ...values.keys()]);
  const gap = times.map(() => null);
  const known = new Map(lines.map(({ name, values: old }) => [name, old]));
  return {
    times: [...times, now / 1000].slice(-MAX_SAMPLES),
    lines: [...names]
      .map((name) => ({ name, values: [...(known.get(name) ?? gap), values.get(name) ?? null].slice(-MAX_SAMPLES) }))
      .filter((line) => line.values.some((value) => value !== null))
      .slice(0, MAX_LINES),
  };
}
