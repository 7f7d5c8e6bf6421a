import { Name, Roi } from "@beckon/protocol";
import { effect, type Signal, signal } from "@preact/signals";
import * as z from "zod";

/** The pace that may be chosen, frames a second. */
export const FPS = { least: 1, most: 30, usual: 15 };

const Fps = z.int().min(FPS.least).max(FPS.most);

/** As it is kept in the browser, where anybody may have written anything. */
const Kept = z.object({
  name: Name.optional().catch(undefined),
  fps: Fps.catch(FPS.usual),
  mirrored: z.boolean().catch(true),
  device: z.string().max(512).catch("user"),
  roi: Roi.optional().catch(undefined),
});

/** What the user chooses of her camera; kept in the browser. */
export interface CameraSettings {
  /** As typed; `Name` decides whether it may be used. */
  readonly name: Signal<string>;
  readonly fps: Signal<number>;
  /** Only the preview: frames are sent as they are. */
  readonly mirrored: Signal<boolean>;
  /** `user` or `environment` for the camera of that side, or the id of a device. */
  readonly device: Signal<string>;
  /** Undefined for the default square. */
  readonly roi: Signal<Roi | undefined>;
}

const KEY = "beckon.camera";

export type KeyValueStore = Pick<Storage, "getItem" | "setItem">;

/** @param userAgent of the browser, for a name that tells a phone from a laptop */
export function cameraSettings(storage: KeyValueStore, userAgent: string): CameraSettings {
  const read = Kept.safeParse(readJson(storage));
  const kept = read.success ? read.data : Kept.parse({});
  const settings = {
    name: signal(kept.name ?? usualName(userAgent)),
    fps: signal(kept.fps),
    mirrored: signal(kept.mirrored),
    device: signal(kept.device),
    roi: signal(kept.roi),
  };
  effect(() => {
    const { name, fps, mirrored, device, roi } = settings;
    const now = { name: name.value, fps: fps.value, mirrored: mirrored.value, device: device.value, roi: roi.value };
    try {
      storage.setItem(KEY, JSON.stringify(now));
    } catch {
      // A private window or a full store: the choice lives as long as the page.
    }
  });
  return settings;
}

function readJson(storage: KeyValueStore): unknown {
  try {
    return JSON.parse(storage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/** Two phones of a home are two cameras. */
function usualName(userAgent: string): string {
  const device = /ipad|tablet/i.test(userAgent)
    ? "tablet"
    : /mobi|android|iphone/i.test(userAgent)
      ? "phone"
      : "laptop";
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return `${device}-${(number % 36 ** 4).toString(36).padStart(4, "0")}`;
}
