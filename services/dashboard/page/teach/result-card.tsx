import type { Judgement, TaughtModel } from "../../src/teach/teach-api.ts";
import * as words from "../words.ts";
import { findingsOf } from "./judgement.ts";
import { timeOf } from "./samples.tsx";
import type { TeachStore } from "./teach-store.ts";

/** How good the model is that is in use, or the newest, and which other could be. */
export function ResultCard({ store }: { readonly store: TeachStore }) {
  const models = [...(store.state.value?.models ?? [])].reverse();
  const folders = new Set(store.inUse.value.map(({ folder }) => folder));
  const shown = models.find(({ folder }) => folders.has(folder)) ?? models[0];
  return (
    <section class="card stack" aria-labelledby="teach-result">
      <h3 id="teach-result">{words.teach.result}</h3>
      {!shown && <p class="hint">{words.teach.noResult}</p>}
      {shown?.judgement && <Judged judgement={shown.judgement} />}
      {shown && !shown.judgement && <p class="notice warning">{words.teach.unjudged}</p>}
      <InUseLine store={store} />
      {models.length > 0 && <Models store={store} models={models} folders={folders} />}
      <p class="error" role="alert">
        {store.troubles.value.use}
      </p>
    </section>
  );
}

function Judged({ judgement }: { readonly judgement: Judgement }) {
  const { percent } = words.teach;
  const { weak, weakest, mixed } = findingsOf(judgement);
  const { accuracy, low, high, pictures } = judgement;
  return (
    <>
      <p class="teach-judged">
        <strong class={`teach-figure ${weak ? "weak" : ""}`}>{percent(accuracy)}</strong> {words.teach.right}{" "}
        <span class="hint">{words.teach.interval(percent(low), percent(high), pictures)}</span>
      </p>
      {weak && (
        <div class="notice warning stack">
          <p>
            <strong>{words.teach.weak}</strong> {weakest && words.teach.weakest(weakest.label, percent(weakest.recall))}{" "}
            {mixed && words.teach.mixed(mixed.shown, mixed.taken)}
          </p>
          <p>{words.teach.help}</p>
        </div>
      )}
      <Confusion judgement={judgement} />
    </>
  );
}

/** Shaded by share, and every cell has its number: nothing is told by colour alone. */
function Confusion({ judgement }: { readonly judgement: Judgement }) {
  const { labels, confusion } = judgement;
  const { recalls } = findingsOf(judgement);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by keyboard, too.
    <section class="scroll" tabIndex={0} aria-label={words.teach.table}>
      <table class="teach-confusion number">
        <caption>{words.teach.table}</caption>
        <thead>
          <tr>
            <th scope="col">{words.teach.shown}</th>
            {[...labels, words.teach.unknown].map((label) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
            <th scope="col">{words.teach.recall}</th>
          </tr>
        </thead>
        <tbody>
          {labels.map((label, row) => {
            const counts = confusion[row] ?? [];
            const all = counts.reduce((sum, count) => sum + count, 0);
            const recall = recalls[row];
            return (
              <tr key={label}>
                <th scope="row">{label}</th>
                {[...labels, words.teach.unknown].map((taken, column) => (
                  <td
                    key={taken}
                    class={column === row ? "right" : "wrong"}
                    style={{ "--share": all > 0 ? (counts[column] ?? 0) / all : 0 }}
                  >
                    {counts[column] ?? 0}
                  </td>
                ))}
                <td>{recall === undefined ? "–" : words.teach.percent(recall)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function InUseLine({ store }: { readonly store: TeachStore }) {
  const all = store.inUse.value;
  const [first] = all;
  const alike = all.every(({ folder }) => folder === first?.folder);
  const one = first?.folder === undefined ? words.teach.usingNone : words.teach.using(first.folder);
  const each = all.map(({ id, folder }) => words.teach.usingAt(id, folder ?? words.teach.none)).join(", ");
  const now = alike ? first && one : each;
  return <p role="status">{store.awaited.value === undefined ? now : words.teach.awaited}</p>;
}

interface ModelsProps {
  readonly store: TeachStore;
  /** Newest first. */
  readonly models: readonly TaughtModel[];
  readonly folders: ReadonlySet<string | undefined>;
}

function Models({ store, models, folders }: ModelsProps) {
  const used = models.findIndex(({ folder }) => folders.has(folder));
  const before = used >= 0 ? models[used + 1] : undefined;
  return (
    <>
      <div class="row">
        {before && (
          <button type="button" onClick={() => void store.use(before.folder)}>
            {words.teach.back(before.folder)}
          </button>
        )}
        {used >= 0 && (
          <button type="button" onClick={() => void store.use(undefined)}>
            {words.teach.useNone}
          </button>
        )}
      </div>
      <details open={used < 0}>
        <summary>{words.teach.models}</summary>
        <ul class="teach-gestures">
          {models.map(({ folder, madeAt, labels, judgement }) => (
            <li key={folder} class="row spread">
              <div class="teach-model">
                <strong>{folder}</strong>{" "}
                {judgement && <span class="badge">{words.teach.percent(judgement.accuracy)}</span>}
                <p class="hint">{words.teach.made(timeOf(madeAt), labels.join(", "))}</p>
              </div>
              {folders.has(folder) ? (
                <span class="badge good">{words.teach.inUse}</span>
              ) : (
                <button
                  type="button"
                  class="small"
                  aria-label={`${words.teach.use}: ${folder}`}
                  onClick={() => void store.use(folder)}
                >
                  {words.teach.use}
                </button>
              )}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}
