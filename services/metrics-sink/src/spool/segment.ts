import { open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ServiceFailure } from "@beckon/runtime";
import { recordFrom } from "./record.ts";

/** Of the format; another one has another number. */
const VERSION = 1;
const HEADER = /^beckon-spool (\d{1,4}) (\d{13})\n/;
const NAME = /^segment-(\d{15})\.spool$/;
const NAME_DIGITS = 15;
/** A crash in the first write of a segment leaves less than this, bytes; what is longer and holds no point was damaged. */
const MAX_TORN = 1_000_000;

/** One file of the spool, which is only ever appended to. */
export interface Segment {
  readonly path: string;
  /** No record in it has a smaller number. */
  readonly first: number;
  /** Ms since the epoch. */
  readonly createdAt: number;
  /** The number of its last record. */
  last: number;
  records: number;
  /** Bytes that were written whole. */
  size: number;
}

/** What could not be read of the segments that were found. */
export interface Damage {
  readonly path: string;
  /** Points that are missing, as far as their numbers tell. */
  readonly points: number;
}

export function segmentHeader(createdAt: number): Buffer {
  return Buffer.from(`beckon-spool ${VERSION} ${String(Math.floor(createdAt)).padStart(13, "0")}\n`);
}

export function segmentPath(folder: string, first: number): string {
  return join(folder, `segment-${String(first).padStart(NAME_DIGITS, "0")}.spool`);
}

/**
 * Finds what an earlier life left, oldest first. Empty ones are removed; what is damaged is passed by and told.
 *
 * @throws ServiceFailure for a spool of another version
 */
export async function findSegments(folder: string): Promise<{ segments: Segment[]; damages: Damage[] }> {
  const firsts = (await readdir(folder)).flatMap((name) => NAME.exec(name)?.[1] ?? []).sort();
  const segments: Segment[] = [];
  const damages: Damage[] = [];
  for (const [index, digits] of firsts.entries()) {
    const next = firsts[index + 1];
    const { segment, lost } = await inspect(folder, Number(digits), next === undefined ? undefined : Number(next));
    if (lost > 0) damages.push({ path: segment.path, points: lost });
    if (segment.records > 0) segments.push(segment);
    else await unlink(segment.path);
  }
  return { segments, damages };
}

async function inspect(
  folder: string,
  first: number,
  nextFirst: number | undefined,
): Promise<{ segment: Segment; lost: number }> {
  const path = segmentPath(folder, first);
  const bytes = await readFile(path);
  const header = HEADER.exec(bytes.toString("latin1", 0, 64));
  if (header && Number(header[1]) !== VERSION)
    throw new ServiceFailure(
      `the spool's ${path} is of version ${header[1]}, and this program reads version ${VERSION}: import it with the program that wrote it, or name another metrics-sink.spool.folder`,
    );
  const createdAt = header ? Number(header[2]) : (await stat(path)).mtimeMs;
  const segment: Segment = { path, first, createdAt, last: first - 1, records: 0, size: bytes.length };
  let at = header ? header[0].length : 0;
  // A file that ends in its first bytes was never begun; any other without a header is damaged.
  let lost = header || bytes.length < segmentHeader(0).length ? 0 : 1;
  for (let record = recordFrom(bytes, at); record; record = recordFrom(bytes, at)) {
    if (record.start > at) lost += Math.max(1, record.seq - segment.last - 1);
    segment.last = record.seq;
    segment.records += 1;
    at = record.end;
  }
  // The end of a file is torn by every crash; a hole in the numbers tells when more than that is missing.
  if (at < bytes.length && nextFirst !== undefined) lost += Math.max(0, nextFirst - segment.last - 1);
  if (nextFirst === undefined && segment.records === 0 && bytes.length > MAX_TORN) lost += 1;
  return { segment, lost };
}

/** Bytes from an offset on, as far as they were written whole. */
export async function readSegment({ path, size }: Segment, from: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const bytes = Buffer.allocUnsafe(Math.max(0, size - from));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** @returns how many records of it have a greater number */
export async function recordsAfter(segment: Segment, seq: number): Promise<number> {
  if (segment.first > seq) return segment.records;
  if (segment.last <= seq) return 0;
  const bytes = await readSegment(segment, 0);
  let count = 0;
  for (let record = recordFrom(bytes, 0); record; record = recordFrom(bytes, record.end))
    if (record.seq > seq) count += 1;
  return count;
}
