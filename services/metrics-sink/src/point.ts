import { crc32 } from "node:zlib";

/**
 * Everything that is written, closed: what a name in InfluxDB is must not be up to whoever publishes. User text (what was
 * spelled, words of rules) is a field, never a tag: each value of a tag is a series that stays.
 */
export type Measurement =
  | "result"
  | "model_swap"
  | "gesture"
  | "text"
  | "relay_switch"
  | "relay_refusal"
  | "status"
  | "process"
  | "facts"
  | "counters"
  | "drops"
  | "gauges"
  | "latency";

export type Tag = "camera" | "model" | "label" | "relay" | "service" | "instance" | "part" | "reason";

export type FieldValue = number | string;

/** One row, ready to be written. */
export interface Point {
  readonly measurement: Measurement;
  readonly tags: Readonly<Partial<Record<Tag, string>>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Microseconds since the epoch, a whole number. */
  readonly time: number;
}

export interface RawPoint {
  readonly measurement: Measurement;
  readonly tags: Readonly<Partial<Record<Tag, string | undefined>>>;
  readonly fields: Readonly<Record<string, FieldValue | undefined>>;
  readonly time: number;
}

/** @returns nothing for a point without a field that InfluxDB takes, else one point of what it takes */
export function pointOf({ measurement, tags, fields, time }: RawPoint): Point[] {
  const taken: [string, FieldValue][] = [];
  for (const [name, value] of Object.entries(fields)) if (isWritable(value)) taken.push([fieldName(name), value]);
  return taken.length === 0 ? [] : [{ measurement, tags: cleanTags(tags), fields: Object.fromEntries(taken), time }];
}

function isWritable(value: FieldValue | undefined): value is FieldValue {
  return typeof value === "number" ? Number.isFinite(value) : value !== undefined;
}

/** InfluxDB keeps `time` for itself and refuses the whole line. */
function fieldName(name: string): string {
  return name === "time" ? "time_" : name;
}

/** What no tag may hold or begin or end with. */
const UNCLEAN = /[\p{C}\\]|^\s|\s$/u;

/** InfluxDB refuses an empty tag, and one that ends with a backslash; a line break would begin another point. */
function cleanTags(tags: RawPoint["tags"]): Point["tags"] {
  const cleaned: [string, string][] = [];
  for (const [name, value] of Object.entries(tags)) {
    const clean = value && (UNCLEAN.test(value) ? cleanedTag(value) : value);
    if (clean) cleaned.push([name, clean]);
  }
  return Object.fromEntries(cleaned);
}

function cleanedTag(value: string): string {
  return value.replaceAll(/\p{C}/gu, " ").replaceAll("\\", "/").trim();
}

/** A sender whose clock is further off than that is not believed, in ms: its points would lie where nobody looks. */
const MAX_CLOCK_ERROR_MS = 3_600_000;
const MICROSECONDS = 1000;

/**
 * The time of a point in microseconds. Points of one ms are told apart by the sequence number, or, where there is none,
 * by what the sender says below the ms: so none takes the place of another, and a point that is written twice is one point.
 *
 * @param at ms since the epoch by the sender's clock
 * @param arrivedAt the same by ours
 */
export function timeOf(at: number | undefined, arrivedAt: number, seq?: number): number {
  const believed = at !== undefined && Math.abs(at - arrivedAt) <= MAX_CLOCK_ERROR_MS ? at : arrivedAt;
  if (seq === undefined) return Math.round(believed * MICROSECONDS);
  return Math.floor(believed) * MICROSECONDS + (seq % MICROSECONDS);
}

/**
 * For what has no sequence number and comes seldom: by its content, so that the same event is the same point and two
 * events of one ms are two.
 */
export function seqOf(content: unknown): number {
  return crc32(JSON.stringify(content));
}
