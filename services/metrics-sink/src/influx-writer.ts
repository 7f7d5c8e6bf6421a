import type { IPoint } from "influx";
import { downsamplingOf } from "./downsampling.ts";
import { InfluxClient, type InfluxTarget } from "./influx-client.ts";
import { InfluxSchema } from "./influx-schema.ts";
import type { Point } from "./point.ts";
import type { PointWriter, WriteOutcome } from "./point-writer.ts";
import type { TimeRange } from "./spool/position.ts";

export interface InfluxWriterOptions extends InfluxTarget {
  /** How long InfluxDB keeps points as they came, ms. */
  readonly rawRetention: number;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/** A range is downsampled in parts of so many ms, so that no one query is long. */
const DOWNSAMPLED_AT_ONCE_MS = 3_600_000;

/** InfluxDB 1.x, and later ones through their interface of 1.x. */
export function createInfluxWriter(options: InfluxWriterOptions): PointWriter {
  const { url, database, log, rawRetention } = options;
  const client = new InfluxClient(options);
  const schema = new InfluxSchema({ client, database, log, rawRetention });
  const write = async (points: readonly Point[], again = false): Promise<WriteOutcome> => {
    try {
      await schema.prepare();
      await client.write(points.map(influxPoint));
      return { kind: "written" };
    } catch (error) {
      const status = statusOf(error);
      if (status === 400 || status === 413) return refusal(error);
      if (status !== 404 || again) throw new Error(reasonOf(error), { cause: error });
    }
    // "Database not found": somebody dropped it since.
    schema.forget();
    return write(points, true);
  };
  const downsample = async (range: TimeRange): Promise<void> => {
    if (!schema.downsamples) return;
    for (let from = range.from; from <= range.to; from += DOWNSAMPLED_AT_ONCE_MS) {
      const to = Math.min(range.to, from + DOWNSAMPLED_AT_ONCE_MS - 1);
      for (const statement of downsamplingOf(database, { from, to })) await client.run(statement);
    }
  };
  return { target: `${url}, database ${database}`, write: (points) => write(points), downsample };
}

function influxPoint({ measurement, tags, fields, time }: Point): IPoint {
  const written: IPoint["fields"] = { ...fields };
  for (const [name, value] of Object.entries(fields)) if (typeof value === "string") written[name] = fieldText(value);
  return { measurement, tags: { ...tags }, fields: written, timestamp: String(time) };
}

/** The client escapes strings itself, but doubles a backslash before an apostrophe; what is no string it writes as it is. */
function fieldText(value: string): { toString(): string } {
  const quoted = `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
  return { toString: () => quoted };
}

function statusOf(error: unknown): number | undefined {
  return (error as { res?: { statusCode?: number } }).res?.statusCode;
}

/** `partial write: points beyond retention policy dropped=3`: the others were written. */
function refusal(error: unknown): WriteOutcome {
  const reason = reasonOf(error);
  const dropped = /partial write: .*dropped=(\d+)/s.exec(String(error))?.[1];
  const points = dropped === undefined ? undefined : Number(dropped);
  if (points !== undefined && points > 0 && /beyond retention/.test(reason)) return { kind: "too-old", points, reason };
  return { kind: "refused", reason, ...(points ? { points } : {}) };
}

const MAX_REASON = 200;

/** In one line, and without the lines that InfluxDB quotes. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return (message || code || String(error)).replaceAll(/\s+/g, " ").slice(0, MAX_REASON);
}
