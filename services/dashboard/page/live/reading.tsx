import { type ReadonlySignal, useComputed, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useApp } from "../app.ts";
import * as words from "../words.ts";
import type { LiveCamera, Reading } from "./cameras.ts";

const PLACES = [0, 1, 2];

/** What one model makes of the camera: the gesture that stands, large, and its best guesses. */
export function ReadingPanel({ reading, alone }: { readonly reading: Reading; readonly alone: boolean }) {
  return (
    <div class={alone ? "live-reading" : "live-reading one-of-several"}>
      <SteadyGesture reading={reading} alone={alone} />
      <div class="stack">
        {!alone && <h4>{reading.model}</h4>}
        <ol
          class={useComputed(() => (reading.sure.value ? "live-top sure" : "live-top"))}
          aria-label={words.live.top(reading.model)}
        >
          {PLACES.map((place) => (
            <Guess key={place} top={reading.top} place={place} />
          ))}
        </ol>
      </div>
    </div>
  );
}

function SteadyGesture({ reading: { steady }, alone }: { readonly reading: Reading; readonly alone: boolean }) {
  const { now } = useApp().live;
  const stands = steady.value;
  const held = useComputed(() => (steady.value ? words.live.held(now.value - steady.value.since) : " "));
  if (!stands)
    return (
      <div class="live-steady none">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M9 17V9.5a1.8 1.8 0 0 1 3.6 0V15V6.8a1.8 1.8 0 0 1 3.6 0V15V7.8a1.8 1.8 0 0 1 3.6 0V16V11a1.8 1.8 0 0 1 3.6 0v8c0 4.5-3 7.5-7.2 7.5c-3.6 0-5.6-1.7-7.6-5z" />
        </svg>
        <p class={alone ? "hint" : "visually-hidden"}>{stands === null ? words.live.noGesture : words.live.noResult}</p>
      </div>
    );
  const { gesture, since } = stands;
  const length = [...gesture].length;
  return (
    <div class="live-steady">
      <p key={`${gesture} ${since}`} class={`live-glyph ${length < 3 ? "short" : length < 8 ? "word" : "long"}`}>
        {gesture}
      </p>
      <p class="hint number">{held}</p>
    </div>
  );
}

/** Bound to its figures directly: no component renders for a result. */
function Guess({ top, place }: { readonly top: Reading["top"]; readonly place: number }) {
  const bar = useRef<HTMLSpanElement>(null);
  const label = useComputed(() => top.value[place]?.label ?? "");
  const share = useComputed(() => Math.round((top.value[place]?.confidence ?? 0) * 100) / 100);
  const percent = useComputed(() => (top.value[place] ? words.live.percent(share.value) : ""));
  useSignalEffect(() => {
    if (bar.current) bar.current.style.transform = `scaleX(${share.value})`;
  });
  return (
    <li>
      <span class="live-label">{label}</span>
      <span class="live-bar" aria-hidden="true">
        <span ref={bar} class="live-fill" />
      </span>
      <span class="number live-percent">{percent}</span>
    </li>
  );
}

/** What has been spelled, as tiles; the end of it when it is long. */
export function Spelled({ text }: { readonly text: LiveCamera["text"] }) {
  const letters = [...text.value.text];
  const shown = letters.slice(-SHOWN);
  return (
    <div class="live-spelled">
      <h4>{words.live.spelled}</h4>
      <p class="visually-hidden">{text.value.text}</p>
      <p class="live-tiles" aria-hidden="true">
        {shown.map((letter, index) => (
          // A letter keeps its place, so that only the new one appears.
          <b key={letters.length - shown.length + index} class={letter === " " ? "gap" : ""}>
            {letter}
          </b>
        ))}
        <i />
        {letters.length === 0 && <span class="hint none">{words.live.spelledNone}</span>}
      </p>
    </div>
  );
}

const SHOWN = 24;

/** Said to screen readers: a gesture that begins to stand, once. */
export function Announcement({
  camera,
  readings,
}: {
  readonly camera: string;
  readonly readings: LiveCamera["readings"];
}) {
  const said: ReadonlySignal<string> = useComputed(() =>
    readings.value
      .flatMap(({ steady }) => (steady.value ? [words.live.announce(camera, steady.value.gesture)] : []))
      .join(". "),
  );
  return (
    <p class="visually-hidden" role="status">
      {said}
    </p>
  );
}
