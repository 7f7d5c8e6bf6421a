import * as words from "../words.ts";
import { number } from "./format.ts";
import type { ServiceRecord } from "./service-record.ts";
import { troubleInWords, whenInWords } from "./trouble-words.ts";
import type { Trouble } from "./troubles.ts";

const system = words.system;

/** At once; the others on request. */
const SHOWN = 5;

interface Told {
  readonly troubles: readonly Trouble[];
  readonly services: readonly ServiceRecord[];
}

/** The last that went wrong, the newest first, each with what to do. */
export function TroubleList({
  troubles,
  services,
}: {
  troubles: readonly Trouble[];
  services: readonly ServiceRecord[];
}) {
  const [newest] = troubles;
  return (
    <section class="stack" aria-labelledby="system-problems">
      <h2 id="system-problems">{system.problems}</h2>
      {/* Said once when it comes; that it goes on is seen, not heard. */}
      <p class="visually-hidden" role="status">
        {newest && newest.overAt === undefined ? troubleInWords(newest, services).what : ""}
      </p>
      {newest ? (
        <Troubles troubles={troubles.slice(0, SHOWN)} services={services} />
      ) : (
        <p class="notice good">{system.noProblems}</p>
      )}
      {troubles.length > SHOWN && (
        <details>
          <summary>{system.moreProblems(number(troubles.length - SHOWN))}</summary>
          <Troubles troubles={troubles.slice(SHOWN)} services={services} />
        </details>
      )}
    </section>
  );
}

function Troubles({ troubles, services }: Told) {
  return (
    <ol class="system-troubles">
      {troubles.map((trouble) => (
        <TroubleItem key={`${trouble.key} ${trouble.at}`} trouble={trouble} services={services} />
      ))}
    </ol>
  );
}

function TroubleItem({ trouble, services }: { trouble: Trouble; services: readonly ServiceRecord[] }) {
  const { what, where, why, advice } = troubleInWords(trouble, services);
  const isOver = trouble.overAt !== undefined;
  return (
    <li class={`system-trouble ${isOver ? "over" : ""}`}>
      <div class="row spread">
        <strong>{what}</strong>
        {trouble.count > 1 && hasCount(trouble) && (
          <span class="badge number">{system.times(number(trouble.count))}</span>
        )}
      </div>
      <p class="hint">
        {where} · {whenInWords(trouble)}
      </p>
      {why && <p>{why}</p>}
      {advice && !isOver && (
        <p>
          <strong>{system.toDo}</strong> {advice}
        </p>
      )}
    </li>
  );
}

/** How often is known of what is counted; of what lasts it says nothing. */
function hasCount({ facts: { what } }: Trouble): boolean {
  return what === "drops" || what === "refusal" || what === "payloads" || what === "database";
}
