import { getSystemErrorMap } from "node:util";
import { firstLine } from "./first-line.ts";

/** Why the system refuses a file, and what helps where the words for why do not say it already. */
const REASONS: Readonly<Record<string, readonly [reason: string, remedy?: string]>> = {
  ENOENT: ["no such file or folder"],
  ENOTDIR: ["no such file or folder"],
  EISDIR: ["a folder, not a file"],
  EACCES: ["permission denied"],
  EPERM: ["permission denied"],
  EROFS: ["the file system cannot be written to"],
  EEXIST: ["a file of this name is there already", "name another folder"],
  ELOOP: ["a symbolic link that leads back to itself"],
  ENAMETOOLONG: ["the name is too long"],
  ENOSPC: ["no space left on the disk", "free some and try again"],
  EDQUOT: ["no space left within the quota", "free some and try again"],
  EFBIG: ["the file would be larger than is allowed here", "raise the limit"],
};

/**
 * Why the system refused to read or write a file, in a few words without its name.
 *
 * @returns undefined when it was not the system that refused
 */
export function systemReason(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", errno = 0 } = error as NodeJS.ErrnoException;
  return REASONS[code]?.[0] ?? getSystemErrorMap().get(errno)?.[1];
}

/** Why a file could not be read or written, and what helps, in a few words without its name. */
export function fileReason(error: unknown): string {
  const remedy = REASONS[(error as NodeJS.ErrnoException | undefined)?.code ?? ""]?.[1];
  return `${systemReason(error) ?? firstLine(error)}${remedy === undefined ? "" : `; ${remedy}`}`;
}
