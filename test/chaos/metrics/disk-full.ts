import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mountNamespace, mountNamespaceRefusal } from "@beckon/runtime/testing";
import { type Bench, BenchFailure, measureProgram } from "../../bench/bench.ts";
import { type ChaosBar, outcome, within } from "../scenario.ts";
import type { DiskFullOutcome } from "./disk-full-round.ts";

/**
 * A spool on a file system of 2 MB, which a namespace of its own may mount without being root; where there can be none it is
 * left out, but not in CI.
 */
export async function measureDiskFull(bench: Bench): Promise<ChaosBar[]> {
  const refusal = mountNamespaceRefusal();
  if (refusal !== undefined) {
    if (process.env["CI"] === "true") throw new BenchFailure(refusal);
    console.warn(`Skipping the full disk: ${refusal}`);
    return [];
  }
  const folder = join(bench.folder, "small");
  await mkdir(folder);
  const round = fileURLToPath(new URL("./disk-full-round.ts", import.meta.url));
  const script = 'mount -t tmpfs -o size=2m small "$1" && shift && exec "$@"';
  const program = [process.execPath, "--import", import.meta.resolve("tsx"), round];
  const measured = await measureProgram<DiskFullOutcome>(
    "unshare",
    [...mountNamespace(), "sh", "-c", script, "sh", folder, ...program],
    { folder },
    bench.signal,
  );
  const { log, slowest, appended, given, dropped } = measured;
  console.log(log.map((line) => `  ${line}`).join("\n"));
  return [
    outcome(
      `disk full: ${log.length} lines, ${given} of ${appended} points, ${dropped} dropped`,
      "2 lines (full, written again), all points",
      log.length === 2 && given === appended && dropped === 0,
    ),
    within("disk full: appending takes", [slowest], 50),
  ];
}
