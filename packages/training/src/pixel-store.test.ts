import { mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { encodePng, type Pixels } from "@beckon/vision";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DatasetError } from "./dataset-folder.ts";
import { openPixelFile, storePixels } from "./pixel-store.ts";

const SHAPE = { width: 8, height: 8, fit: "stretch", kernel: "nearest" } as const;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "beckon-pixels-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const plain = (red: number): Pixels => ({ width: 8, height: 8, data: new Uint8Array(192).fill(red) });
const cache = () => join(root, "cache");

async function pictures(...reds: number[]) {
  return Promise.all(
    reds.map(async (red) => {
      const path = join(root, `${red}.png`);
      writeFileSync(path, await encodePng(plain(red)));
      return { path, label: red };
    }),
  );
}

test("keeps the pixels of every picture in the order of the samples", async () => {
  const samples = await pictures(9, 3, 200, 41, 77, 120, 13);
  const progress: string[] = [];
  const onProgress = (done: number, total: number) => progress.push(`${done}/${total}`);
  const { store, reused } = await storePixels(samples, SHAPE, { folder: cache(), onProgress });
  const into = new Uint8Array(2 * 192);
  for (const [index, { label }] of samples.entries()) {
    store.read(index, into, 192);
    expect(into.subarray(192)).toEqual(plain(label).data);
  }
  expect(into.subarray(0, 192)).toEqual(new Uint8Array(192));
  expect(reused).toBe(false);
  expect(progress).toEqual(["1/7", "2/7", "3/7", "4/7", "5/7", "6/7", "7/7"]);
  store.close();
  expect(() => store.read(0, into, 0)).toThrow(/is closed/);
});

test("leaves unreadable pictures out and names each in one line", async () => {
  const [first, second] = await pictures(1, 2);
  const whole = await encodePng({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).map((_, i) => i * i) });
  writeFileSync(join(root, "cut.png"), whole.subarray(0, whole.length / 2));
  writeFileSync(join(root, "renamed.jpg"), "not a picture");
  const bad = ["cut.png", "renamed.jpg", "absent.png"].map((name) => ({ path: join(root, name), label: 0 }));
  const samples = [bad[0]!, first!, bad[1]!, bad[2]!, second!];
  for (const reused of [false, true]) {
    const result = await storePixels(samples, SHAPE, { folder: cache() });
    expect(result.reused).toBe(reused);
    expect(result.samples).toEqual([first, second]);
    expect(result.problems.map((problem) => problem.path)).toEqual(bad.map(({ path }) => path));
    expect(result.problems.every(({ kind, message }) => kind === "unreadable" && !message.includes("\n"))).toBe(true);
    const into = new Uint8Array(192);
    result.store.read(1, into, 0);
    expect(into).toEqual(plain(2).data);
    result.store.close();
  }
});

test("refuses a file of too many bytes without reading it", async () => {
  const samples = await pictures(1, 2);
  truncateSync(samples[0]!.path, 31_000_000);
  const { problems } = await storePixels(samples, SHAPE, { folder: cache() });
  expect(problems).toMatchObject([
    { kind: "too-large", message: expect.stringMatching(/1\.png: larger than the limit of 30 MB$/) },
  ]);
});

test("decodes again when a file or the shape has changed, or the store was cut short", async () => {
  const samples = await pictures(5, 6);
  const again = async (shape = SHAPE as Parameters<typeof storePixels>[1]) => {
    const { store, reused } = await storePixels(samples, shape, { folder: cache() });
    store.close();
    return { reused, path: store.path };
  };
  const { path } = await again();
  expect((await again()).reused).toBe(true);
  expect((await again({ ...SHAPE, width: 9 })).reused).toBe(false);
  truncateSync(path, 100);
  expect((await again()).reused).toBe(false);
  utimesSync(samples[0]!.path, 1, 1);
  expect((await again()).reused).toBe(false);
});

test("what is used again counts as used now, so that only what nobody uses goes after 7 days", async () => {
  const [first, second, third] = [await pictures(1, 2), await pictures(3), await pictures(4)];
  const storeOf = async (samples: typeof first) => {
    const { store } = await storePixels(samples, SHAPE, { folder: cache() });
    store.close();
    return store.path;
  };
  const [kept, unused] = [await storeOf(first), await storeOf(second)];
  const longAgo = Date.now() / 1000 - 8 * 24 * 3600;
  for (const file of readdirSync(cache())) utimesSync(join(cache(), file), longAgo, longAgo);
  await storeOf(first);
  const fresh = await storeOf(third);
  const files = [kept, fresh].flatMap((path) => [basename(path), `${basename(path)}.json`]);
  expect(readdirSync(cache()).sort()).toEqual(files.sort());
  expect(files).not.toContain(basename(unused));
});

test("stops when asked to and leaves no part behind", async () => {
  const samples = await pictures(1, 2, 3, 4, 5, 6, 7, 8);
  const controller = new AbortController();
  const onProgress = (done: number) => done === 3 && controller.abort(new Error("enough"));
  const options = { folder: cache(), signal: controller.signal, onProgress };
  await expect(storePixels(samples, SHAPE, options)).rejects.toThrow("enough");
  expect(readdirSync(cache())).toEqual([]);
});

test("says in one line when nothing can be read, and when the folder cannot be made", async () => {
  const absent = [{ path: join(root, "absent.png") }];
  await expect(storePixels(absent, SHAPE, { folder: cache() })).rejects.toThrow(
    /no picture could be read; the first of 1: .*absent/,
  );
  writeFileSync(join(root, "file"), "");
  const inFile = storePixels(await pictures(1), SHAPE, { folder: join(root, "file") });
  await expect(inFile).rejects.toThrow(DatasetError);
  await expect(inFile).rejects.toThrow(
    /: a file of this name is there already; make room, or set TMPDIR to another folder$/,
  );
});

test("a second reader opens the same file by its path", async () => {
  const { store } = await storePixels(await pictures(4, 5), SHAPE, { folder: cache() });
  const other = openPixelFile(store.path, 8, 8);
  expect(other.count).toBe(2);
  const into = new Uint8Array(192);
  other.read(1, into, 0);
  expect(into).toEqual(plain(5).data);
  expect(() => other.read(2, into, 0)).toThrow(RangeError);
  expect(() => other.read(0, into, 1)).toThrow(RangeError);
  other.close();
  other.close();
  store.close();
});
