import type { TargetedKeyboardEvent } from "preact";
import { useEffect } from "preact/hooks";
import * as words from "../words.ts";
import type { TeachStore } from "./teach-store.ts";

export interface RecordButtonProps {
  readonly store: TeachStore;
  readonly gesture: string;
  /** Undefined when none is heard. */
  readonly camera: string | undefined;
  /** A press starts and another one stops, for who cannot hold. */
  readonly toggles: boolean;
}

/**
 * Records while it is held: by mouse, finger, space bar or enter. A click that comes from none of them is one of a screen
 * reader or a switch, which cannot hold: it starts, and the next one stops.
 */
export function RecordButton({ store, gesture, camera, toggles }: RecordButtonProps) {
  const own = store.recording.value;
  const pictures = store.state.value?.running?.pictures ?? 0;
  const end = (): void => void store.endRecording();
  const begin = (): void => {
    if (camera !== undefined) store.record(gesture, camera);
  };
  const turn = (): void => (store.recording.peek() ? end() : begin());
  useEffect(() => {
    if (!own) return;
    addEventListener("blur", end);
    document.addEventListener("visibilitychange", end);
    return () => {
      removeEventListener("blur", end);
      document.removeEventListener("visibilitychange", end);
    };
  }, [own]);
  useEffect(() => end, []);

  const byKey = (event: TargetedKeyboardEvent<HTMLButtonElement>, what: () => void): void => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) what();
  };
  const held = toggles
    ? { onClick: turn }
    : {
        onPointerDown: (event: PointerEvent & { readonly currentTarget: HTMLButtonElement }) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          begin();
        },
        onLostPointerCapture: end,
        onKeyDown: (event: TargetedKeyboardEvent<HTMLButtonElement>) => byKey(event, begin),
        onKeyUp: (event: TargetedKeyboardEvent<HTMLButtonElement>) => byKey(event, end),
        onBlur: end,
        onContextMenu: (event: Event) => event.preventDefault(),
        onClick: (event: MouseEvent) => {
          if (event.detail === 0) turn();
        },
      };
  // It is the same while it records: what changes is told by the count, which is not read out at each picture.
  const name = toggles ? words.teach.toggle(gesture) : words.teach.recordName(gesture);
  return (
    <button
      type="button"
      class={`primary teach-record ${own ? "recording" : ""}`}
      disabled={camera === undefined}
      aria-pressed={own !== undefined}
      aria-label={name}
      {...held}
    >
      <svg viewBox="0 0 36 36" aria-hidden="true">
        <circle cx="18" cy="18" r="8" />
        <circle cx="18" cy="18" r="15" pathLength={1} />
      </svg>
      <span>{own ? words.teach.recording(own.gesture, pictures) : name}</span>
    </button>
  );
}
