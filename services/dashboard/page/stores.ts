import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { BrowserCamera } from "./browser-camera/browser-camera.ts";
import type { Api } from "./bus/api.ts";
import type { SystemStore } from "./system/system-store.ts";
import type { TeachStore } from "./teach/teach-store.ts";

/** What the views besides Live keep. It lives as long as the page, so that a view that is returned to is not empty. */
export interface Stores {
  readonly api: Api;
  readonly camera: BrowserCamera;
  readonly teach: TeachStore;
  readonly system: SystemStore;
}

export const StoresContext = createContext<Stores | undefined>(undefined);

export function useStores(): Stores {
  const stores = useContext(StoresContext);
  if (!stores) throw new Error("a view stands outside of those that have stores");
  return stores;
}
