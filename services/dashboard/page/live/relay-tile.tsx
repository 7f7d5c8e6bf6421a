import { useComputed } from "@preact/signals";
import { useApp } from "../app.ts";
import * as words from "../words.ts";
import type { LiveRelay, RelayWish } from "./relays.ts";

/** Refusals that come of a clock that is wrong. */
const CLOCKS: readonly string[] = ["stale", "clock"];

/** A relay: what it does, why and since when, and its switch. */
export function RelayTile({ relay }: { readonly relay: LiveRelay }) {
  const { live, bus } = useApp();
  const cut = bus.connection.value.status !== "online";
  // What its service said last, it may have said because the broker went.
  const away = relay.away.value && !cut;
  const { on, cause } = relay.now.value;
  const wish = relay.wish.value;
  const shown = on && !away && !cut;
  const canSwitch = !away && !cut && wish.step !== "pending";
  const since = useComputed(() =>
    words.live.relaySince(relay.now.value.cause, words.live.lasting(live.now.value - relay.now.value.since)),
  );
  const state = cut ? words.live.unknown : away ? words.live.away : on ? words.live.on : words.live.off;
  const [said, tone] = inWords(wish);
  return (
    <article class={`card live-relay ${shown ? "on" : ""} ${away ? "away" : ""}`}>
      <div class="row spread">
        <div>
          <h3>{relay.name}</h3>
          <p class="live-relay-state">{state}</p>
        </div>
        <button
          type="button"
          role="switch"
          class="live-switch"
          aria-checked={shown}
          aria-label={relay.name}
          aria-disabled={!canSwitch}
          aria-busy={wish.step === "pending"}
          onClick={() => {
            if (canSwitch) relay.switch(!on);
          }}
        >
          <span class="live-knob" />
        </button>
      </div>
      <p class="hint number">{cut ? words.live.relayUnknown : away ? words.live.relayAway : since}</p>
      {/* What a screen reader hears of a change, without the seconds that pass; that the connection is away, the page says once. */}
      <p class="visually-hidden" role="status">
        {!cut && `${relay.name}: ${state}${away ? "" : `, ${cause}`}`}
      </p>
      <p class={tone} role="status">
        {said}
      </p>
    </article>
  );
}

function inWords(wish: RelayWish): readonly [string, string] {
  const live = words.live;
  switch (wish.step) {
    case "none":
      return ["", "hint"];
    case "pending":
      return [live.pending(wish.on), "hint"];
    case "unsent":
      return [live.unsent, "error"];
    case "unanswered":
      return [live.unanswered, "error"];
    case "refused": {
      // Its service may be of another version, and have reasons that this page does not know.
      const known = Object.hasOwn(live.refusals, wish.reason) ? live.refusals[wish.reason] : undefined;
      const why = [known ?? wish.reason, ...(wish.detail ? [wish.detail] : [])].join(": ");
      return [live.refused(why, wish.cause, CLOCKS.includes(wish.reason)), "error"];
    }
  }
}
