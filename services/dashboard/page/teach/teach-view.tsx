import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { OTHERS, TAUGHT_MODEL } from "../../src/teach/teach-api.ts";
import { type App, useApp } from "../app.ts";
import { Answers } from "../browser-camera/answers.tsx";
import { Trouble } from "../browser-camera/trouble.tsx";
import { CameraPicture } from "../live/camera-picture.tsx";
import type { LiveCamera } from "../live/cameras.ts";
import { useStores } from "../stores.ts";
import * as words from "../words.ts";
import { GesturesCard } from "./gestures-card.tsx";
import { RecordButton } from "./record-button.tsx";
import { ResultCard } from "./result-card.tsx";
import "./teach.css";
import type { TeachStore } from "./teach-store.ts";
import { TrainingCard } from "./training-card.tsx";

export function TeachView() {
  const { teach } = useStores();
  useEffect(() => teach.open(), [teach]);
  const chosen = useSignal<string | undefined>(undefined);
  const gestures = teach.gestures.value.map(({ name }) => name);
  const gesture = gestures.find((name) => name === chosen.value) ?? gestures[0] ?? OTHERS;
  const choose = (name: string): void => {
    chosen.value = name;
  };
  const show = useRef<HTMLDivElement>(null);
  const folders = teach.state.value?.folders;
  return (
    <div class="teach">
      <div class="teach-intro">
        <h2>{words.teach.title}</h2>
        <p class="hint">{words.teach.about}</p>
        <p class="error" role="alert">
          {teach.troubles.value.state}
        </p>
      </div>
      <div class="stack teach-show" ref={show}>
        <ShowCard gesture={gesture} gestures={gestures} choose={choose} />
      </div>
      <div class="stack">
        <SaysNow />
        <GesturesCard
          store={teach}
          added={(name) => {
            choose(name);
            // Once the button speaks of it.
            requestAnimationFrame(() => show.current?.querySelector<HTMLElement>(".teach-record")?.focus());
          }}
        />
        <TrainingCard store={teach} />
        <ResultCard store={teach} />
        {folders && <p class="hint teach-folders">{words.teach.folders(folders.samples, folders.models)}</p>}
      </div>
    </div>
  );
}

interface ShowCardProps {
  readonly gesture: string;
  readonly gestures: readonly string[];
  readonly choose: (name: string) => void;
}

/** The camera, what is shown to it, and the button to hold; so that they are seen together on a phone. */
function ShowCard({ gesture, gestures, choose }: ShowCardProps) {
  const app = useApp();
  const { teach } = useStores();
  const toggles = useSignal(false);
  const camera = chosenCamera(app, teach);
  const own = teach.recording.value;
  const ended = teach.state.value?.ended;
  return (
    <section class="card stack" aria-label={words.teach.show}>
      <ChooseCamera camera={camera} />
      {camera && <CameraPicture key={camera.name} camera={camera} />}
      <fieldset class="teach-chips">
        <legend class="visually-hidden">{words.teach.gestures}</legend>
        {gestures.map((name) => (
          <label key={name} class="teach-chip">
            <input
              type="radio"
              name="teach-gesture"
              checked={name === gesture}
              disabled={own !== undefined}
              onChange={() => choose(name)}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <RecordButton store={teach} gesture={gesture} camera={camera?.name} toggles={toggles.value} />
      <p class="hint" role="status">
        {own ? words.teach.recordingNow(own.gesture) : ended ? words.teach.ended(ended.gesture, ended.pictures) : ""}
      </p>
      <p class="error" role="alert">
        {teach.troubles.value.record}
      </p>
      <p class="hint">{words.teach.recordHint}</p>
      <label class="row check">
        <input
          type="checkbox"
          checked={toggles.value}
          onChange={(event) => {
            toggles.value = event.currentTarget.checked;
          }}
        />
        {words.teach.pressOnce}
      </label>
    </section>
  );
}

/** What the taught model answers, beside the picture. */
function SaysNow() {
  const app = useApp();
  const { teach } = useStores();
  const camera = chosenCamera(app, teach);
  if (!camera || !teach.inUse.value.some(({ folder }) => folder !== undefined)) return null;
  return (
    <section class="card stack" aria-labelledby="teach-now">
      <h3 id="teach-now">{words.teach.now}</h3>
      <Answers camera={camera.name} model={TAUGHT_MODEL} none={words.teach.noAnswerYet} />
    </section>
  );
}

function ChooseCamera({ camera }: { readonly camera: LiveCamera | undefined }) {
  const { live } = useApp();
  const { teach, camera: own } = useStores();
  const list = live.cameras.list.value;
  const trouble = own.trouble.value;
  return (
    <>
      <div class="row spread teach-camera">
        <label class="field">
          {words.teach.camera}
          <select
            value={camera?.name ?? ""}
            disabled={list.length === 0}
            onChange={(event) => {
              teach.camera.value = event.currentTarget.value;
            }}
          >
            {list.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {own.status.value === "off" && (
          <button
            type="button"
            onClick={() => {
              teach.camera.value = own.settings.name.peek();
              void own.start();
            }}
          >
            {words.teach.useThis}
          </button>
        )}
      </div>
      {list.length === 0 && <p class="hint">{words.teach.cameraNone}</p>}
      {trouble && (
        <div role="alert">
          <Trouble trouble={trouble} />
        </div>
      )}
    </>
  );
}

/** The one that was chosen, else this browser's, else the first that is heard. */
function chosenCamera({ live, localRoi }: App, teach: TeachStore): LiveCamera | undefined {
  const list = live.cameras.list.value;
  const named = (name: string | undefined): LiveCamera | undefined => list.find((camera) => camera.name === name);
  return named(teach.camera.value) ?? named(localRoi.value?.camera) ?? list.find(({ away }) => !away.value) ?? list[0];
}
