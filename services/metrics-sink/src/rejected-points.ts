import { appendFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Point } from "./point.ts";

const FILE = "rejected.jsonl";
const OLDER = "rejected-older.jsonl";
/** Of each of the two files, bytes. */
const MAX_BYTES = 1_000_000;

/** A point that the database refused for good. */
export interface RejectedPoint {
  readonly point: Point;
  /** In the database's words. */
  readonly reason: string;
}

/**
 * Sets points aside, for a person to look at: a line of JSON each, in a file beside the spool. The file before it is kept,
 * and what is older goes.
 */
export async function setAside(folder: string, rejected: readonly RejectedPoint[], at: number): Promise<void> {
  const path = join(folder, FILE);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAX_BYTES) await rename(path, join(folder, OLDER));
  const lines = rejected.map(({ point, reason }) => `${JSON.stringify({ at, reason, ...point })}\n`);
  await appendFile(path, fitting(lines), { mode: 0o600 });
}

/** The newest of more than a file may hold. */
function fitting(lines: readonly string[]): string {
  let bytes = 0;
  const first = lines.findLastIndex((line) => {
    bytes += Buffer.byteLength(line);
    return bytes > MAX_BYTES;
  });
  return lines.slice(first + 1).join("");
}
