import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@beckon/synthetic";
import { encodeJpeg } from "@beckon/vision";
import { afterEach, beforeEach, expect, test } from "vitest";
import { scanDataset } from "./dataset.ts";
import { withoutAlike } from "./unlike.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "beckon-unlike-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const SIDE = 48;

/** Blobs of light, each from its seed; `mirrored` turns them left to right. */
function blobs(seed: number, { quality = 92, mirrored = false } = {}): Promise<Uint8Array> {
  const random = seededRandom(seed);
  const lights = Array.from({ length: 12 }, () => [random() * SIDE, random() * SIDE, 20 + random() * 80] as const);
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => {
    const column = Math.floor(at / 3) % SIDE;
    const x = mirrored ? SIDE - 1 - column : column;
    const y = Math.floor(at / 3 / SIDE);
    const sum = lights.reduce((light, [u, v, w]) => light + w * Math.exp(-((x - u) ** 2 + (y - v) ** 2) / 70), 10);
    return Math.min(255, sum);
  });
  return encodeJpeg({ width: SIDE, height: SIDE, data }, quality);
}

function put(path: string, bytes: Uint8Array | string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), bytes);
}

test("leaves out copies, near copies and mirrored ones of another folder, whatever their classes", async () => {
  put("train/someone/one/1.jpg", await blobs(1));
  put("train/someone/two/2.jpg", await blobs(2));
  put("test/official/one/copy.jpg", await blobs(1));
  put("test/official/one/new.jpg", await blobs(3));
  put("test/official/one/coarser.jpg", await blobs(2, { quality: 60 }));
  put("test/official/two/mirrored.jpg", await blobs(2, { mirrored: true }));
  put("test/official/two/unreadable.jpg", "no picture");
  const { samples } = await scanDataset([{ folder: join(root, "test") }]);
  const left = await withoutAlike(samples, [{ folder: join(root, "train") }]);
  expect(left.map(({ path }) => path)).toEqual([
    join(root, "test/official/one/new.jpg"),
    join(root, "test/official/two/unreadable.jpg"),
  ]);
});
