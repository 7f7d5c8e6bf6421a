import * as words from "../words.ts";
import { isUnderWay, type TeachStore } from "./teach-store.ts";

/** What is still wanted, one button, and how far it is. */
export function TrainingCard({ store }: { readonly store: TeachStore }) {
  const state = store.state.value;
  const training = state?.training;
  const runs = isUnderWay(training);
  const wanted = state?.wanted ?? [];
  return (
    <section class="card stack" aria-labelledby="teach-training">
      <h3 id="teach-training">{words.teach.training}</h3>
      {wanted.length > 0 ? (
        <>
          <p>{words.teach.wanted}</p>
          <ul class="teach-wanted">
            {wanted.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      ) : (
        state && !runs && <p class="hint">{words.teach.ready}</p>
      )}
      {runs ? (
        <div class="stack">
          <progress aria-label={words.teach.progress} max={1} value={training?.progress ?? 0} />
          <div class="row spread">
            <span role="status">{training && words.teach.phases[training.phase]}</span>
            <button type="button" onClick={() => void store.stopTraining()}>
              {words.teach.stop}
            </button>
          </div>
        </div>
      ) : (
        <div class="row">
          <button
            type="button"
            class="primary"
            disabled={!state || wanted.length > 0 || state.running !== undefined}
            onClick={() => void store.train()}
          >
            {state && state.models.length > 0 ? words.teach.trainAgain : words.teach.train}
          </button>
          <span role="status" class="hint">
            {training && words.teach.phases[training.phase]}
          </span>
        </div>
      )}
      <p class="error" role="alert">
        {store.troubles.value.train ?? training?.error}
      </p>
    </section>
  );
}
