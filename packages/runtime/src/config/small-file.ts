import { readFileSync, statSync } from "node:fs";

/** A password, a certificate or a key; no more is read. */
export const MAX_BYTES = 100_000;

/** @throws {Error} in one line, when it is not there, not readable or too large */
export function readSmallFile(file: string): Buffer {
  let size: number;
  try {
    const found = statSync(file);
    size = found.isFile() ? found.size : 0;
    if (size <= MAX_BYTES) return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`cannot read ${file}: ${SAID[code ?? ""] ?? code ?? String(cause)}`, { cause });
  }
  throw new Error(`cannot read ${file}: it has ${size} bytes where ${MAX_BYTES} are allowed`);
}

const SAID: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a folder",
};
