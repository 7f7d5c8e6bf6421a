import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ServiceFailure } from "@beckon/runtime";

/** @returns the path of a program that the user may start, or undefined */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    const path = join(folder, name);
    if (await may(path, constants.X_OK)) return path;
  }
  return undefined;
}

/**
 * @param names of one program, the best first
 * @param remedy the command that installs it
 * @returns the path of the first that is there
 * @throws {ServiceFailure} naming the program and the remedy
 */
export async function requireProgram(names: readonly [string, ...string[]], remedy: string): Promise<string> {
  for (const name of names) {
    const path = await findProgram(name);
    if (path !== undefined) return path;
  }
  throw new ServiceFailure(`${names.join(" or ")} is not installed: ${remedy}`);
}

/** @param mode of `fs.constants`, such as `R_OK` */
export async function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
