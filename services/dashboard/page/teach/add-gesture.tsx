import { useSignal } from "@preact/signals";
import type { TargetedSubmitEvent } from "preact";
import * as words from "../words.ts";
import type { TeachStore } from "./teach-store.ts";

/** A place for the name of another gesture, which is then the one to record. */
export function AddGesture({ store, choose }: { readonly store: TeachStore; readonly choose: (name: string) => void }) {
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
