import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";

/** As provisioning/datasources/beckon.yaml has it. */
export const DATA_SOURCE = { type: "influxdb", uid: "beckon-influx" } as const;

export interface QueryOptions {
  /** Of each series, such as `$tag_camera`. */
  readonly alias?: string;
  /** Rows as they are, for tables; series over time otherwise. */
  readonly table?: boolean;
}

/** The SDK has no InfluxDB: the few fields that its InfluxQL takes. */
interface InfluxTarget extends Dataquery {
  readonly refId: string;
  readonly datasource: typeof DATA_SOURCE;
  readonly query: string;
  readonly rawQuery: true;
  readonly resultFormat: "time_series" | "table";
  readonly alias?: string;
}

/** One query of a panel, in InfluxQL. Dashboard variables stand in it as `$name`, in regular expressions as `/^$name$/`. */
export class InfluxQuery implements Builder<Dataquery> {
  readonly #query: string;
  readonly #options: QueryOptions;

  constructor(query: string, options: QueryOptions = {}) {
    this.#query = query;
    this.#options = options;
  }

  /** @param refId A, B, ...: told apart in a panel by it */
  named(refId: string): Builder<Dataquery> {
    return { build: () => this.build(refId) };
  }

  build(refId = "A"): InfluxTarget {
    const { alias, table = false } = this.#options;
    return {
      refId,
      datasource: DATA_SOURCE,
      query: this.#query,
      rawQuery: true,
      resultFormat: table ? "table" : "time_series",
      ...(alias !== undefined && { alias }),
      _implementsDataqueryVariant: () => {},
    };
  }
}

export function influx(query: string, options?: QueryOptions): InfluxQuery {
  return new InfluxQuery(query, options);
}
