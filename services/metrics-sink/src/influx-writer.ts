import { InfluxDB, type IPoint } from "influx";
import type { FieldValue, Point } from "./point.ts";
import type { PointWriter } from "./point-writer.ts";

export interface InfluxTarget {
  /** `http://127.0.0.1:8086`, perhaps with a path. */
  readonly url: string;
  readonly database: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Ms without an answer after which a write has failed. */
  readonly timeout: number;
}

/** Through its own back-off the client refuses to try at all; when to try again is decided where the points wait. */
const NO_BACK_OFF = { getDelay: () => 0, next: () => NO_BACK_OFF, reset: () => NO_BACK_OFF };

/** InfluxDB 1.x, and later ones through their interface of 1.x. */
export function createInfluxWriter(target: InfluxTarget): PointWriter {
  const { database } = target;
  const client = clientOf(target);
  const write = async (points: readonly Point[], again = false): ReturnType<PointWriter["write"]> => {
    try {
      await client.writePoints(points.map(influxPoint), { precision: "u" });
      return { refused: 0 };
    } catch (error) {
      const status = statusOf(error);
      if (status === 400) return { refused: refusedOf(error, points.length), reason: reasonOf(error) };
      if (status === 413 && points.length > 1) return inHalves(points, write);
      if (status !== 404 || again) throw new Error(reasonOf(error), { cause: error });
    }
    // It answers "database not found" until somebody makes it.
    await client.createDatabase(database).catch((cause: unknown) => {
      throw new Error(`there is no database ${database}, and it cannot be made: ${reasonOf(cause)}`, { cause });
    });
    return write(points, true);
  };
  return { target: `${target.url}, database ${database}`, write: (points) => write(points) };
}

function clientOf({ url, database, username, password, timeout }: InfluxTarget): InfluxDB {
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
  });
}

function influxPoint({ measurement, tags, fields, time }: Point): IPoint {
  const written = Object.entries(fields).map(([name, value]) => [name, fieldValue(value)] as const);
  return { measurement, tags: { ...tags }, fields: Object.fromEntries(written), timestamp: String(time) };
}

/** The client escapes strings itself, but doubles a backslash before an apostrophe; what is no string it writes as it is. */
function fieldValue(value: FieldValue): number | { toString(): string } {
  if (typeof value === "number") return value;
  const quoted = `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
  return { toString: () => quoted };
}

async function inHalves(points: readonly Point[], write: PointWriter["write"]): ReturnType<PointWriter["write"]> {
  const middle = Math.ceil(points.length / 2);
  const first = await write(points.slice(0, middle));
  const second = await write(points.slice(middle));
  const reason = first.reason ?? second.reason;
  return { refused: first.refused + second.refused, ...(reason === undefined ? {} : { reason }) };
}

function statusOf(error: unknown): number | undefined {
  return (error as { res?: { statusCode?: number } }).res?.statusCode;
}

/** `partial write: field type conflict: ... dropped=3`: the others were written. */
function refusedOf(error: unknown, all: number): number {
  const dropped = /partial write: .*dropped=(\d+)/s.exec(String(error))?.[1];
  return dropped === undefined ? all : Math.min(all, Number(dropped));
}

const MAX_REASON = 200;

/** In one line, and without the lines that InfluxDB quotes. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return (message || code || String(error)).replaceAll(/\s+/g, " ").slice(0, MAX_REASON);
}
