import { continuousQueries, policyStatements, quoted, RAW_POLICY, YEAR_POLICY } from "./downsampling.ts";
import type { InfluxClient } from "./influx-client.ts";

export interface InfluxSchemaOptions {
  readonly client: Pick<InfluxClient, "run" | "rows" | "version">;
  readonly database: string;
  /** Ms; a whole number of hours. */
  readonly rawRetention: number;
  readonly log: { info(message: string): void; warn(message: string): void };
}

const HOUR_MS = 3_600_000;

/** Database, retention policies and continuous queries: made where they are missing and the user may, else said. */
export class InfluxSchema {
  readonly #options: InfluxSchemaOptions;
  #prepared = false;
  #told = false;
  #downsamples = false;

  constructor(options: InfluxSchemaOptions) {
    this.#options = options;
  }

  /** Whether there is a long history to be filled. */
  get downsamples(): boolean {
    return this.#downsamples;
  }

  /** It is looked at again before the next write. */
  forget(): void {
    this.#prepared = false;
  }

  /** @throws what may pass: no answer, a password that is not right yet, no database and no right to make it */
  async prepare(): Promise<void> {
    if (this.#prepared) return;
    const { client } = this.#options;
    const version = await client.version();
    if (version === undefined || /^v?1\./.test(version)) await this.#prepareFirst();
    else this.#tellLater(version);
    this.#prepared = true;
  }

  async #prepareFirst(): Promise<void> {
    const { client, database, log } = this.#options;
    const create = `CREATE DATABASE ${quoted(database)}`;
    const databases = await this.#names("SHOW DATABASES");
    if (databases && !databases.has(database))
      await client.run(create).catch((cause: unknown) => {
        if (!isForbidden(cause)) throw cause;
        throw new Error(`there is no database ${database}, and this user may not make it; as an admin run: ${create}`, {
          cause,
        });
      });
    const missing = await this.#missing();
    try {
      for (const statement of missing ?? []) await client.run(statement);
      this.#downsamples = missing !== undefined;
      if (missing && missing.length > 0)
        log.info(`InfluxDB keeps points as they come for ${this.#retention}, and a line for each minute for a year`);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (!this.#told)
        log.warn(
          `this user of InfluxDB may not set up how long points are kept: as an admin run: ${(missing ?? []).join("; ")}`,
        );
      this.#told = true;
    }
  }

  /** @returns the statements that are still to be run, undefined where this cannot be seen */
  async #missing(): Promise<string[] | undefined> {
    const { database } = this.#options;
    const policies = await this.#names(`SHOW RETENTION POLICIES ON ${quoted(database)}`);
    const [raw, year] = policyStatements(database, this.#retention) as [string, string];
    const wanted = [...(policies?.has(RAW_POLICY) ? [] : [raw]), ...(policies?.has(YEAR_POLICY) ? [] : [year])];
    const queries = await this.#queries();
    return [
      ...wanted,
      ...continuousQueries(database)
        .filter(({ name }) => !queries?.has(name))
        .map(({ statement }) => statement),
    ];
  }

  async #queries(): Promise<ReadonlySet<string> | undefined> {
    const { client, database } = this.#options;
    try {
      // One series for each database, whose name the client does not tell: the statement itself names it.
      const rows = await client.rows("SHOW CONTINUOUS QUERIES");
      return new Set(
        rows
          .filter(
            ({ query }) =>
              String(query).includes(` ON ${database} `) || String(query).includes(` ON ${quoted(database)} `),
          )
          .map(({ name }) => String(name)),
      );
    } catch (error) {
      if (!isForbidden(error)) throw error;
      return undefined;
    }
  }

  /** @returns undefined where this user may not look */
  async #names(statement: string): Promise<ReadonlySet<string> | undefined> {
    try {
      return new Set((await this.#options.client.rows(statement)).map(({ name }) => String(name)));
    } catch (error) {
      if (!isForbidden(error)) throw error;
      return undefined;
    }
  }

  #tellLater(version: string): void {
    if (!this.#told)
      this.#options.log.info(
        `InfluxDB ${version} has no continuous queries: points are kept as long as the bucket or database says, and no line for each minute is made`,
      );
    this.#told = true;
  }

  get #retention(): string {
    const hours = Math.max(1, Math.round(this.#options.rawRetention / HOUR_MS));
    return hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`;
  }
}

/** `403`, or an answer of 200 that says it: "... not authorized to execute statement ..., requires admin privilege". */
function isForbidden(error: unknown): boolean {
  const { res, message = "" } = error as { res?: { statusCode?: number }; message?: string };
  return res?.statusCode === 403 || /not authorized|requires admin privilege/i.test(message);
}
