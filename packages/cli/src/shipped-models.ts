import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { didYouMean } from "@beckon/protocol/did-you-mean";
import { CommandFailure } from "./usage.ts";

/** The bundles that ship with Beckon. */
export const SHIPPED = fileURLToPath(new URL("../../../models/", import.meta.url));

/** Folders with a `model.json` right below one, by name. A folder that is missing has none. */
export async function bundlesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries
    .map(({ name }) => name)
    .filter((name) => !name.startsWith(".") && isBundle(join(folder, name)))
    .sort();
}

/** Whether a folder looks like a bundle. */
function isBundle(folder: string): boolean {
  return existsSync(join(folder, "model.json"));
}

/**
 * The folder of a bundle that was named: a path, a training's folder with a `best/` in it, or a shipped one's name.
 *
 * @throws CommandFailure naming what there is
 */
export async function findBundle(named: string, shipped = SHIPPED): Promise<string> {
  const candidates = [named, join(named, "best"), ...(/^[\w-]+$/.test(named) ? [join(shipped, named)] : [])];
  const found = candidates.find(isBundle);
  if (found !== undefined) return found;
  const names = await bundlesIn(shipped);
  if (existsSync(named)) {
    const isFile = !statSync(named).isDirectory();
    const what = isFile ? "is a file: give the folder of the bundle" : "is no model bundle: it holds no model.json";
    throw new CommandFailure(`${named} ${what}`);
  }
  const known =
    names.length === 0 ? "no model ships here yet, train one with beckon train" : `shipped: ${names.join(", ")}`;
  throw new CommandFailure(
    `there is no model "${named}"${didYouMean(named, names)} (${known}; or give a bundle's folder)`,
  );
}
