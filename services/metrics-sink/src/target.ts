import { readFile } from "node:fs/promises";
import { ServiceFailure } from "@beckon/runtime";
import type { MetricsSinkConfig } from "./config.ts";
import { createInfluxWriter, type InfluxWriterOptions } from "./influx-writer.ts";
import type { PointWriter } from "./point-writer.ts";
import { Spool, type SpoolOptions } from "./spool/spool.ts";
import { stateFolder } from "./state-folder.ts";

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

/**
 * The spool that the configuration names.
 *
 * @param whenRefused told the folder, and why the system does not let us write there
 * @throws ServiceFailure for a spool of another version, or in use by another process
 */
export function openSpool(
  { spool, maxWaiting }: MetricsSinkConfig,
  { dropped, log }: Pick<SpoolOptions, "dropped" | "log">,
  whenRefused: (folder: string, reason: string) => void,
): Promise<Spool> {
  const { maxMegabytes, maxAge, syncInterval } = spool;
  const folder = spool.folder ?? stateFolder();
  if (folder === undefined)
    throw new ServiceFailure("metrics-sink: this user has no home folder for the spool: set metrics-sink.spool.folder");
  const bounds = { maxSize: maxMegabytes * BYTES_PER_MB, maxAge, syncInterval, maxInMemory: maxWaiting };
  return Spool.open({ folder, ...bounds, dropped, log }, (reason) => whenRefused(folder, reason));
}
