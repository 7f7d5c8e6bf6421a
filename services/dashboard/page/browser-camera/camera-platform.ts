import { type ReadonlySignal, signal } from "@preact/signals";
import type { KeyValueStore } from "./camera-settings.ts";
import { type OpenViewfinder, openViewfinder } from "./viewfinder.ts";

export interface CameraDevice {
  readonly id: string;
  /** As the system calls it. */
  readonly label: string;
}

/** What a camera needs of the browser that it runs in. */
export interface CameraPlatform {
  /** False where the browser gives no camera to a page at all: over HTTP from another machine. */
  readonly available: boolean;
  readonly hidden: ReadonlySignal<boolean>;
  readonly open: OpenViewfinder;
  devices(): Promise<readonly CameraDevice[]>;
  /** Keeps the screen on, where that can be had, until the returned function is called. */
  stayAwake(): () => void;
}

export function browserPlatform(): CameraPlatform {
  const hidden = signal(document.hidden);
  const look = (): void => {
    hidden.value = document.hidden;
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pageshow", look);
  addEventListener("pagehide", () => {
    hidden.value = true;
  });
  return {
    available: isSecureContext && navigator.mediaDevices !== undefined,
    hidden,
    open: openViewfinder,
    devices: async () =>
      (await navigator.mediaDevices.enumerateDevices())
        .filter(({ kind, deviceId }) => kind === "videoinput" && deviceId !== "")
        .map(({ deviceId, label }) => ({ id: deviceId, label })),
    stayAwake: () => {
      let wanted = true;
      let lock: WakeLockSentinel | undefined;
      // Refused on a low battery; the camera runs without.
      const asked = navigator.wakeLock?.request("screen").then((given) => {
        lock = given;
        if (!wanted) return given.release();
      });
      asked?.catch(() => undefined);
      return () => {
        wanted = false;
        lock?.release().catch(() => undefined);
      };
    },
  };
}

/** The browser's own store; where it is switched off, even asking for it throws, and whoever uses it expects that. */
export const browserStore: KeyValueStore = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, value),
};
