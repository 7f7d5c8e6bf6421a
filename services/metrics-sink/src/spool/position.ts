import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const Seq = z.number().int().nonnegative();

/** Of points that the database took later than its own downsampling looks back, ms since the epoch. */
const TimeRange = z.object({ from: z.number(), to: z.number() });
export type TimeRange = z.infer<typeof TimeRange>;

const Position = z.object({
  /** The database has every point up to this number. */
  acknowledged: Seq,
  /** What is still to be downsampled. */
  replayed: TimeRange.optional(),
});
export type Position = z.infer<typeof Position>;

const FILE = "position.json";
const START: Position = { acknowledged: 0 };

/**
 * How far the spool was delivered. Where that cannot be read, from the start: a point that is written twice is one point.
 */
export async function readPosition(folder: string): Promise<{ position: Position; damaged: boolean }> {
  let text: string;
  try {
    text = await readFile(join(folder, FILE), "utf8");
  } catch {
    return { position: START, damaged: false };
  }
  try {
    return { position: Position.parse(JSON.parse(text)), damaged: false };
  } catch {
    return { position: START, damaged: true };
  }
}

/** In one step, so that a crash leaves the old one or the new one. */
export async function writePosition(folder: string, position: Position): Promise<void> {
  const path = join(folder, FILE);
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(position)}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
