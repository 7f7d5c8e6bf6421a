import { getSystemErrorMap } from "node:util";

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the disk; free some",
  EDQUOT: "no space left within the quota; free some",
  EROFS: "the file system cannot be written to",
  EACCES: "permission denied; give it to this user",
  EPERM: "permission denied; give it to this user",
  ENOTDIR: "it is no folder",
  EEXIST: "a file of this name is there already",
};

/** Why a file could not be read or written, and what helps, in a few words without its name. */
export function fileReason(error: unknown): string {
  const { code = "", errno = 0, message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? getSystemErrorMap().get(errno)?.[1] ?? message;
}
