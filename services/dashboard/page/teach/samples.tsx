import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Recording } from "../../src/teach/teach-api.ts";
import { useStores } from "../stores.ts";
import * as words from "../words.ts";
import { ConfirmButton } from "./confirm-button.tsx";
import type { TaughtGesture, TeachStore } from "./teach-store.ts";

/** Pictures of a recording that are shown unasked, and recordings whose pictures are: the page holds some hundreds. */
const FIRST = 16;
const MOST_RECORDINGS = 12;
/** Fetched when it is so near to what is seen. */
const NEAR = "240px";

/** The pictures of a gesture, by recording, newest first. */
export function Samples({ store, gesture }: { readonly store: TeachStore; readonly gesture: TaughtGesture }) {
  /** One at a time. */
  const whole = useSignal<string | undefined>(undefined);
  return (
    <ul class="teach-recordings" aria-label={words.teach.samples(gesture.name)}>
      {gesture.recordings.map((recording, index) => (
        <li key={recording.id} class="stack">
          <div class="row spread">
            <span class="hint number">
              {words.teach.recorded(timeOf(recording.startedAt), recording.camera, recording.pictures.length)}
            </span>
            <ConfirmButton
              label={words.teach.throwRecording}
              question={words.teach.sure(recording.pictures.length)}
              onYes={() => void store.removeRecording(recording)}
            />
          </div>
          <Pictures
            store={store}
            recording={recording}
            most={whole.value === recording.id ? recording.pictures.length : index < MOST_RECORDINGS ? FIRST : 0}
            showAll={() => {
              whole.value = recording.id;
            }}
          />
        </li>
      ))}
    </ul>
  );
}

interface PicturesProps {
  readonly store: TeachStore;
  readonly recording: Recording;
  readonly most: number;
  readonly showAll: () => void;
}

function Pictures({ store, recording, most, showAll }: PicturesProps) {
  const { pictures, id, gesture } = recording;
  return (
    <div class="teach-pictures">
      {pictures.slice(0, most).map((picture, index) => (
        <figure key={picture}>
          <Thumbnail path={`teach/recordings/${id}/${picture}`} alt={words.teach.sample(gesture, index + 1)} />
          <button
            type="button"
            aria-label={words.teach.throwPicture(index + 1)}
            onClick={() => void store.removePicture(recording, picture)}
          >
            ×
          </button>
        </figure>
      ))}
      {pictures.length > most && (
        <button type="button" class="small" onClick={showAll}>
          {words.teach.showAll(pictures.length)}
        </button>
      )}
    </div>
  );
}

/** Fetched when it is nearly in view. Its address holds memory, so it is given up as soon as the picture is read. */
function Thumbnail({ path, alt }: { readonly path: string; readonly alt: string }) {
  const { api } = useStores();
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const place = image.current;
    if (!place) return;
    let wanted = true;
    const fetchOnce = (entries: readonly IntersectionObserverEntry[]): void => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      api
        .picture(path)
        .then((blob) => {
          if (!wanted) return;
          const url = URL.createObjectURL(blob);
          const free = (): void => URL.revokeObjectURL(url);
          place.onload = free;
          place.onerror = free;
          place.src = url;
        })
        // What it shows instead is its alternative text.
        .catch(() => undefined);
    };
    const observer = new IntersectionObserver(fetchOnce, { rootMargin: NEAR });
    observer.observe(place);
    return () => {
      wanted = false;
      observer.disconnect();
    };
  }, [api, path]);
  return <img ref={image} alt={alt} width={88} height={88} />;
}

export function timeOf(at: number): string {
  return new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
