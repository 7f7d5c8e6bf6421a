import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { BrowserCameraView } from "../browser-camera/browser-camera-view.tsx";
import { LiveView } from "../live/live-view.tsx";
import { SystemView } from "../system/system-view.tsx";
import { TeachView } from "../teach/teach-view.tsx";
import { words } from "../words.ts";

const VIEWS = {
  live: LiveView,
  camera: BrowserCameraView,
  teach: TeachView,
  system: SystemView,
} as const satisfies Record<keyof typeof words.views, ComponentType>;
type ViewName = keyof typeof VIEWS;
const NAMES = Object.keys(VIEWS) as ViewName[];

/** The view is in the address, so that it can be bookmarked and gone back to. */
const view = signal<ViewName>(viewOf(location.hash));

function viewOf(hash: string): ViewName {
  return NAMES.find((name) => `#${name}` === hash) ?? "live";
}

export function Shell() {
  useEffect(() => {
    const follow = (): void => {
      view.value = viewOf(location.hash);
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const View = VIEWS[view.value];
  return (
    <>
      <header>
        <h1>{words.title}</h1>
        <nav>
          {NAMES.map((name) => (
            <a key={name} href={`#${name}`} aria-current={view.value === name ? "page" : undefined}>
              {words.views[name]}
            </a>
          ))}
        </nav>
      </header>
      <main>
        <View />
      </main>
    </>
  );
}
