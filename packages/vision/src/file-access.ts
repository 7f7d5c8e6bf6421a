import { open } from "node:fs/promises";
import { isAbsolute, join, normalize, sep } from "node:path";

/** A file that is larger than its reader takes; `fileReason` words it. */
export class FileTooLarge extends Error {
  constructor(limit: number) {
    super(`larger than the limit of ${limit / 1e6} MB`);
    this.name = "FileTooLarge";
  }
}

/**
 * Reads a whole file, and never more of it than allowed. The size that the system gives is not relied on: a pipe or a
 * device has none, and a file may grow meanwhile.
 *
 * @param limit in bytes
 * @throws what `fileReason` puts into words
 */
export async function readLimited(file: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(file, "r");
  try {
    const about = await handle.stat();
    const size = about.isFile() ? about.size : 0;
    if (size > limit) throw new FileTooLarge(limit);
    // One byte more than is there: the read that finds the end needs room.
    let bytes = new Uint8Array(size + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
      if (length > limit) throw new FileTooLarge(limit);
      if (length === bytes.length) {
        const larger = new Uint8Array(Math.min(Math.max(2 * length, 65_536), limit + 1));
        larger.set(bytes);
        bytes = larger;
      }
    }
  } catch (error) {
    // An error of reading, unlike one of opening, does not say of which file.
    throw error instanceof Error && "code" in error ? Object.assign(error, { path: file }) : error;
  } finally {
    await handle.close();
  }
}

/**
 * Where a file lies that a model names as a part of itself.
 *
 * @returns the path, or undefined where the name leads out of the folder
 */
export function pathInside(folder: string, name: string): string | undefined {
  const clean = normalize(name);
  const leaves = name === "" || isAbsolute(clean) || clean.split(sep).includes("..") || name.includes("\\");
  return leaves ? undefined : join(folder, clean);
}
