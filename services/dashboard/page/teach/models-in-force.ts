import type { Settings } from "@beckon/protocol";
import * as z from "zod";

/** A classifier's `models`, in the two forms that it has: a list of names, or by name with what differs. */
const Models = z.union([z.array(z.string()), z.record(z.string(), z.looseObject({ folder: z.string().optional() }))]);

/** @returns the folder that a classifier serves under a name; undefined when it serves none, or does not say */
export function folderInForce(config: Settings, model: string): string | undefined {
  const { data } = Models.safeParse(config["models"]);
  if (data === undefined) return undefined;
  if (Array.isArray(data)) return data.includes(model) ? model : undefined;
  return Object.hasOwn(data, model) ? (data[model]?.folder ?? model) : undefined;
}

/**
 * What to put on `/set`, so that a folder is served under a name beside whatever else is served now.
 *
 * @param folder undefined to serve nothing under the name
 */
export function servingPatch(config: Settings, model: string, folder: string | undefined): Settings {
  const { data = [] } = Models.safeParse(config["models"]);
  const others = Array.isArray(data)
    ? data.filter((name) => name !== model).map((name) => [name, {}] as const)
    : Object.entries(data).filter(([name]) => name !== model);
  if (folder !== undefined) return settings({ ...Object.fromEntries(others), [model]: { folder } });
  // A classifier without any model is none: it has its default again.
  if (others.length === 0) return { models: null };
  // A merge patch (RFC 7396) removes only what is null in it.
  return settings(Array.isArray(data) ? others.map(([name]) => name) : { [model]: null });
}

/** It came as JSON, so it is. */
function settings(models: unknown): Settings {
  return { models } as Settings;
}
