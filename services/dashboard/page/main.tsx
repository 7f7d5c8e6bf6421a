import "./zod-without-eval.ts";
// First, for the views adjust what it says.
import "./style/page.css";
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { PageFacts } from "../src/page-facts.ts";
import { type App, AppContext } from "./app.ts";
import { connectPageBus } from "./bus/page-bus.ts";
import { followServiceClock } from "./bus/service-clock.ts";
import { createLiveStore } from "./live/live-store.ts";
import { lazy } from "./shell/lazy.ts";
import { Shell } from "./shell/shell.tsx";
import * as words from "./words.ts";

const RETRY_MS = 2000;
/** The first pictures come first. */
const PRELOAD_MS = 1500;

function createApp(facts: PageFacts): App {
  const bus = connectPageBus(`${location.origin.replace(/^http/, "ws")}/mqtt`, facts.prefix);
  const localRoi: App["localRoi"] = signal(undefined);
  const clock = followServiceClock(bus.connection, async () => (await fetchFacts()).now);
  const start = { bus, facts, localRoi, live: createLiveStore(bus, localRoi, clock.now) };
  const others = lazy(async () => (await import("./other-views.tsx")).createOtherViews(start));
  effect(() => {
    // Also those that nobody asked for, so that a connection that is lost later takes no view away.
    if (bus.connection.value.status === "online") setTimeout(others.load, PRELOAD_MS);
  });
  return { ...start, others };
}

async function fetchFacts(): Promise<PageFacts> {
  return PageFacts.parse(await (await fetch("page.json")).json());
}

/** A page that was open before its service, or came from the browser's memory, waits for it. */
async function untilFacts(place: HTMLElement): Promise<PageFacts> {
  for (;;) {
    try {
      return await fetchFacts();
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
