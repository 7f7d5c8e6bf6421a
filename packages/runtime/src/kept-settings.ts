import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import { z } from "zod";
import { ConfigError } from "./config/config-error.ts";
import { type KeptValue, keptValues, stillStands } from "./config/kept-values.ts";
import { pathText } from "./config/key-path.ts";
import { withSetting } from "./config/settings.ts";
import { MAX_BYTES, readSmallFile } from "./config/small-file.ts";
import { type Service, ServiceFailure } from "./service.ts";

const KeptFile = z.object({
  version: z.literal(1),
  settings: z
    .array(
      z.object({
        path: z.array(z.string().max(256)).min(1).max(16),
        value: z.json().optional(),
        base: z.json().optional(),
      }),
    )
    .max(10_000),
});

type Checked<C> = Pick<Service<C>, "kind" | "config" | "check">;

interface Place {
  /** Of the files of all services. */
  readonly folder: string;
  readonly id: string;
  readonly log: Pick<Logger, "info" | "warn">;
}

/**
 * What `/set` changed, kept in a file over a restart: `<folder>/<kind>-<id>.json`, readable by its user alone. Each value
 * stands beside the one of the configuration that it replaced, and holds as long as the configuration has that one.
 */
export class KeptSettings<C> {
  readonly #schema: z.ZodType<C>;
  readonly #base: C;
  readonly #file: string;
  readonly #log: Place["log"];
  #written: string | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(schema: z.ZodType<C>, base: C, file: string, log: Place["log"], written: string | undefined) {
    this.#schema = schema;
    this.#base = base;
    this.#file = file;
    this.#log = log;
    this.#written = written;
  }

  /**
   * Reads what an earlier run kept, and lays over the configuration what of it still holds. What does not is forgotten,
   * with a line in the log; nothing here keeps a service from starting.
   */
  static async open<C>(
    service: Checked<C>,
    base: C,
    { folder, id, log }: Place,
  ): Promise<{ readonly kept: KeptSettings<C>; readonly config: C }> {
    const file = join(folder, `${service.kind}-${id}.json`);
    const found = await read(file, log);
    const kept = new KeptSettings(service.config, base, file, log, found?.text);
    if (!found) return { kept, config: base };
    const [standing, outdated] = parted(found.values, (value) => stillStands(value, base));
    if (outdated.length > 0)
      log.info(`the configuration has changed since these were set, and holds: ${listedPaths(outdated)}`);
    const config = await laidOver(service, base, standing, log);
    const inForce = keptValues(service.config, base, config);
    if (inForce.length > 0)
      log.info(`settings from an earlier run: ${listedPaths(inForce)}; remove ${file} to forget them`);
    if (inForce.length < found.values.length) await kept.keep(config);
    return { kept, config };
  }

  /** Writes what differs from the configuration now; that it cannot be written is warned of. */
  keep(current: C): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(keptValues(this.#schema, this.#base, current)));
    return this.#writing;
  }

  /** Resolves when all is written. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(settings: readonly KeptValue[]): Promise<void> {
    const text = settings.length === 0 ? undefined : `${JSON.stringify({ version: 1, settings }, undefined, 2)}\n`;
    if (text === this.#written) return;
    try {
      if (text === undefined) await rm(this.#file, { force: true });
      else await replaceFile(this.#file, text);
      this.#written = text;
    } catch (error) {
      this.#log.warn(`settings are not kept, a restart forgets them: ${(error as Error).message}`);
    }
  }
}

interface Found {
  readonly text: string;
  readonly values: readonly KeptValue[];
}

async function read(file: string, log: Place["log"]): Promise<Found | undefined> {
  let text: string;
  try {
    text = readSmallFile(file).toString("utf8");
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== "ENOENT")
      log.warn(`settings from an earlier run are left out: ${(error as Error).message}`);
    return undefined;
  }
  try {
    return { text, values: KeptFile.parse(JSON.parse(text)).settings };
  } catch {
    const aside = `${file}.damaged`;
    const moved = await rename(file, aside).then(
      () => `it is now ${aside}`,
      (error: Error) => `it cannot be moved aside: ${error.message}`,
    );
    log.warn(`settings from an earlier run are lost: ${file} is damaged; ${moved}`);
    return undefined;
  }
}

/** Those that fit, together or else one after another: two may only make sense together. */
async function laidOver<C>(service: Checked<C>, base: C, values: readonly KeptValue[], log: Place["log"]): Promise<C> {
  const over = (config: C, value: KeptValue): C => withSetting(service.config, config, value.path, value.value);
  const together = await attempt(async () => {
    const config = values.reduce(over, base);
    if (values.length > 0) await service.check?.(config);
    return config;
  });
  if ("config" in together) return together.config;
  // Where the configuration itself does not hold, the service says so; that is not the fault of what was kept.
  const sound = "config" in (await attempt(async () => void (await service.check?.(base))));
  let config = base;
  for (const value of values) {
    const before = config;
    const alone = await attempt(async () => {
      const next = over(before, value);
      if (sound) await service.check?.(next);
      return next;
    });
    if ("config" in alone) config = alone.config;
    else log.warn(`${pathText(value.path)} from an earlier run is dropped: ${alone.why}`);
  }
  return config;
}

async function attempt<C>(run: () => Promise<C>): Promise<{ readonly config: C } | { readonly why: string }> {
  try {
    return { config: await run() };
  } catch (error) {
    if (error instanceof ConfigError) return { why: error.lines.join("; ") };
    if (error instanceof ServiceFailure) return { why: error.message };
    throw error;
  }
}

/** A crash leaves the old file or the new one, whole. */
async function replaceFile(file: string, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_BYTES) throw new Error(`they have ${bytes.length} bytes where ${MAX_BYTES} are allowed`);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.new`;
  try {
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function listedPaths(values: readonly KeptValue[]): string {
  return values.map(({ path }) => pathText(path)).join(", ");
}

function parted<T>(items: readonly T[], belongs: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}
