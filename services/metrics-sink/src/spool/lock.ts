import { readFileSync } from "node:fs";
import { readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceFailure } from "@beckon/runtime";

const FILE = "lock";

/** Another process works with this spool. */
export class SpoolInUse extends ServiceFailure {
  constructor(folder: string, pid: number) {
    super(`the spool ${folder} is in use by process ${pid}: stop that one, or name another metrics-sink.spool.folder`);
  }
}

/**
 * Keeps a second process from a spool.
 *
 * @returns gives it free
 * @throws SpoolInUse when another process that lives holds it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, FILE);
  const holder = await readFile(path, "utf8").catch(() => "");
  const pid = Number(holder.split(" ", 1)[0]);
  if (pid > 0 && pid !== process.pid && holder === identity(pid)) throw new SpoolInUse(folder, pid);
  await writeFile(path, identity(process.pid) ?? "", { mode: 0o600 });
  return () => unlink(path).catch(() => undefined);
}

/** Its id and when it began, for ids are given again; without /proc its id alone. */
function identity(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process lives, too.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  try {
    // Its name, in brackets, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "");
    return `${pid} ${fields.split(" ")[19]}`;
  } catch {
    return `${pid}`;
  }
}
