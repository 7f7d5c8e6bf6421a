// First here, too: which of the two scripts has what they share, the build decides.
import "./zod-without-eval.ts";
import type { ComponentType } from "preact";
import type { App } from "./app.ts";
import { BrowserCamera } from "./browser-camera/browser-camera.ts";
import { BrowserCameraView } from "./browser-camera/browser-camera-view.tsx";
import { browserPlatform, browserStore } from "./browser-camera/camera-platform.ts";
import { cameraSettings } from "./browser-camera/camera-settings.ts";
import { createApi } from "./bus/api.ts";
import { type Stores, StoresContext } from "./stores.ts";
import { createSystemStore } from "./system/system-store.ts";
import { SystemView } from "./system/system-view.tsx";
import { TeachStore } from "./teach/teach-store.ts";
import { TeachView } from "./teach/teach-view.tsx";

export type OtherViews = Readonly<Record<"camera" | "teach" | "system", ComponentType>>;

/** Begins to keep what they show, once for the whole page. */
export function createOtherViews({ bus, facts, localRoi, live }: Omit<App, "others">): OtherViews {
  const api = createApi(bus, facts);
  const settings = cameraSettings(browserStore, navigator.userAgent);
  const stores: Stores = {
    api,
    camera: new BrowserCamera({ bus, settings, platform: browserPlatform(), localRoi }),
    teach: new TeachStore({ bus, api, services: live.services }),
    system: createSystemStore(bus),
  };
  const withStores = (View: ComponentType): ComponentType =>
    function ViewWithStores() {
      return (
        <StoresContext.Provider value={stores}>
          <View />
        </StoresContext.Provider>
      );
    };
  return {
    camera: withStores(BrowserCameraView),
    teach: withStores(TeachView),
    system: withStores(SystemView),
  };
}
