import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemReason } from "@beckon/vision/system-reason";
import { DatasetError } from "./dataset-folder.ts";

/** What a training works out before it begins, and a later one may use again. */
export type CacheKind = "pixels" | "features";

/** What no run has used for so long goes when something new is kept: 7 days, in ms. */
const KEPT_FOR = 7 * 24 * 3_600_000;

/** What `cachePath` names, the file that says what is in it, and the half of one that a killed run left. */
const OURS = /^[0-9a-f]{24}\.(rgb|f32)(\.json)?(\.\d+\.part)?$/;

/** The folder of this user in the system's temporary folder. */
export function cacheFolder(kind: CacheKind): string {
  return join(tmpdir(), `beckon-${kind}-${process.getuid?.() ?? "user"}`);
}

/** Where something is kept that `key`, a hash in hex, stands for. */
export function cachePath(folder: string, kind: CacheKind, key: string): string {
  return join(folder, `${key.slice(0, 24)}.${kind === "pixels" ? "rgb" : "f32"}`);
}

/**
 * Writes a file of the cache: beside its place first, so that nobody meets half of it, and readable for this user alone,
 * for the pictures show people at home. Then removes what has not been used for 7 days.
 *
 * @throws DatasetError when the file system refuses, or what `write` throws; nothing is left behind then
 */
export async function writeCached<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const folder = dirname(path);
  const part = `${path}.${process.pid}.part`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const result = await writeAndClose(await open(part, "w", 0o600), write);
    await rename(part, path);
    await removeUnused(folder);
    return result;
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new DatasetError(`nothing can be kept in ${folder}: ${reason}; make room, or set TMPDIR to another folder`, {
      cause: error,
    });
  }
}

/** Says that a file of the cache is in use: its time of change is that of its last use. */
export async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

async function writeAndClose<T>(file: FileHandle, write: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await write(file);
  } finally {
    await file.close();
  }
}

/** A file that cannot be removed is in nobody's way; a training that reads one has it open and goes on. */
async function removeUnused(folder: string): Promise<void> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of found) {
    if (!entry.isFile() || !OURS.test(entry.name)) continue;
    const path = join(folder, entry.name);
    const used = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (used !== undefined && Date.now() - used > KEPT_FOR) await rm(path, { force: true }).catch(() => undefined);
  }
}
