import { crc32 } from "node:zlib";
import type { Point } from "../point.ts";

/** A point in the spool. Sequence numbers rise, and are never given again to another point. */
export interface Entry {
  readonly seq: number;
  readonly point: Point;
}

/** A record that is as it was written. */
export interface StoredRecord {
  readonly seq: number;
  /** Of the point, as JSON. */
  readonly payload: Buffer;
  /** Where it begins. */
  readonly start: number;
  /** Where the next one begins. */
  readonly end: number;
}

/**
 * Bytes before the payload of a record: the length of the payload (4 bytes), the CRC-32 of what follows it (4), the
 * sequence number (6). All little-endian.
 */
const HEAD = 14;
const CHECKED_FROM = 8;
const SEQ_BYTES = 6;
/** A message is 64 KiB at most, and a point of it not much more; what claims to be larger is no record. */
const MAX_PAYLOAD = 1_048_576;
const USUAL_BYTES = 300;
/** Bytes of UTF-8 that a UTF-16 unit takes at most. */
const WORST_BYTES = 3;

/** The records one after another. */
export function encodeRecords(entries: readonly Entry[]): Buffer {
  let bytes = Buffer.allocUnsafe(Math.max(1, entries.length) * USUAL_BYTES);
  let at = 0;
  for (const { seq, point } of entries) {
    const json = JSON.stringify([point.measurement, point.tags, point.fields, point.time]);
    const room = at + HEAD + json.length * WORST_BYTES;
    if (room > bytes.length) bytes = Buffer.concat([bytes.subarray(0, at)], room * 2);
    const length = bytes.write(json, at + HEAD);
    const end = at + HEAD + length;
    bytes.writeUInt32LE(length, at);
    bytes.writeUIntLE(seq, at + CHECKED_FROM, SEQ_BYTES);
    bytes.writeUInt32LE(crc32(bytes.subarray(at + CHECKED_FROM, end)), at + 4);
    at = end;
  }
  return bytes.subarray(0, at);
}

/** @returns the record that begins there, undefined when none does or it is not whole */
function recordAt(bytes: Buffer, at: number): StoredRecord | undefined {
  if (at + HEAD > bytes.length) return undefined;
  const length = bytes.readUInt32LE(at);
  const end = at + HEAD + length;
  if (length === 0 || length > MAX_PAYLOAD || end > bytes.length) return undefined;
  if (crc32(bytes.subarray(at + CHECKED_FROM, end)) !== bytes.readUInt32LE(at + 4)) return undefined;
  return {
    seq: bytes.readUIntLE(at + CHECKED_FROM, SEQ_BYTES),
    payload: bytes.subarray(at + HEAD, end),
    start: at,
    end,
  };
}

/** @returns the next record from there on, past whatever is none; undefined when there is no more */
export function recordFrom(bytes: Buffer, from: number): StoredRecord | undefined {
  for (let at = from; at + HEAD <= bytes.length; at++) {
    const record = recordAt(bytes, at);
    if (record) return record;
  }
  return undefined;
}

export function decodePoint(payload: Buffer): Point {
  const [measurement, tags, fields, time] = JSON.parse(payload.toString()) as [
    Point["measurement"],
    Point["tags"],
    Point["fields"],
    number,
  ];
  return { measurement, tags, fields, time };
}
