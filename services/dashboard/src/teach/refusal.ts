import { fileReason, systemReason } from "@beckon/vision/system-reason";

type RefusalStatus = 400 | 404 | 409 | 413 | 500 | 507;

/** What is asked for cannot be done; the message is one line for the person at the page: what, why, what to do. */
export class Refused extends Error {
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Refused";
    this.status = status;
  }
}

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const FORBIDDEN = new Set(["EACCES", "EPERM", "EROFS"]);

/** Why the file system would not do it: 507 on a full disk, else 500; other errors keep their own words. */
export function diskRefusal(error: unknown, folder: string): Refused {
  if (error instanceof Refused) return error;
  if (systemReason(error) === undefined)
    return new Refused(500, error instanceof Error ? error.message : String(error), { cause: error });
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? "";
  const remedy = FORBIDDEN.has(code) ? "; let the user of this service write there, or name another folder" : "";
  return new Refused(FULL.has(code) ? 507 : 500, `${folder}: ${fileReason(error)}${remedy}`, { cause: error });
}
