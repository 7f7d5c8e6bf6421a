import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { readFile, stat } from "node:fs/promises";
import type { PictureShape } from "@beckon/vision";
import { z } from "zod";
import { cacheFolder, cachePath, markUsed, writeCached } from "./cache-folder.ts";
import type { Problem } from "./dataset-folder.ts";
import { DatasetError } from "./dataset-folder.ts";
import { readSample } from "./read-sample.ts";

/** Decoded pictures in one flat file; memory does not grow with their number. */
export interface PixelStore {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** The flat file: picture after picture, each `width * height * 3` RGB bytes. */
  readonly path: string;
  /**
   * Copies picture `index` to `into` at `offset`; synchronous.
   *
   * @throws RangeError when there is no such picture or no room for it
   */
  read(index: number, into: Uint8Array, offset: number): void;
  /** Calling it twice is allowed. */
  close(): void;
}

export interface StoreOptions {
  /** Where stores are kept between runs. Default: a folder of this user in the system's temporary folder. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  /** Called after each picture with the number done and the number of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A store, and the samples that are in it: sample `i` is picture `i`. */
export interface StoredSamples<T> {
  readonly store: PixelStore;
  readonly samples: readonly T[];
  /** One for each file that could not be read. */
  readonly problems: readonly Problem[];
  /** True when the pictures had been decoded by an earlier run. */
  readonly reused: boolean;
}

/** Raised when what is stored, or how it is decoded, changes. */
const FORMAT = 2;
/** libvips decodes on its own threads; four in flight keep small machines busy without holding many large pictures. */
const CONCURRENCY = 4;

const BadFile = z.object({ path: z.string(), kind: z.enum(["unreadable", "too-large"]), message: z.string() });
type BadFile = z.infer<typeof BadFile>;
/** The file beside the pixels; written last, so that its presence says that they are whole. */
const StoreIndex = z.object({ key: z.string(), count: z.int(), bad: z.array(BadFile) });
type StoreIndex = z.infer<typeof StoreIndex>;

/**
 * Decodes the pictures of some samples once and keeps them in a file that later runs with the same files (path, size,
 * time of change) and the same shape use again. Files that cannot be read are left out and named.
 *
 * @throws DatasetError when no picture can be read, or the file cannot be written
 * @throws the signal's reason when it is aborted; nothing is left behind then
 */
export async function storePixels<T extends { readonly path: string }>(
  samples: readonly T[],
  shape: PictureShape,
  options: StoreOptions = {},
): Promise<StoredSamples<T>> {
  const key = await keyOf(samples, shape, options.signal);
  const file = cachePath(options.folder ?? cacheFolder("pixels"), "pixels", key);
  const kept = await reusable(file, key, shape);
  const index = kept ?? (await writeStore(file, key, samples, shape, options));
  const bad = new Set(index.bad.map(({ path }) => path));
  if (index.count === 0) throw nothingReadable(index.bad);
  return {
    store: openPixelFile(file, shape.width, shape.height),
    samples: samples.filter(({ path }) => !bad.has(path)),
    problems: index.bad,
    reused: kept !== undefined,
  };
}

/**
 * Opens a flat file of pictures; how worker threads come to the store of the main thread.
 *
 * @param path `PixelStore.path`
 */
export function openPixelFile(path: string, width: number, height: number): PixelStore {
  const size = width * height * 3;
  let file: number | undefined = openSync(path, "r");
  const count = Math.floor(fstatSync(file).size / size);
  return {
    width,
    height,
    count,
    path,
    read(index, into, offset) {
      if (file === undefined) throw new Error(`${path} is closed`);
      if (!(index >= 0 && index < count)) throw new RangeError(`no picture ${index} among ${count} in ${path}`);
      if (offset + size > into.length) throw new RangeError(`no room for a picture at ${offset} of ${into.length}`);
      for (let done = 0; done < size; ) {
        const read = readSync(file, into, offset + done, size - done, index * size + done);
        if (read === 0) throw new Error(`${path} ends inside picture ${index}: delete it to have it made again`);
        done += read;
      }
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

async function keyOf(samples: readonly { path: string }[], shape: PictureShape, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([FORMAT, shape.width, shape.height, shape.fit, shape.kernel, shape.roi, shape.mirror]));
  for await (const line of ahead(samples, 16, ({ path }) => fingerprint(path))) {
    signal?.throwIfAborted();
    hash.update(line);
  }
  return hash.digest("hex");
}

async function fingerprint(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return JSON.stringify([path, found?.size, found?.mtimeMs]);
}

async function reusable(file: string, key: string, shape: PictureShape): Promise<StoreIndex | undefined> {
  // First, or another run might find them unused between a look at them and their use.
  await Promise.all([file, indexFile(file)].map(markUsed));
  try {
    const index = StoreIndex.parse(JSON.parse(await readFile(indexFile(file), "utf8")));
    const { size } = await stat(file);
    return index.key === key && size === index.count * shape.width * shape.height * 3 ? index : undefined;
  } catch {
    // Missing, half written or of another version: it is made again either way.
    return undefined;
  }
}

async function writeStore(
  file: string,
  key: string,
  samples: readonly { path: string }[],
  shape: PictureShape,
  options: StoreOptions,
): Promise<StoreIndex> {
  const index = { key, ...(await writeCached(file, (output) => decodeInto(output, samples, shape, options))) };
  await writeCached(indexFile(file), (output) => output.writeFile(JSON.stringify(index)));
  return index;
}

async function decodeInto(
  output: FileHandle,
  samples: readonly { path: string }[],
  shape: PictureShape,
  { signal, onProgress }: StoreOptions,
): Promise<Omit<StoreIndex, "key">> {
  const bad: BadFile[] = [];
  let done = 0;
  for await (const picture of ahead(samples, CONCURRENCY, ({ path }) => readSample(path, shape))) {
    signal?.throwIfAborted();
    if ("data" in picture) await output.writeFile(picture.data);
    else bad.push(picture);
    done++;
    onProgress?.(done, samples.length);
  }
  return { count: done - bad.length, bad };
}

/** Works on up to `width` items at a time and yields the results in the order of the items. */
async function* ahead<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  let next = 0;
  try {
    while (next < items.length || running.length > 0) {
      while (running.length < width && next < items.length) running.push(work(items[next++] as T));
      yield (await running.shift()) as R;
    }
  } finally {
    // A consumer that stops early must not leave reads behind that nobody waits for.
    await Promise.allSettled(running);
  }
}

function indexFile(file: string): string {
  return `${file}.json`;
}

function nothingReadable(bad: readonly BadFile[]): DatasetError {
  const [first] = bad;
  if (first === undefined)
    return new DatasetError("there are no pictures to read: check the data and what is left out");
  return new DatasetError(`no picture could be read; the first of ${bad.length}: ${first.message}`);
}
