/** What a browser takes of the machine, all its processes together, as the kernel counts it. */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second: 100 on every Linux that a Chromium runs on (`getconf CLK_TCK`). */
const TICKS = 100;
const PAGE_BYTES = 4096;

interface Found {
  readonly pid: number;
  readonly parent: number;
  /** Seconds of user and system time. */
  readonly cpu: number;
  readonly rss: number;
}

export interface Usage {
  /** Seconds of processor time since they were started. */
  readonly cpu: number;
  /** Resident bytes; what processes share is counted in each. */
  readonly rss: number;
}

/** @param pid of its main process; those that it started are found by their parents */
export function usageOf(pid: number): Usage {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)));
  const family = new Set([pid]);
  // A child may be listed before its parent, when numbers have begun anew.
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const { pid: child, parent } of all) if (family.has(parent)) family.add(child);
  }
  const own = all.filter((process) => family.has(process.pid));
  return {
    cpu: own.reduce((sum, { cpu }) => sum + cpu, 0),
    rss: own.reduce((sum, { rss }) => sum + rss, 0),
  };
}

function read(pid: number): Found[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in brackets, may hold anything (proc_pid_stat(5)); the fields counted from behind it are 3, 4, ...
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const field = (number: number): number => Number(fields[number - 3]);
    return [{ pid, parent: field(4), cpu: (field(14) + field(15)) / TICKS, rss: field(24) * PAGE_BYTES }];
  } catch {
    // It has ended since.
    return [];
  }
}
