import type { Roi } from "@beckon/protocol";
import type { Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { PageFacts } from "../src/page-facts.ts";
import type { PageBus } from "./bus/page-bus.ts";
import type { LiveStore } from "./live/live-store.ts";
import type { OtherViews } from "./other-views.tsx";
import type { Lazy } from "./shell/lazy.ts";

/** The region of interest of the camera that this very browser is: it is kept here, not by a service. */
export interface LocalRoi {
  readonly camera: string;
  /** @param roi undefined for the default square */
  set(roi: Roi | undefined): void;
}

/** What every view is given, from the first moment. What only some of them need is in `Stores`, and comes with them. */
export interface App {
  readonly bus: PageBus;
  readonly facts: PageFacts;
  /** Set by the browser's camera while it runs. */
  readonly localRoi: Signal<LocalRoi | undefined>;
  readonly live: LiveStore;
  /** All but Live, which is what most people look at. */
  readonly others: Lazy<OtherViews>;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("a view stands outside of the page");
  return app;
}
