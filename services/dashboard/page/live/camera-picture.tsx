import type { Roi } from "@beckon/protocol";
import { type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app.ts";
import type { PageBus } from "../bus/page-bus.ts";
import { RoiEditor } from "../roi/roi-editor.tsx";
import { defaultRoi } from "../roi/roi-geometry.ts";
import * as words from "../words.ts";
import type { LiveCamera } from "./cameras.ts";
import { createNewestPicture } from "./newest-picture.ts";

/** A press of a key is one of many; the last of them is saved. */
const SETTLE_MS = 500;
/** Frames that were on their way when the region changed still show the old one. */
const LINGER_MS = 1500;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The picture with what is looked at on it. */
export function CameraPicture({ camera }: { readonly camera: LiveCamera }) {
  const { bus } = useApp();
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSignal<Size | undefined>(undefined);
  const draft = useSignal<Roi | undefined>(undefined);
  const editing = useSignal(false);
  useEffect(() => (canvas.current ? showFrames(bus, camera, canvas.current, size) : undefined), [bus, camera, size]);
  useSignalEffect(() => {
    if (size.value) stage.current?.style.setProperty("--ratio", String(size.value.width / size.value.height));
  });
  const roi = useComputed(
    () => draft.value ?? camera.roi.value ?? (size.value && defaultRoi(size.value.width, size.value.height)),
  );
  const { hold, save } = useSaving(camera.name, draft);
  const change = (next: Roi, settled: boolean): void => {
    if (draft.peek() === undefined && next.join() === roi.peek()?.join()) return;
    hold();
    draft.value = next;
    if (settled) save(next, SETTLE_MS);
  };
  const reset = (): void => {
    const seen = size.peek();
    if (seen) draft.value = defaultRoi(seen.width, seen.height);
    save(undefined, 0);
  };
  return (
    <div class="live-view-of">
      <div ref={stage} class={editing.value ? "live-stage editing" : "live-stage"}>
        <canvas ref={canvas} role="img" aria-label={words.live.picture(camera.name)} hidden={!size.value} />
        {size.value && roi.value && <RoiEditor roi={roi.value} onChange={change} />}
        {!size.value && <p class="hint live-waiting">{words.live.noPicture}</p>}
      </div>
      <div class="row live-region">
        <button
          type="button"
          class="small live-adjust"
          aria-pressed={editing.value}
          onClick={() => {
            editing.value = !editing.value;
          }}
        >
          {editing.value ? words.live.region.done : words.live.region.adjust}
        </button>
        <button type="button" class="small" onClick={reset}>
          {words.live.region.reset}
        </button>
        <SavingNote camera={camera.name} />
      </div>
    </div>
  );
}

/**
 * Draws the frames of a camera while they can be seen, and has none sent otherwise.
 *
 * @returns ends it
 */
function showFrames(bus: PageBus, camera: LiveCamera, canvas: HTMLCanvasElement, size: Signal<Size | undefined>) {
  const screen = canvas.getContext("bitmaprenderer");
  const before = camera.skipped.peek();
  const pictures = createNewestPicture<ImageBitmap>({
    decode: (jpeg) => createImageBitmap(new Blob([jpeg as Uint8Array<ArrayBuffer>], { type: "image/jpeg" })),
    draw: (picture) => {
      const { width, height } = picture;
      if (size.peek()?.width !== width || size.peek()?.height !== height) size.value = { width, height };
      screen?.transferFromImageBitmap(picture);
    },
    discard: (picture) => picture.close(),
    nextFrame: (draw) => requestAnimationFrame(draw),
  });
  let stop: (() => void) | undefined;
  let onScreen = false;
  const update = (): void => {
    const wanted = onScreen && !document.hidden;
    if (wanted && !stop)
      stop = bus.subscribe(bus.topics.frame({ camera: camera.name }), ({ value, arrivedAt }) => {
        if (camera.frame(value.envelope, arrivedAt)) pictures.offer(value.jpeg);
        camera.skipped.value = before + pictures.counts.superseded + pictures.counts.unreadable;
      });
    else if (!wanted && stop) {
      stop();
      stop = undefined;
      pictures.forget();
    }
  };
  const observer = new IntersectionObserver((entries) => {
    onScreen = entries.at(-1)?.isIntersecting ?? false;
    update();
  });
  observer.observe(canvas.parentElement ?? canvas);
  document.addEventListener("visibilitychange", update);
  return () => {
    observer.disconnect();
    document.removeEventListener("visibilitychange", update);
    onScreen = false;
    update();
  };
}

/** Saves when nothing more comes, and shows what is really looked at once that is known. */
function useSaving(camera: string, draft: Signal<Roi | undefined>) {
  const { regions } = useApp().live;
  const timers = useRef<{ save?: ReturnType<typeof setTimeout>; forget?: ReturnType<typeof setTimeout> }>({});
  const waiting = useRef<(() => void) | undefined>(undefined);
  const saveNow = (): void => {
    waiting.current?.();
    waiting.current = undefined;
  };
  // Who goes to another view at once has chosen all the same.
  useEffect(
    () => () => {
      clearTimeout(timers.current.save);
      clearTimeout(timers.current.forget);
      saveNow();
    },
    [],
  );
  useSignalEffect(() => {
    const { step } = regions.saving(camera).value;
    clearTimeout(timers.current.forget);
    if (step !== "saved" && step !== "failed") return;
    const forget = (): void => {
      draft.value = undefined;
    };
    if (!waiting.current) timers.current.forget = setTimeout(forget, step === "saved" ? LINGER_MS : 0);
  });
  return {
    /** What is being drawn is not taken away. */
    hold: () => clearTimeout(timers.current.forget),
    save: (roi: Roi | undefined, afterMs: number): void => {
      clearTimeout(timers.current.save);
      clearTimeout(timers.current.forget);
      waiting.current = () => regions.save(camera, roi);
      timers.current.save = setTimeout(saveNow, afterMs);
    },
  };
}

function SavingNote({ camera }: { readonly camera: string }) {
  const saving = useApp().live.regions.saving(camera).value;
  const { region } = words.live;
  const failed = saving.step === "failed";
  const said = { none: "", saving: region.saving, saved: region.saved, failed: failed ? region[saving.why] : "" };
  return (
    <>
      {saving.step === "none" && <span class="hint live-mouse">{region.hint}</span>}
      <span class={failed ? "error" : "hint"} role="status">
        {said[saving.step]}
      </span>
    </>
  );
}
