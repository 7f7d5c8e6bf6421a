import { access } from "node:fs/promises";
import { ServiceFailure, Stats } from "@beckon/runtime";
import type { MetricsSinkConfig } from "./config.ts";
import { Delivery } from "./delivery.ts";
import { openSpool, writerOf } from "./target.ts";

export interface ImportOptions {
  readonly config: MetricsSinkConfig;
  readonly log: { info(message: string): void; warn(message: string): void };
  readonly signal: AbortSignal;
}

/** What became of the points of a spool. */
export interface Imported {
  readonly written: number;
  /** By reason; see the README. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Where there was no time for more. */
  readonly waiting: number;
}

/**
 * Sends what waits in a spool to the database, until nothing waits or the signal.
 *
 * @throws ServiceFailure without a database that takes it, or without a spool that can be read
 */
export async function importSpool({ config, log, signal }: ImportOptions): Promise<Imported> {
  const writer = await writerOf(config, log);
  if (!writer) throw new ServiceFailure("no InfluxDB to write to: set metrics-sink.url, such as http://127.0.0.1:8086");
  const { folder } = config.spool;
  if (folder !== undefined)
    await access(folder).catch((cause: unknown) => {
      throw new ServiceFailure(`${folder}: there is no such spool`, { cause });
    });
  const stats = new Stats();
  const dropped = (reason: string, points: number): void => stats.drop(reason, points);
  const spool = await openSpool(config, { dropped, log }, (refused, reason) => {
    throw new ServiceFailure(
      `${refused} cannot be written to, where it is kept how far was sent: ${reason}; copy it first`,
    );
  });
  try {
    await new Delivery({ ...config, writer, spool, stats, log }).drain(signal);
  } catch (cause) {
    throw new ServiceFailure(
      `InfluxDB at ${writer.target} takes no points: ${(cause as Error).message}; ${spool.waiting} stay in ${spool.folder}`,
      { cause },
    );
  } finally {
    await spool.close();
  }
  const { counters, drops } = stats.take();
  return { written: counters["written"] ?? 0, dropped: drops, waiting: spool.waiting };
}
