import { setInterval } from "node:timers/promises";
import { type ServiceContext, ServiceFailure } from "@beckon/runtime";
import { bundleSignature } from "./bundle-signature.ts";
import type { Lineup } from "./lineup.ts";

/**
 * How often the folders are looked at, in ms. Asking is cheaper than it seems (three stats) and, unlike the system's
 * notices, survives renames, and works over network file systems and in containers.
 */
const EVERY_MS = 500;

/**
 * Reloads a model when its folder has changed and has then stayed as it is from one look to the next: half a copy is no
 * bundle. A folder that cannot be loaded is warned of once, and tried again when it changes again.
 */
export async function watchBundles(
  lineup: Pick<Lineup, "models" | "reload">,
  log: Pick<ServiceContext<unknown>["log"], "warn">,
  signal: AbortSignal,
  every = EVERY_MS,
): Promise<void> {
  const seen = new Map<string, string>();
  const tried = new Map<string, string>();
  try {
    for await (const _ of setInterval(every, undefined, { signal })) {
      for (const { name, folder, signature } of lineup.models.values()) {
        const now = await bundleSignature(folder);
        const settled = seen.get(folder) === now;
        seen.set(folder, now);
        if (!settled || now === signature || now === tried.get(folder)) continue;
        tried.set(folder, now);
        await lineup.reload(name).catch((error: unknown) => {
          if (!(error instanceof ServiceFailure)) throw error;
          log.warn(`${name}: ${error.message}; the model that was loaded before goes on`);
        });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
