import { useSignal } from "@preact/signals";
import type { TargetedSubmitEvent } from "preact";
import { OTHERS } from "../../src/teach/teach-api.ts";
import { words } from "../words.ts";
import { ConfirmButton } from "./confirm-button.tsx";
import { Samples } from "./samples.tsx";
import type { TaughtGesture, TeachStore } from "./teach-store.ts";

/** All gestures with their pictures, and a place for another name. */
export function GesturesCard({
  store,
  choose,
}: {
  readonly store: TeachStore;
  readonly choose: (name: string) => void;
}) {
  const opened = useSignal<string | undefined>(undefined);
  return (
    <section class="card stack" aria-labelledby="teach-gestures">
      <h3 id="teach-gestures">{words.teach.gestures}</h3>
      <AddGesture store={store} choose={choose} />
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
              aria-label={words.teach.samples(name)}
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

function AddGesture({ store, choose }: { readonly store: TeachStore; readonly choose: (name: string) => void }) {
  const typed = useSignal("");
  const refusal = useSignal<string | undefined>(undefined);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    refusal.value = store.addGesture(typed.value);
    if (refusal.value !== undefined) return;
    const added = store.gestures.peek().at(-2)?.name;
    if (added) choose(added);
    typed.value = "";
  };
  return (
    <form class="stack" onSubmit={submit}>
      <div class="teach-add">
        <label class="field">
          {words.teach.addLabel}
          <input
            value={typed.value}
            maxLength={64}
            autocomplete="off"
            aria-invalid={refusal.value !== undefined}
            aria-describedby="teach-name-refused"
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
        <button type="submit">{words.teach.add}</button>
      </div>
      <p class="error" id="teach-name-refused" role="alert">
        {refusal.value}
      </p>
    </form>
  );
}
