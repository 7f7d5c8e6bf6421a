const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the disk",
  EDQUOT: "no space left within the quota",
  EFBIG: "the file would be larger than is allowed here",
  EROFS: "the file system cannot be written to",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

/** Why a file could not be written, in a few words; undefined when it was not the file system that refused. */
export function writeFailure(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  return REASONS[String(error.code)] ?? error.message;
}
