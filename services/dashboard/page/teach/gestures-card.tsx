import { useSignal } from "@preact/signals";
import { OTHERS } from "../../src/teach/teach-api.ts";
import * as words from "../words.ts";
import { AddGesture } from "./add-gesture.tsx";
import { ConfirmButton } from "./confirm-button.tsx";
import { Samples } from "./samples.tsx";
import type { TaughtGesture, TeachStore } from "./teach-store.ts";

export interface GesturesCardProps {
  readonly store: TeachStore;
  /** Hears of a new gesture. */
  readonly added: (name: string) => void;
}

/** All gestures with their pictures, and a place to name another. */
export function GesturesCard({ store, added }: GesturesCardProps) {
  const opened = useSignal<string | undefined>(undefined);
  return (
    <section class="card stack" aria-labelledby="teach-gestures">
      <h3 id="teach-gestures">{words.teach.gestures}</h3>
      <AddGesture store={store} choose={added} />
      <ul class="teach-gestures">
        {store.gestures.value.map((gesture) => (
          <GestureRow
            key={gesture.name}
            store={store}
            gesture={gesture}
            open={opened.value === gesture.name}
            toggle={() => {
              opened.value = opened.value === gesture.name ? undefined : gesture.name;
            }}
          />
        ))}
      </ul>
      <p class="error" role="alert">
        {store.troubles.value.remove}
      </p>
    </section>
  );
}

interface GestureRowProps {
  readonly store: TeachStore;
  readonly gesture: TaughtGesture;
  readonly open: boolean;
  readonly toggle: () => void;
}

function GestureRow({ store, gesture, open, toggle }: GestureRowProps) {
  const { name, pictures, recordings } = gesture;
  const removable = name !== OTHERS || pictures > 0;
  return (
    <li class="stack">
      <div class="row spread">
        <div>
          <strong>{name}</strong>
          <p class="hint number">{words.teach.counts(pictures, recordings.length)}</p>
        </div>
        <span class="row">
          {recordings.length > 0 && (
            <button
              type="button"
              class="small"
              aria-expanded={open}
              aria-label={`${open ? words.teach.hide : words.teach.show} ${words.teach.samples(name)}`}
              onClick={toggle}
            >
              {open ? words.teach.hide : words.teach.show}
            </button>
          )}
          {removable && (
            <ConfirmButton
              key={pictures}
              label={words.teach.throwOut}
              question={words.teach.sure(pictures)}
              onYes={() => void store.removeGesture(name)}
            />
          )}
        </span>
      </div>
      {name === OTHERS && <p class="hint">{words.teach.others}</p>}
      {open && recordings.length > 0 && <Samples store={store} gesture={gesture} />}
    </li>
  );
}
