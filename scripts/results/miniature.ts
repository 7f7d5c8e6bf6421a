import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";

/** Pictures of each class of each source: enough for every split, and decoded in a moment. */
const PICTURES = 3;

/** Makes a small copy of the data out of links: `<task>/<split>/<source>/<class>/` with a few pictures each. */
export async function makeMiniature(data: string, into: string): Promise<void> {
  await rm(into, { recursive: true, force: true });
  await linkSome(resolve(data), into, 4);
}

/** @param depth folders that lie above the pictures */
async function linkSome(from: string, into: string, depth: number): Promise<void> {
  await mkdir(into, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  if (depth === 0) {
    const files = entries.map(({ name }) => name).sort();
    for (const name of files.slice(0, PICTURES)) await symlink(join(from, name), join(into, name));
    return;
  }
  for (const entry of entries)
    if (entry.isDirectory()) await linkSome(join(from, entry.name), join(into, entry.name), depth - 1);
}
