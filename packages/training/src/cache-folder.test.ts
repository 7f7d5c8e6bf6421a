import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { cachePath, markUsed, writeCached } from "./cache-folder.ts";
import { DatasetError } from "./dataset-folder.ts";

const roots: string[] = [];
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-cache-"));
  roots.push(folder);
});
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true, force: true }))));

const DAY = 24 * 3_600_000;
const key = (digit: number) => String(digit).repeat(64);

async function usedDaysAgo(name: string, days: number): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, name).catch(() => undefined);
  const then = new Date(Date.now() - days * DAY);
  await utimes(path, then, then);
  return path;
}

async function writeAnother(): Promise<string> {
  const path = cachePath(folder, "pixels", key(9));
  await writeCached(path, (file) => file.writeFile("new"));
  return path;
}

test("what has not been used for 7 days goes when something is written, with its index and halves", async () => {
  const [old, used, young] = [key(1), key(2), key(3)].map((one) => one.slice(0, 24));
  for (const name of [`${old}.rgb`, `${old}.rgb.json`, `${old}.f32`, `${old}.rgb.77.part`])
    await usedDaysAgo(name, 7.1);
  await usedDaysAgo(`${young}.rgb`, 6.9);
  await markUsed(await usedDaysAgo(`${used}.rgb`, 30));
  const path = await writeAnother();
  expect((await readdir(folder)).sort()).toEqual([`${used}.rgb`, `${young}.rgb`, `${"9".repeat(24)}.rgb`]);
  expect(await readFile(path, "utf8")).toBe("new");
});

test("nothing else is ever removed, however old", async () => {
  const hex = "a".repeat(24);
  const others = ["notes.txt", `${hex}.png`, `${hex}a.rgb`, `x${hex}.rgb`, `${hex}.rgb.json.bak`, "a.rgb"];
  for (const name of others) await usedDaysAgo(name, 400);
  await mkdir(join(folder, `${hex}.rgb`));
  await usedDaysAgo(`${hex}.rgb`, 400);
  const elsewhere = await usedDaysAgo("elsewhere", 400);
  await symlink(elsewhere, join(folder, `${hex}.f32`));
  const before = await readdir(folder);
  await writeAnother();
  expect((await readdir(folder)).sort()).toEqual([...before, `${"9".repeat(24)}.rgb`].sort());
});

test("what fails leaves nothing behind, and the system's refusal is one line", async () => {
  const path = cachePath(folder, "features", key(4));
  const failing = (error: Error) => writeCached(path, () => Promise.reject(error));
  await expect(failing(new Error("enough"))).rejects.toThrow(/^enough$/);
  const full = failing(Object.assign(new Error("ENOSPC: ..."), { code: "ENOSPC" }));
  await expect(full).rejects.toThrow(DatasetError);
  await expect(full).rejects.toThrow(/: no space left on the disk; make room, or set TMPDIR to another folder$/);
  expect(await readdir(folder)).toEqual([]);
});
