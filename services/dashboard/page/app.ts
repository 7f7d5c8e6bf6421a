import type { Roi } from "@beckon/protocol";
import type { Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { PageFacts } from "../src/page-facts.ts";
import type { BrowserCamera } from "./browser-camera/browser-camera.ts";
import type { Api } from "./bus/api.ts";
import type { PageBus } from "./bus/page-bus.ts";
import type { LiveStore } from "./live/live-store.ts";
import type { SystemStore } from "./system/system-store.ts";
import type { TeachStore } from "./teach/teach-store.ts";

/** The region of interest of the camera that this very browser is: it is kept here, not by a service. */
export interface LocalRoi {
  readonly camera: string;
  /** @param roi undefined for the default square */
  set(roi: Roi | undefined): void;
}

/** What every view is given. Stores live as long as the page, so that a view that is left and returned to is not empty. */
export interface App {
  readonly bus: PageBus;
  readonly api: Api;
  readonly facts: PageFacts;
  readonly system: SystemStore;
  /** Set by the browser's camera while it runs. */
  readonly localRoi: Signal<LocalRoi | undefined>;
  readonly live: LiveStore;
  readonly camera: BrowserCamera;
  readonly teach: TeachStore;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("a view stands outside of the page");
  return app;
}
