import { signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useErrorBoundary, useRef } from "preact/hooks";
import { useApp } from "../app.ts";
import { LiveView } from "../live/live-view.tsx";
import type { OtherViews } from "../other-views.tsx";
import * as words from "../words.ts";
import { ConnectionBadge, ConnectionBanner } from "./connection-state.tsx";
import { Login } from "./login.tsx";
import "./shell.css";

type ViewName = keyof typeof words.views;
const NAMES = Object.keys(words.views) as ViewName[];

/** Past the header, in the view that is looked at. */
const SKIP = "#main";

/** The view is in the address, so that it can be bookmarked and gone back to. */
const view = signal<ViewName>(viewOf(location.hash));

function viewOf(hash: string): ViewName {
  return NAMES.find((name) => `#${name}` === hash) ?? "live";
}

export function Shell() {
  const { bus } = useApp();
  const main = useRef<HTMLElement>(null);
  const username = useSignal("");
  /** The form stays while its answer is waited for, so that nothing flickers and a typed name is not lost. */
  const login = useSignal<"none" | "asked" | "done">("none");
  useSignalEffect(() => {
    const { status } = bus.connection.value;
    if (status === "login") login.value = "asked";
    else if (status === "online" && login.peek() === "asked") login.value = "done";
  });
  useEffect(() => {
    const follow = (): void => {
      if (location.hash === SKIP) history.replaceState(null, "", `#${view.peek()}`);
      view.value = viewOf(location.hash);
      scrollTo(0, 0);
      // Whoever reads by keyboard or ear begins where the new view does.
      main.current?.focus({ preventScroll: true });
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useSignalEffect(() => {
    document.title = `${words.views[view.value]} · ${words.title}`;
  });
  const name = view.value;
  return (
    <>
      <a class="shell-skip" href={SKIP}>
        {words.connection.skip}
      </a>
      <header class="shell-header">
        <div class="shell-bar">
          <div class="shell-brand">
            <img src="icon.svg" alt="" />
            <h1>{words.title}</h1>
          </div>
          <nav class="shell-nav" aria-label={words.connection.nav}>
            {NAMES.map((each) => (
              <a key={each} href={`#${each}`} aria-current={each === name ? "page" : undefined}>
                {words.views[each]}
              </a>
            ))}
          </nav>
          <ConnectionBadge />
          {login.value === "done" && (
            <button type="button" class="small" onClick={() => bus.logout()}>
              {words.login.out}
            </button>
          )}
        </div>
      </header>
      <ConnectionBanner />
      <main id="main" ref={main} class="shell-main" tabIndex={-1} aria-label={words.views[name]}>
        {login.value === "asked" ? <Login username={username} /> : <Guarded key={name} name={name} />}
      </main>
    </>
  );
}

/** A view that fails leaves the others alone. */
function Guarded({ name }: { readonly name: ViewName }) {
  const [error, again] = useErrorBoundary((cause: unknown) => console.error(cause));
  if (error === undefined) return name === "live" ? <LiveView /> : <OtherView name={name} />;
  return (
    <div class="notice bad stack" role="alert">
      <p>{words.connection.broken}</p>
      <p class="hint">{error instanceof Error ? error.message : String(error)}</p>
      <button type="button" onClick={again}>
        {words.connection.again}
      </button>
    </div>
  );
}

/** There at once, but right after the page was opened: nothing is said then, for it takes a moment only. */
function OtherView({ name }: { readonly name: keyof OtherViews }) {
  const { others } = useApp();
  const asked = useRef(false);
  useEffect(() => {
    asked.current = true;
    others.load();
  }, [others]);
  const View = others.part.value?.[name];
  if (View) return <View />;
  // One of an earlier attempt is not this one's.
  if (others.failure.value !== undefined && asked.current) throw others.failure.value;
  return null;
}
