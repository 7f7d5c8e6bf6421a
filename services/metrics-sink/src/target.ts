import { readFile } from "node:fs/promises";
import { ServiceFailure, stateFolder } from "@beckon/runtime";
import type { MetricsSinkConfig } from "./config.ts";
import type { InfluxWriterOptions } from "./influx-writer.ts";
import type { PointWriter } from "./point-writer.ts";
import { SpoolInUse } from "./spool/lock.ts";
import { Spool, type SpoolOptions } from "./spool/spool.ts";

/**
 * The database that the configuration names.
 *
 * @returns undefined when it names none
 * @throws ServiceFailure when the password's file cannot be read
 */
export async function writerOf(
  config: MetricsSinkConfig,
  log: InfluxWriterOptions["log"],
): Promise<PointWriter | undefined> {
  const { url } = config;
  if (url === undefined) return undefined;
  const { database, username, timeout, rawRetention } = config;
  const password = await passwordOf(config);
  // Who has no database need not load what speaks to one.
  const { createInfluxWriter } = await import("./influx-writer.ts");
  return createInfluxWriter({ url, database, username, password, timeout, rawRetention, log });
}

async function passwordOf({ password, passwordFile }: MetricsSinkConfig): Promise<string | undefined> {
  if (passwordFile === undefined) return password;
  try {
    return (await readFile(passwordFile, "utf8")).split(/\r?\n/, 1)[0];
  } catch (cause) {
    throw new ServiceFailure(`metrics-sink.passwordFile: cannot read ${passwordFile}`, { cause });
  }
}

const BYTES_PER_MB = 1e6;

/** So many processes of one user may each have a spool in the usual place, such as a second `beckon up`. */
const MAX_USUAL = 8;

/**
 * The spool that the configuration names; where it names none, the first in the usual place that nobody uses.
 *
 * @param whenRefused told the folder, and why the system does not let us write there
 * @throws ServiceFailure for a spool of another version, or in use by another process
 */
export async function openSpool(
  { spool, maxWaiting }: MetricsSinkConfig,
  { dropped, log }: Pick<SpoolOptions, "dropped" | "log">,
  whenRefused: (folder: string, reason: string) => void,
): Promise<Spool> {
  const { maxMegabytes, maxAge, syncInterval } = spool;
  const bounds = { maxSize: maxMegabytes * BYTES_PER_MB, maxAge, syncInterval, maxInMemory: maxWaiting };
  const open = (folder: string): Promise<Spool> =>
    Spool.open({ folder, ...bounds, dropped, log }, (reason) => whenRefused(folder, reason));
  if (spool.folder !== undefined) return open(spool.folder);
  const usual = stateFolder("metrics");
  if (usual === undefined)
    throw new ServiceFailure("metrics-sink: this user has no home folder for the spool: set metrics-sink.spool.folder");
  for (let number = 1; ; number++) {
    try {
      return await open(number === 1 ? usual : `${usual}-${number}`);
    } catch (error) {
      if (!(error instanceof SpoolInUse) || number === MAX_USUAL) throw error;
    }
  }
}
