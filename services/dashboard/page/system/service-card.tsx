import type { Figures } from "@beckon/protocol";
import { useSignal } from "@preact/signals";
import * as words from "../words.ts";
import { clock, number, span } from "./format.ts";
import { type Figure, mainFigures } from "./main-figures.ts";
import { partsOf, type ServiceRecord } from "./service-record.ts";
import { kindInWords } from "./trouble-words.ts";

const system = words.system;
const TONES = { online: "good", silent: "warning", offline: "bad" } as const;
const SYMBOLS = { online: "●", silent: "◐", offline: "○" } as const;

/** Of one part. */
const MAX_SHOWN = 64;

/** One service: how it is, its main figures, and all others when asked for. */
export function ServiceCard({ service }: { readonly service: ServiceRecord }) {
  const { kind, id, state, stats } = service;
  const open = useSignal(false);
  return (
    <li class="card stack system-service">
      <div class="row spread">
        <h3>
          {kindInWords(kind)} <span class="system-id">{id}</span>
        </h3>
        <span class={`badge ${TONES[state]}`}>
          <span aria-hidden="true">{SYMBOLS[state]}</span>
          {system.states[state]}
        </span>
      </div>
      <p class="hint">{aboutOf(service)}</p>
      <StateWords service={service} />
      {stats && state !== "offline" && (
        <>
          <dl class="system-figures">
            {mainFigures(service).map((figure) => (
              <div key={`${figure.name} ${figure.part}`}>
                <dt>
                  {system.figures[figure.name]} {figure.part && <span class="system-id">{figure.part}</span>}
                </dt>
                <dd class="number">{figureInWords(figure)}</dd>
              </div>
            ))}
          </dl>
          <ProcessFigures {...stats.process} />
        </>
      )}
      {stats && (
        <details
          onToggle={(event) => {
            open.value = event.currentTarget.open;
          }}
        >
          <summary>{system.all}</summary>
          {open.value && (
            <div class="stack">
              <AllFigures name={system.whole} figures={stats} />
              {partsOf(stats).map(([part, figures]) => (
                <AllFigures key={part} name={part} figures={figures} />
              ))}
            </div>
          )}
        </details>
      )}
    </li>
  );
}

/** The host only where the id, which is usually made of it, does not tell it. */
function aboutOf({ id, version, host, stats, state }: ServiceRecord): string {
  const uptime = stats && state !== "offline" ? system.up(span(stats.uptime)) : undefined;
  return [host?.toLowerCase() === id ? undefined : host, version, uptime]
    .filter((each) => each !== undefined)
    .join(" · ");
}

function StateWords({ service: { state, since, lost } }: { readonly service: ServiceRecord }) {
  if (state === "online") return null;
  const time = since === undefined ? undefined : clock(since);
  if (state === "silent") return <p class="notice warning">{system.silent(time ?? "")}</p>;
  if (time === undefined) return <p class="notice bad">{system.lostEarlier}</p>;
  return <p class={`notice ${lost ? "bad" : ""}`}>{lost ? system.lost(time) : system.stopped(time)}</p>;
}

function ProcessFigures({ cpu, memory, eventLoopDelay }: { cpu: number; memory: number; eventLoopDelay: number }) {
  const figures = [
    [system.cpu, system.percent(number(cpu))],
    [system.memory, system.megabytes(number(Math.round(memory)))],
    [system.delay, system.milliseconds(number(eventLoopDelay))],
  ];
  return (
    <dl class="system-process number">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function figureInWords(figure: Figure): string {
  switch (figure.kind) {
    case "text":
      return figure.value;
    case "latency":
      return system.latency(number(figure.value.p50), number(figure.value.p95));
    case "rate":
      return system.perSecond(figure.value.toFixed(1));
    case "bytes":
      return system.megabytes(number(figure.value / 1e6));
    case "switch":
      return figure.value > 0 ? system.on : system.off;
    case "number":
      return number(figure.value);
  }
}

/** What a service counts, by the names it gives itself. */
function AllFigures({ name, figures }: { readonly name: string; readonly figures: Figures }) {
  const { counters, gauges, latency } = figures;
  const values = [
    ...[...Object.entries(counters), ...Object.entries(gauges)].map(([measure, value]) => [measure, number(value)]),
    ...Object.entries(latency).map(([measure, { p50, p95 }]) => [measure, system.latency(number(p50), number(p95))]),
  ].slice(0, MAX_SHOWN);
  if (values.length === 0) return null;
  return (
    <div class="system-part">
      <h4>{name}</h4>
      <dl class="system-measures number">
        {values.map(([measure, value], index) => (
          <div key={`${measure} ${index}`}>
            <dt>{measure}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
