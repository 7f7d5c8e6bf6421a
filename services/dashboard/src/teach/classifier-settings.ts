import type { Roi, Settings, Topics } from "@beckon/protocol";
import { Roi as RoiSchema } from "@beckon/protocol";
import type { Bus, Logger } from "@beckon/runtime";
import { z } from "zod";

/** Of a classifier's published settings, what decides how it looks at a camera; what does not fit counts as not said. */
const Looking = z.object({
  rois: z.record(z.string(), RoiSchema).catch({}),
  mirror: z.record(z.string(), z.boolean()).catch({}),
});

/** Classifiers are a few; their names are made up by whoever may publish. */
const MOST_CLASSIFIERS = 64;

/** What the classifiers say of their settings: retained, so known soon after each connection. */
export class ClassifierSettings {
  readonly #known = new Map<string, Settings>();

  /** Listens until the signal. */
  async follow(bus: Pick<Bus, "subscribe">, topics: Topics, signal: AbortSignal, log: Logger): Promise<void> {
    try {
      const filter = topics.serviceConfig.matching({ kind: "classifier" });
      for await (const { names, value } of bus.subscribe(filter, { signal }))
        if (this.#known.has(names.id) || this.#known.size < MOST_CLASSIFIERS) this.#known.set(names.id, value);
    } catch (error) {
      log.warn({ err: error }, "what the classifiers are set to is not known: samples are cut as the cameras say");
    }
  }

  /** How a camera's frames are cut and turned; of two classifiers that differ the first is believed. */
  looksAt(camera: string): { readonly roi: Roi | undefined; readonly mirror: boolean } {
    const all = [...this.#known.values()].map((settings) => Looking.parse(settings));
    const roi = all.map(({ rois }) => ownValue(rois, camera)).find((found) => found !== undefined);
    return { roi, mirror: all.some(({ mirror }) => ownValue(mirror, camera) === true) };
  }

  /** Whether any classifier names this folder anywhere in its settings. */
  uses(folder: string): boolean {
    return [...this.#known.values()].some((settings) => JSON.stringify(settings).includes(`"${folder}"`));
  }
}

/** A camera may well be called `constructor`. */
function ownValue<V>(values: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
