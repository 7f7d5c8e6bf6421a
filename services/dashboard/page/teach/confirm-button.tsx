import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as words from "../words.ts";

export interface ConfirmButtonProps {
  readonly label: string;
  readonly question: string;
  readonly onYes: () => void;
}

/** Asks in its own place before it does what cannot be undone. */
export function ConfirmButton({ label, question, onYes }: ConfirmButtonProps) {
  const asks = useSignal<boolean | undefined>(undefined);
  const next = useRef<HTMLButtonElement>(null);
  // Whoever works by keyboard stays where she is; not at the first look.
  useEffect(() => {
    if (asks.value !== undefined) next.current?.focus();
  }, [asks.value]);
  if (!asks.value)
    return (
      <button ref={next} type="button" class="small" onClick={() => (asks.value = true)}>
        {label}
      </button>
    );
  return (
    <span class="row">
      <span class="hint">{question}</span>
      <button type="button" class="small danger" aria-label={`${words.teach.throwOut}: ${question}`} onClick={onYes}>
        {words.teach.throwOut}
      </button>
      <button ref={next} type="button" class="small" onClick={() => (asks.value = false)}>
        {words.teach.keep}
      </button>
    </span>
  );
}
