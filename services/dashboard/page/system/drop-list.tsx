import * as words from "../words.ts";
import { type DropPlace, type DropRow, isWanted } from "./drop-table.ts";
import { number } from "./format.ts";
import { kindInWords, reasonInWords } from "./trouble-words.ts";

const system = words.system;

/** Everything that is dropped, by reason, with what it means and what to do. */
export function DropList({ rows }: { readonly rows: readonly DropRow[] }) {
  return (
    <section class="stack" aria-labelledby="system-drops">
      <h2 id="system-drops">{system.drops}</h2>
      <p class="hint">{rows.length > 0 ? system.dropsAbout : system.noDrops}</p>
      {rows.length > 0 && (
        <table class="card system-drops">
          <thead>
            <tr>
              <th scope="col">{system.reason}</th>
              <th scope="col">{system.lastMinute}</th>
              <th scope="col">{system.sinceStart}</th>
            </tr>
          </thead>
          {rows.map((row) => (
            <DropReason key={row.reason} row={row} />
          ))}
        </table>
      )}
    </section>
  );
}

function DropReason({ row: { reason, recent, total, places } }: { readonly row: DropRow }) {
  const known = reasonInWords(reason);
  return (
    <tbody>
      <tr>
        <th scope="row">
          <code>{reason}</code> {isWanted(reason) && <span class="badge good">{system.wanted}</span>}
        </th>
        <td class={`number ${recent > 0 && !isWanted(reason) ? "system-rising" : ""}`}>{number(recent)}</td>
        <td class="number">{number(total)}</td>
      </tr>
      <tr>
        <td colSpan={3}>
          <p>{known?.meaning ?? system.unknownReason}</p>
          {known?.advice && (
            <p>
              <strong>{system.toDo}</strong> {known.advice}
            </p>
          )}
          {places.length > 1 ? (
            <details>
              <summary>
                {system.where}
                <span class="visually-hidden"> {reason}</span>
              </summary>
              <ul>
                {places.map((place) => (
                  <li key={`${place.service.key} ${place.part}`}>
                    {nameOf(place)}: {system.places(number(place.recent), number(place.total))}
                  </li>
                ))}
              </ul>
            </details>
          ) : (
            <p class="hint">{places.map(nameOf)}</p>
          )}
        </td>
      </tr>
    </tbody>
  );
}

function nameOf({ service, part }: DropPlace): string {
  return system.place(`${kindInWords(service.kind)} ${service.id}`, part);
}
