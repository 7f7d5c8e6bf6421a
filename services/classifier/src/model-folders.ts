import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { didYouMean } from "@beckon/protocol/did-you-mean";
import { dataFolder, ServiceFailure, withHome } from "@beckon/runtime";
import { fileReason } from "@beckon/vision/system-reason";
import type { ClassifierConfig } from "./config.ts";

/** Where the bundles that ship lie. */
export const SHIPPED_MODELS = fileURLToPath(new URL("../../../models", import.meta.url));

/** A model to serve, found on the disk. */
export interface ModelSource {
  /** As it stands in topics and stats. */
  readonly name: string;
  /** Absolute path of its bundle. */
  readonly folder: string;
  readonly threads: number;
}

/**
 * Finds the bundles that a configuration names.
 *
 * @throws ServiceFailure for one that is not there, naming those that are
 */
export function findModels({
  models,
  modelsFolder,
}: Pick<ClassifierConfig, "models" | "modelsFolder">): readonly ModelSource[] {
  const own = modelsFolder === undefined ? dataFolder("models") : resolve(withHome(modelsFolder));
  const folders = [...(own === undefined ? [] : [own]), SHIPPED_MODELS];
  if (Array.isArray(models))
    return [...new Set(models)].map((name) => ({ name, folder: findBundle(name, folders), threads: 1 }));
  const choices = Object.entries(models);
  if (choices.length === 0) throw new ServiceFailure("classifier.models: names no model; leave it out for letters");
  return choices.map(([name, choice]) => ({
    name,
    folder: findBundle(choice.folder ?? name, folders),
    threads: choice.threads,
  }));
}

function findBundle(name: string, folders: readonly string[]): string {
  const found = folders.map((folder) => join(folder, name)).find(isBundle);
  if (found !== undefined) return found;
  const known = [...new Set(folders.flatMap(bundlesIn))].sort();
  const there = known.length === 0 ? "there is none" : `there are ${known.join(", ")}`;
  throw new ServiceFailure(
    `classifier.models: no bundle "${name}" in ${folders.join(" or ")}: ${there}${didYouMean(name, known)}`,
  );
}

function bundlesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith(".") && isBundle(join(folder, name)));
  } catch (cause) {
    // It comes into being with the first model that is taught.
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new ServiceFailure(`classifier.modelsFolder: ${folder}: ${fileReason(cause)}`, { cause });
  }
}

const isBundle = (folder: string): boolean => existsSync(join(folder, "model.json"));
