import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { InfluxDB, type IPoint } from "influx";

export interface InfluxTarget {
  /** `http://127.0.0.1:8086`, perhaps with a path. */
  readonly url: string;
  readonly database: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Ms without an answer after which a request has failed. */
  readonly timeout: number;
}

/** Downsampling a long range takes its time, ms. */
const QUERY_TIMEOUT_MS = 60_000;
/** What came before the cut may still be read for so long, ms. */
const AFTER_CUT_MS = 100;
/** Through its own back-off the client refuses to try at all; when to try again is decided where the points wait. */
const NO_BACK_OFF = { getDelay: () => 0, next: () => NO_BACK_OFF, reset: () => NO_BACK_OFF };

/**
 * The interface of InfluxDB 1.x, one request at a time on one connection. Every request ends, soon where the connection
 * does: the client itself waits for ever for the rest of an answer.
 */
export class InfluxClient {
  readonly #agent: HttpAgent;
  readonly #timeout: number;
  readonly #writing: InfluxDB;
  readonly #asking: InfluxDB;
  /** Of the request that is under way: its connection has ended. */
  #noteCut = (): void => {};

  constructor(target: InfluxTarget) {
    this.#agent = oneConnection(target.url, () => this.#noteCut);
    this.#timeout = target.timeout;
    this.#writing = clientOf(target, this.#agent);
    this.#asking = clientOf({ ...target, timeout: QUERY_TIMEOUT_MS }, this.#agent);
  }

  /** Times are in microseconds. */
  write(points: readonly IPoint[]): Promise<void> {
    return this.#ended(this.#timeout, () => this.#writing.writePoints([...points], { precision: "u" }));
  }

  /**
   * Runs statements that change something.
   *
   * @throws with InfluxDB's own words
   */
  async run(statement: string): Promise<void> {
    const answer: unknown = await this.#ended(QUERY_TIMEOUT_MS, () =>
      this.#asking.queryRaw(statement, { method: "POST" }),
    );
    const { results = [] } = answer as { results?: readonly { readonly error?: string }[] };
    const error = results.find((result) => result.error !== undefined)?.error;
    if (error !== undefined) throw new Error(error);
  }

  /** Rows of a `SHOW ...`. */
  async rows(statement: string): Promise<readonly Record<string, unknown>[]> {
    return [...(await this.#ended(this.#timeout, () => this.#writing.query<Record<string, unknown>>(statement)))];
  }

  /** `1.6.7`, undefined where it does not say. */
  async version(): Promise<string | undefined> {
    const [answer] = await this.#ended(this.#timeout, () => this.#writing.ping(this.#timeout));
    return answer?.version ?? undefined;
  }

  async #ended<T>(timeout: number, send: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const failed = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // What does not end holds the connection until it is cut.
        this.#agent.destroy();
        reject(new Error(`no whole answer within ${timeout} ms`));
      }, timeout);
      this.#noteCut = () =>
        setTimeout(() => reject(new Error("the connection was cut before its answer")), AFTER_CUT_MS);
    });
    // What the client throws at once is no different from what it rejects with.
    const request = (async () => send())();
    try {
      return await Promise.race([request, failed]);
    } finally {
      clearTimeout(timer);
      request.catch(() => undefined);
      failed.catch(() => undefined);
    }
  }
}

/** @param noteCut asked when a connection is given a request: what to call when the connection ends, even much later */
function oneConnection(url: string, noteCut: () => () => void): HttpAgent {
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = url.startsWith("https:") ? new HttpsAgent(options) : new HttpAgent(options);
  const connect = agent.createConnection.bind(agent);
  const reuse = agent.reuseSocket.bind(agent);
  // Where each answer closes its connection, the next request is there before that connection has ended.
  const carried = new WeakMap<Duplex, () => void>();
  agent.createConnection = (...how) => {
    const connection = connect(...how);
    if (connection) carried.set(connection, noteCut());
    return connection?.once("close", () => carried.get(connection)?.());
  };
  agent.reuseSocket = (connection, request) => {
    carried.set(connection, noteCut());
    reuse(connection, request);
  };
  return agent;
}

function clientOf({ url, database, username, password, timeout }: InfluxTarget, agent: HttpAgent): InfluxDB {
  const { protocol, hostname, port, pathname } = new URL(url);
  const https = protocol === "https:";
  return new InfluxDB({
    database,
    protocol: https ? "https" : "http",
    host: hostname,
    port: Number(port || (https ? 443 : 80)),
    path: pathname.replace(/\/$/, ""),
    // Left out, the client would say root:root; only null keeps it from it.
    username: (username ?? null) as string,
    password: password ?? "",
    pool: { maxRetries: 0, requestTimeout: timeout, backoff: NO_BACK_OFF },
    options: { agent },
  });
}
