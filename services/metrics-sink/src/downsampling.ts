import type { Measurement } from "./point.ts";

/** Where points are kept as they came, and where a line for each minute is. */
export const RAW_POLICY = "raw";
export const YEAR_POLICY = "year";

/** Late points are still found by the continuous queries for so long, ms: `FOR 15m`, less what a run may be late. */
export const LOOKED_BACK_MS = 600_000;
const MINUTE_MS = 60_000;

/**
 * What is kept of each minute. Counts are sums, so that they can be summed further; percentiles and extremes are those of
 * the minute, which no average over minutes gives. Counters since the start of a service keep their last value.
 */
const KEPT: Readonly<Partial<Record<Measurement, string>>> = {
  result: [
    `count("confidence") AS "results"`,
    `sum("confidence") AS "confidence_sum"`,
    `min("confidence") AS "confidence_min"`,
    `sum("changed") AS "changed"`,
    `sum("unknown") AS "unknown"`,
    ...percentiles("ms_total"),
  ].join(", "),
  gesture: [`sum("starts") AS "starts"`, `sum("held_ms") AS "held_ms_sum"`, ...percentiles("ms_total")].join(", "),
  text: `count("length") AS "texts", last("length") AS "length"`,
  relay_switch: [
    `count("on") AS "switches"`,
    `sum("on") AS "switched_on"`,
    `last("on") AS "on"`,
    ...percentiles("ms_total"),
  ].join(", "),
  relay_refusal: `sum("refusals") AS "refusals"`,
  status: `last("online") AS "online", min("online") AS "online_min"`,
  process: [
    `count("cpu") AS "samples"`,
    `sum("cpu") AS "cpu_sum"`,
    `max("cpu") AS "cpu_max"`,
    `max("memory") AS "memory_max"`,
    `max("event_loop_delay") AS "event_loop_delay_max"`,
  ].join(", "),
  counters: "last(*)",
  drops: `last("count") AS "count", sum("new") AS "new"`,
  gauges: "max(*)",
  latency: "max(*)",
};

function percentiles(field: string): string[] {
  const of = (percent: number): string => `percentile("${field}", ${percent}) AS "${field}_p${percent}"`;
  return [of(50), of(95), of(99), `max("${field}") AS "${field}_max"`];
}

/** Everything that InfluxDB 1.x is told once, in order. */
export function policyStatements(database: string, rawRetention: string): string[] {
  const on = quoted(database);
  return [
    `CREATE RETENTION POLICY ${quoted(RAW_POLICY)} ON ${on} DURATION ${rawRetention} REPLICATION 1 SHARD DURATION 1d DEFAULT`,
    `CREATE RETENTION POLICY ${quoted(YEAR_POLICY)} ON ${on} DURATION 365d REPLICATION 1 SHARD DURATION 7d`,
  ];
}

/** Each looks back 15 minutes every minute, for points come late. */
export function continuousQueries(database: string): { readonly name: string; readonly statement: string }[] {
  return Object.entries(KEPT).map(([measurement, kept]) => {
    const name = `minute_${measurement}`;
    const select = selectInto(database, measurement, kept);
    const statement = `CREATE CONTINUOUS QUERY ${quoted(name)} ON ${quoted(database)} RESAMPLE EVERY 1m FOR 15m BEGIN ${select} GROUP BY time(1m), * END`;
    return { name, statement };
  });
}

/** The same for a range, rounded to whole minutes on both sides. Running it again gives the same. */
export function downsamplingOf(
  database: string,
  { from, to }: { readonly from: number; readonly to: number },
): string[] {
  const since = Math.floor(from / MINUTE_MS) * MINUTE_MS;
  const until = (Math.floor(to / MINUTE_MS) + 1) * MINUTE_MS;
  const where = `WHERE time >= ${since}ms AND time < ${until}ms`;
  return Object.entries(KEPT).map(
    ([measurement, kept]) => `${selectInto(database, measurement, kept)} ${where} GROUP BY time(1m), *`,
  );
}

function selectInto(database: string, measurement: string, kept: string): string {
  const [from, into] = [RAW_POLICY, YEAR_POLICY].map((policy) => [database, policy, measurement].map(quoted).join("."));
  return `SELECT ${kept} INTO ${into} FROM ${from}`;
}

/** @returns as InfluxQL takes it */
export function quoted(name: string): string {
  return `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
}
