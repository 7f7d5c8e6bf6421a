import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@beckon/synthetic";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findOverlap, groupDuplicates } from "./near-duplicates.ts";
import { openPixelFile, type PixelStore } from "./pixel-store.ts";

const SIDE = 32;
let root: string;
let stores: PixelStore[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "beckon-duplicates-"));
  stores = [];
});
afterEach(() => {
  for (const store of stores) store.close();
  rmSync(root, { recursive: true, force: true });
});

function storeOf(...pictures: Uint8Array[]): PixelStore {
  const path = join(root, `${stores.length}.rgb`);
  writeFileSync(path, Buffer.concat(pictures));
  const store = openPixelFile(path, SIDE, SIDE);
  stores.push(store);
  return store;
}

/** Soft blobs of light: like a photograph, it has large shapes. */
function picture(seed: number): Uint8Array {
  const random = seededRandom(seed);
  const blobs = Array.from({ length: 12 }, () => [random() * SIDE, random() * SIDE, 20 + random() * 80] as const);
  return Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % SIDE;
    const y = Math.floor(i / 3 / SIDE);
    return Math.min(
      255,
      blobs.reduce((sum, [u, v, light]) => sum + light * Math.exp(-((x - u) ** 2 + (y - v) ** 2) / 30), 10),
    );
  });
}

function changed(source: Uint8Array, seed: number, noise: number, lift = 0): Uint8Array {
  const random = seededRandom(seed);
  return source.map((value) => Math.max(0, Math.min(255, value + lift + (random() - 0.5) * 2 * noise)));
}

function mirrored(source: Uint8Array): Uint8Array {
  return source.map((_, i) => {
    const x = Math.floor(i / 3) % SIDE;
    return source[i + (SIDE - 1 - 2 * x) * 3]!;
  });
}

test("groups copies with noise, a little more light or turned left to right, and nothing else", () => {
  const [a, b] = [picture(1), picture(2)];
  const store = storeOf(a, b, changed(a, 3, 6), picture(4), changed(b, 5, 2, 3), mirrored(a));
  const { groupOf, groups, pictures } = groupDuplicates(store);
  expect([...groupOf]).toEqual([0, 1, 0, 3, 1, 0]);
  expect({ groups, pictures }).toEqual({ groups: 2, pictures: 5 });
});

test("does not group many different pictures", () => {
  const { pictures } = groupDuplicates(storeOf(...Array.from({ length: 200 }, (_, seed) => picture(100 + seed))));
  expect(pictures).toBe(0);
});

test("does not group what is alike in shape but not in light", () => {
  const a = picture(1);
  expect(groupDuplicates(storeOf(a, changed(a, 2, 0, 20))).groups).toBe(0);
});

test("keeps classes apart where their labels are given", () => {
  const a = picture(1);
  expect([...groupDuplicates(storeOf(a, a, a), [0, 1, 0]).groupOf]).toEqual([0, 1, 0]);
});

test("finds the pictures of one store that are in another", () => {
  const [a, b] = [picture(1), picture(2)];
  const overlap = findOverlap(storeOf(picture(9), a, b), storeOf(mirrored(b), picture(7), changed(a, 3, 3), a));
  expect(overlap).toEqual([
    { first: 2, second: 0, mirrored: true },
    { first: 1, second: 2, mirrored: false },
    { first: 1, second: 3, mirrored: false },
  ]);
});
