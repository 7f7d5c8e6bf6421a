import { Roi } from "@beckon/protocol";
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { LocalRoi } from "../app.ts";
import type { PageBus } from "../bus/page-bus.ts";
import { type KnownService, settingAt } from "./services.ts";

/** What became of a region that was chosen. */
export type Saving =
  | { readonly step: "none" }
  /** `roi` is what will be looked at; undefined for the default. */
  | { readonly step: "saving"; readonly roi: Roi | undefined }
  | { readonly step: "saved" }
  /** `away`: there is nobody to keep it. `unsent`: no connection, or not allowed. `unconfirmed`: nobody took it over. */
  | { readonly step: "failed"; readonly why: "away" | "unsent" | "unconfirmed" };

/** Where the region of each camera is kept, and the way there. */
export interface Regions {
  saving(camera: string): ReadonlySignal<Saving>;
  /** @param roi undefined for the default: the centred square */
  save(camera: string, roi: Roi | undefined): void;
}

const CONFIRM_MS = 4000;
/** For so long it is said that it was saved. */
const SAID_MS = 5000;
const NONE: Saving = { step: "none" };

/** Who keeps the region of a camera: the publisher that has it, else the classifiers, for cameras of other software. */
interface Keeper {
  readonly services: readonly KnownService[];
  readonly path: readonly string[];
}

/**
 * @param local the camera that this browser is, which keeps its own region
 */
export function createRegions(
  bus: PageBus,
  services: ReadonlySignal<readonly KnownService[]>,
  local: ReadonlySignal<LocalRoi | undefined>,
): Regions {
  /** By camera, without those of which nothing is said. */
  const savings = signal<ReadonlyMap<string, Saving>>(new Map());
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const settle = (camera: string, saving: Saving): void => {
    clearTimeout(timers.get(camera));
    timers.delete(camera);
    const next = new Map(savings.peek()).set(camera, saving);
    if (saving.step === "none") next.delete(camera);
    savings.value = next;
    if (saving.step === "saved")
      timers.set(
        camera,
        setTimeout(() => settle(camera, NONE), SAID_MS),
      );
  };
  /** The keeper shows its configuration after each change; nobody answers on the bus otherwise. */
  effect(() => {
    const now = services.value;
    for (const [camera, saving] of savings.peek())
      if (saving.step === "saving" && isKept(keeperOf(now, camera), saving.roi)) settle(camera, { step: "saved" });
  });
  const publish = async (camera: string, saving: Extract<Saving, { step: "saving" }>): Promise<void> => {
    const { services: keepers, path } = keeperOf(services.peek(), camera);
    if (keepers.length === 0) return settle(camera, { step: "failed", why: "away" });
    const patch = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), saving.roi ?? null);
    const sent = await Promise.all(
      keepers.map((service) => bus.publish(bus.topics.serviceSet(service), patch as Record<string, never>)),
    );
    // Another region may have been chosen meanwhile.
    if (!sent.includes(true) && savings.peek().get(camera) === saving)
      settle(camera, { step: "failed", why: "unsent" });
  };
  return {
    saving: (camera) => computed(() => savings.value.get(camera) ?? NONE),
    save: (camera, roi) => {
      if (local.peek()?.camera === camera) {
        local.peek()?.set(roi);
        return settle(camera, { step: "saved" });
      }
      const saving = { step: "saving", roi } as const;
      settle(camera, saving);
      timers.set(
        camera,
        setTimeout(() => settle(camera, { step: "failed", why: "unconfirmed" }), CONFIRM_MS),
      );
      void publish(camera, saving);
    },
  };
}

function keeperOf(services: readonly KnownService[], camera: string): Keeper {
  const online = services.filter(({ online }) => online);
  const publishers = services.filter(
    ({ kind, config }) => kind === "camera-publisher" && settingAt(config, "cameras", camera) !== undefined,
  );
  if (publishers.length > 0)
    return { services: publishers.filter((one) => online.includes(one)).slice(0, 1), path: ["cameras", camera, "roi"] };
  return { services: online.filter(({ kind }) => kind === "classifier"), path: ["rois", camera] };
}

/** Whether each of them has it; a default is kept as no value, or as `default`. */
function isKept({ services, path }: Keeper, wanted: Roi | undefined): boolean {
  return (
    services.length > 0 &&
    services.every(({ config }) => {
      const kept = Roi.safeParse(settingAt(config, ...path)).data;
      return wanted === undefined ? kept === undefined : kept !== undefined && kept.join() === wanted.join();
    })
  );
}
