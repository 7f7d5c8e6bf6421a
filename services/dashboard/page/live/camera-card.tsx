import { useComputed } from "@preact/signals";
import { useApp } from "../app.ts";
import * as words from "../words.ts";
import { CameraPicture } from "./camera-picture.tsx";
import type { LiveCamera } from "./cameras.ts";
import { Charts } from "./charts.tsx";
import { Announcement, ReadingPanel, Spelled } from "./reading.tsx";

/** One camera with all that is known of it. */
export function CameraCard({ camera }: { readonly camera: LiveCamera }) {
  const { bus } = useApp();
  const readings = camera.readings.value;
  // Without a connection nobody knows.
  const away = camera.away.value || bus.connection.value.status !== "online";
  const heading = `live-${camera.name}`;
  return (
    <article class={away ? "card live-camera away" : "card live-camera"} aria-labelledby={heading}>
      <div class="live-head">
        <h3 id={heading}>{camera.name}</h3>
        <span class={away ? "badge warning" : "badge good"}>{away ? words.live.away : words.live.looking}</span>
      </div>
      <div class="live-body">
        <CameraPicture camera={camera} />
        <div class="live-side">
          {readings.length === 0 && <p class="live-steady none hint">{words.live.noResult}</p>}
          {readings.map((reading) => (
            <ReadingPanel key={reading.model} reading={reading} alone={readings.length === 1} />
          ))}
          <Spelled text={camera.text} />
          <PastGestures camera={camera} />
          <PaceFigures camera={camera} />
        </div>
      </div>
      <Announcement camera={camera.name} readings={camera.readings} />
      <Charts camera={camera} />
    </article>
  );
}

function PaceFigures({ camera: { pace } }: { readonly camera: LiveCamera }) {
  const { figures, ms, fine } = words.live;
  const fps = useComputed(() => pace.value.fps.toFixed(pace.value.fps < 10 ? 1 : 0));
  const latency = useComputed(() => (pace.value.latency === undefined ? "–" : ms(pace.value.latency)));
  const age = useComputed(() => (pace.value.age === undefined ? "–" : fine(pace.value.age)));
  return (
    <dl class="live-figures">
      <div>
        <dt>{figures.fps}</dt>
        <dd class="number">{fps}</dd>
      </div>
      <div>
        <dt>{figures.latency}</dt>
        <dd class="number">{latency}</dd>
      </div>
      <div>
        <dt>{figures.age}</dt>
        <dd class="number">{age}</dd>
      </div>
    </dl>
  );
}

function PastGestures({ camera: { past } }: { readonly camera: LiveCamera }) {
  if (past.value.length === 0) return null;
  return (
    <div>
      <h4>{words.live.past}</h4>
      <ol class="live-past">
        {past.value.map(({ model, gesture, at }) => (
          <li key={`${at} ${model} ${gesture}`}>
            <strong>{gesture}</strong>
            <time class="number" dateTime={new Date(at).toISOString()}>
              {new Date(at).toLocaleTimeString()}
            </time>
          </li>
        ))}
      </ol>
    </div>
  );
}
