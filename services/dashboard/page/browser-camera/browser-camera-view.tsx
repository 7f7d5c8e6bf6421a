import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app.ts";
import { RoiEditor } from "../roi/roi-editor.tsx";
import { useStores } from "../stores.ts";
import * as words from "../words.ts";
import { Answers } from "./answers.tsx";
import type { BrowserCamera } from "./browser-camera.ts";
import "./browser-camera.css";
import { FPS } from "./camera-settings.ts";
import { Trouble } from "./trouble.tsx";
import { SIDES } from "./viewfinder.ts";

export function BrowserCameraView() {
  const { bus } = useApp();
  const { camera } = useStores();
  const status = camera.status.value;
  const name = camera.settings.name.value;
  return (
    <div class="camera-view">
      <section class="stack" aria-labelledby="camera-title">
        <h2 id="camera-title">{words.camera.title}</h2>
        {status === "off" && <p class="hint">{words.camera.about}</p>}
        <Stage camera={camera} />
        <div class="row spread">
          <Stop camera={camera} />
          <Counts camera={camera} />
        </div>
        <div role="alert">{camera.trouble.value && <Trouble trouble={camera.trouble.value} />}</div>
        <p class="hint" role="status">
          {status !== "off" && bus.connection.value.status !== "online"
            ? words.camera.offline
            : words.camera.status[status](name)}
        </p>
      </section>
      <div class="stack">
        {(status === "on" || status === "paused") && (
          <section class="card" aria-label={words.camera.answer}>
            <Answers camera={name} />
          </section>
        )}
        <Settings camera={camera} />
      </div>
    </div>
  );
}

function Stage({ camera }: { readonly camera: BrowserCamera }) {
  const { settings } = camera;
  const stream = camera.stream.value;
  const { width, height } = camera.size.value;
  const mirrored = settings.mirrored.value;
  if (!stream)
    return (
      <div class="camera-stage camera-empty" style={{ aspectRatio: "4 / 3" }}>
        <svg viewBox="0 0 48 48" aria-hidden="true">
          <path d="M8 16h8l3-5h10l3 5h8v22H8z" />
          <circle cx="24" cy="26" r="7" />
        </svg>
        {camera.status.value === "off" && (
          <button type="button" class="primary camera-start" onClick={() => void camera.start()}>
            {words.camera.start}
          </button>
        )}
      </div>
    );
  return (
    <div
      class={`camera-stage ${mirrored ? "mirrored" : ""}`}
      style={{ aspectRatio: `${width} / ${height}`, maxWidth: `calc(64vh * ${width / height})` }}
    >
      <Preview stream={stream} />
      <RoiEditor
        roi={camera.roi.value}
        mirrored={mirrored}
        onChange={(roi) => {
          settings.roi.value = roi;
        }}
      />
    </div>
  );
}

function Preview({ stream }: { readonly stream: MediaStream }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (!video.current) return;
    video.current.srcObject = stream;
    // A browser that plays nothing by itself shows the first picture only; what is sent does not depend on it.
    video.current.play().catch(() => undefined);
  }, [stream]);
  return <video ref={video} muted playsInline autoplay aria-label={words.camera.preview} />;
}

function Stop({ camera }: { readonly camera: BrowserCamera }) {
  if (camera.status.value === "off") return null;
  return (
    <button type="button" class="danger" onClick={() => camera.stop()}>
      {words.camera.stop}
    </button>
  );
}

function Counts({ camera }: { readonly camera: BrowserCamera }) {
  const sender = camera.sender.value;
  if (!sender) return null;
  return (
    <span class="row">
      <span class="badge good number">{words.camera.sent(sender.sent.value)}</span>
      <span class="badge number" title={words.camera.skippedAbout}>
        {words.camera.skipped(sender.skipped.value)}
      </span>
    </span>
  );
}

function Settings({ camera }: { readonly camera: BrowserCamera }) {
  const { settings } = camera;
  const running = camera.status.value !== "off";
  const sides = words.camera.sides;
  const devices = camera.devices.value;
  const device = settings.device.value;
  const known = SIDES.some((side) => side === device) || devices.some(({ id }) => id === device);
  return (
    <section class="card stack" aria-labelledby="camera-settings">
      <h3 id="camera-settings">{words.camera.settings}</h3>
      <label class="field">
        {words.camera.name}
        <input
          value={settings.name.value}
          disabled={running}
          maxLength={64}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={camera.trouble.value?.kind === "name"}
          aria-describedby="camera-name-hint"
          onInput={(event) => {
            settings.name.value = event.currentTarget.value;
          }}
        />
      </label>
      <p class="hint" id="camera-name-hint">
        {words.camera.nameHint}
      </p>
      <label class="field">
        {words.camera.device}
        <select value={device} onChange={(event) => void camera.choose(event.currentTarget.value)}>
          {SIDES.map((side) => (
            <option key={side} value={side}>
              {sides[side]}
            </option>
          ))}
          {devices.map(({ id, label }, index) => (
            <option key={id} value={id}>
              {label || `${words.camera.device} ${index + 1}`}
            </option>
          ))}
          {!known && <option value={device}>{sides.gone}</option>}
        </select>
      </label>
      <label class="field">
        <span class="row spread">
          {words.camera.fps}
          <output class="number">{settings.fps.value}</output>
        </span>
        <input
          type="range"
          min={FPS.least}
          max={FPS.most}
          value={settings.fps.value}
          onInput={(event) => {
            settings.fps.value = event.currentTarget.valueAsNumber;
          }}
        />
      </label>
      <label class="row check">
        <input
          type="checkbox"
          checked={settings.mirrored.value}
          onChange={(event) => {
            settings.mirrored.value = event.currentTarget.checked;
          }}
        />
        {words.camera.mirror}
      </label>
      <div class="row spread">
        <span class="hint camera-roi-hint">{words.roi.help}</span>
        <button
          type="button"
          class="small"
          disabled={settings.roi.value === undefined}
          onClick={() => {
            settings.roi.value = undefined;
          }}
        >
          {words.roi.reset}
        </button>
      </div>
    </section>
  );
}
