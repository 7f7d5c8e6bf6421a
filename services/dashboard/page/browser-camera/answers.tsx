import { TAUGHT_MODEL } from "../../src/teach/teach-api.ts";
import { useApp } from "../app.ts";
import type { Reading } from "../live/cameras.ts";
import * as words from "../words.ts";
import "./answers.css";

export interface AnswersProps {
  readonly camera: string;
  /** Only this one's. */
  readonly model?: string;
  /** What is said while there is no answer. */
  readonly none?: string;
}

/** Which answer a person looks for first. */
const ORDER = [TAUGHT_MODEL, "letters", "fingers", "hand"];
/** Classes that say "none of mine". */
const NONE = ["nothing", "others", "unknown"];

/** What the models say of a camera, the first one big. */
export function Answers({ camera, model, none = words.camera.noAnswer }: AnswersProps) {
  const { live } = useApp();
  const found = live.cameras.list.value.find(({ name }) => name === camera);
  const readings = (found?.readings.value ?? [])
    .filter((reading) => (model === undefined || reading.model === model) && reading.top.value.length > 0)
    .sort((a, b) => rank(a) - rank(b));
  const [first, ...others] = readings;
  const steady = readings.map((reading) => reading.steady.value?.gesture).find((gesture) => gesture !== undefined);
  return (
    <div class="answers">
      <p class="visually-hidden" role="status">
        {steady === undefined ? "" : words.camera.sees(steady)}
      </p>
      {first ? <Answer reading={first} big /> : <p class="hint">{none}</p>}
      {others.length > 0 && (
        <div class="row">
          {others.map((reading) => (
            <Answer key={reading.model} reading={reading} />
          ))}
        </div>
      )}
    </div>
  );
}

function Answer({ reading, big = false }: { readonly reading: Reading; readonly big?: boolean }) {
  const [best] = reading.top.value;
  if (!best) return null;
  const none = NONE.includes(best.label);
  const steady = !none && reading.steady.value?.gesture === best.label;
  if (!big)
    return (
      <span class={`badge ${steady ? "good" : ""}`}>
        {reading.model}: {best.label}
      </span>
    );
  return (
    <div class={`answer ${none ? "none" : ""} ${steady ? "steady" : ""}`}>
      <span class="hint">{reading.model}</span>
      <strong>{best.label}</strong>
      <meter value={best.confidence} aria-label={words.camera.confidence} />
      <span class="hint number">{words.camera.percent(best.confidence)}</span>
    </div>
  );
}

function rank({ model }: Reading): number {
  const place = ORDER.indexOf(model);
  return place < 0 ? ORDER.length : place;
}
