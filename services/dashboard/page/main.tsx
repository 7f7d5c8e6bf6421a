import "./zod-without-eval.ts";
// First, for the views adjust what it says.
import "./style/page.css";
import { signal } from "@preact/signals";
import { render } from "preact";
import { PageFacts } from "../src/page-facts.ts";
import { type App, AppContext } from "./app.ts";
import { BrowserCamera } from "./browser-camera/browser-camera.ts";
import { browserPlatform, browserStore } from "./browser-camera/camera-platform.ts";
import { cameraSettings } from "./browser-camera/camera-settings.ts";
import { createApi } from "./bus/api.ts";
import { connectPageBus } from "./bus/page-bus.ts";
import { createLiveStore } from "./live/live-store.ts";
import { createServices } from "./live/services.ts";
import { Shell } from "./shell/shell.tsx";
import { createSystemStore } from "./system/system-store.ts";
import { TeachStore } from "./teach/teach-store.ts";
import * as words from "./words.ts";

const RETRY_MS = 2000;

function createApp(facts: PageFacts): App {
  const bus = connectPageBus(`${location.origin.replace(/^http/, "ws")}/mqtt`, facts.prefix);
  const localRoi: App["localRoi"] = signal(undefined);
  const settings = cameraSettings(browserStore, navigator.userAgent);
  const api = createApi(bus, facts);
  return {
    bus,
    api,
    facts,
    localRoi,
    camera: new BrowserCamera({ bus, settings, platform: browserPlatform(), localRoi }),
    teach: new TeachStore({ bus, api, services: createServices(bus) }),
    live: createLiveStore(bus, localRoi),
    system: createSystemStore(bus),
  };
}

/** A page that was open before its service, or came from the browser's memory, waits for it. */
async function untilFacts(place: HTMLElement): Promise<PageFacts> {
  for (;;) {
    try {
      return PageFacts.parse(await (await fetch("page.json")).json());
    } catch {
      render(
        <main class="shell-main">
          <p class="notice warning" role="alert">
            {words.connection.serviceAway}
          </p>
        </main>,
        place,
      );
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const place = document.getElementById("page");
if (place) {
  const app = createApp(await untilFacts(place));
  render(
    <AppContext.Provider value={app}>
      <Shell />
    </AppContext.Provider>,
    place,
  );
}
