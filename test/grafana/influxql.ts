/** A series of an answer of InfluxDB, as it comes. */
export interface Series {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | boolean | null)[])[];
}

/** Asks one query. */
export type Ask = (query: string) => Promise<readonly Series[]>;

interface Reply {
  readonly error?: string;
  readonly results?: readonly { readonly error?: string; readonly series?: readonly Series[] }[];
}

/** @throws with InfluxDB's words on what is no query, or names what is not there */
export function asking(url: string, database: string): Ask {
  return async (query) => {
    const body = new URLSearchParams({ q: query, db: database, epoch: "ms" });
    const reply = (await (await fetch(`${url}/query`, { method: "POST", body })).json()) as Reply;
    const error = reply.error ?? reply.results?.find((result) => result.error !== undefined)?.error;
    if (error !== undefined) throw new Error(error);
    return (reply.results ?? []).flatMap(({ series }) => series ?? []);
  };
}

/** Ms since the epoch. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** What a query is asked with. */
export interface Given extends TimeRange {
  /** Values of the dashboard's variables. */
  readonly variables: Readonly<Record<string, readonly string[]>>;
  /** Ms of a step. */
  readonly interval: number;
}

/**
 * Puts in what Grafana puts in: the time, the step, and in regular expressions the values of variables.
 *
 * @throws on a variable that the dashboard does not have, which Grafana would leave standing
 */
export function filledIn(query: string, { from, to, variables, interval }: Given): string {
  return query
    .replaceAll("$timeFilter", `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll("$__interval_ms", String(interval))
    .replaceAll("$__interval", `${interval}ms`)
    .replaceAll(/\$(\w+)/g, (_, name: string) => {
      const values = variables[name];
      if (!values) throw new Error(`there is no variable $${name}`);
      return `(${values.map((value) => value.replaceAll(/[^\w-]/g, "\\$&")).join("|")})`;
    });
}

/** @returns why an answer shows nothing, undefined when it shows something in each of its columns */
export function emptiness(series: readonly Series[]): string | undefined {
  if (series.length === 0) return "an empty answer";
  const columns = [...new Set(series.flatMap((one) => one.columns))].filter((column) => column !== "time");
  const empty = columns.find((column) => !series.some((one) => valuesOf(one, column).some((value) => value !== null)));
  if (empty !== undefined) return `nothing in the column "${empty}"`;
  const tags = [...new Set(series.flatMap((one) => Object.keys(one.tags ?? {})))];
  const missing = tags.find((tag) => series.every((one) => (one.tags?.[tag] ?? "") === ""));
  return missing === undefined ? undefined : `nothing has the tag "${missing}"`;
}

export function valuesOf({ columns, values }: Series, column: string): (string | number | boolean | null)[] {
  const index = columns.indexOf(column);
  return values.map((row) => row[index] ?? null);
}
