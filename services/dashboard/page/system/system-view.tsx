import { useApp } from "../app.ts";
import { LineChart } from "../chart/line-chart.tsx";
import { useStores } from "../stores.ts";
import * as words from "../words.ts";
import { DropList } from "./drop-list.tsx";
import { dropTable } from "./drop-table.ts";
import { number } from "./format.ts";
import { ServiceCard } from "./service-card.tsx";
import { MAX_SERVICES } from "./services.ts";
import { SPAN_MS, type Trend } from "./trends.ts";
import { TroubleList } from "./trouble-list.tsx";
import "./system.css";

const system = words.system;

/** How everything does: what went wrong, the services, the last 10 minutes, and what is dropped. */
export function SystemView() {
  const { bus } = useApp();
  const { system: store } = useStores();
  const services = store.services.value;
  const online = services.filter(({ state }) => state === "online").length;
  return (
    <div class="stack system">
      <div class="stack">
        <h2>{words.views.system}</h2>
        <p>{services.length > 0 ? system.count(online, services.length) : system.noServices}</p>
        {bus.connection.value.status !== "online" && services.length > 0 && <p class="notice">{system.cutOff}</p>}
      </div>
      <TroubleList troubles={store.troubles.value} services={services} />
      {services.length > 0 && (
        <section class="stack" aria-labelledby="system-services">
          <h2 id="system-services">{system.services}</h2>
          <ul class="grid system-services">
            {services.map((service) => (
              <ServiceCard key={service.key} service={service} />
            ))}
          </ul>
          {services.length === MAX_SERVICES && <p class="hint">{system.full(MAX_SERVICES)}</p>}
          <p class="hint">{system.process}</p>
        </section>
      )}
      <TrendCharts />
      <DropList rows={dropTable(services)} />
    </div>
  );
}

/** Apart, so that new stats do not draw them: they have a beat of their own. */
function TrendCharts() {
  const { cpu, results } = useStores().system.trends;
  return (
    <section class="stack" aria-labelledby="system-trends">
      <h2 id="system-trends">{system.trends}</h2>
      <div class="grid system-trends">
        <TrendChart title={system.cpuTrend} trend={cpu.value} unit={system.percent} />
        <TrendChart title={system.resultsTrend} trend={results.value} unit={system.perSecond} />
      </div>
    </section>
  );
}

function TrendChart({ title, trend, unit }: { title: string; trend: Trend; unit: (value: string) => string }) {
  if (trend.times.length < 2 || trend.lines.length === 0)
    return (
      <div class="card stack">
        <h3>{title}</h3>
        <p class="hint">{system.noTrend}</p>
      </div>
    );
  const lines = trend.lines.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    const now = values.at(-1);
    const text = system.trendLine(
      name,
      now === null || now === undefined ? "–" : unit(number(now)),
      unit(number(Math.max(0, ...known))),
    );
    return { name, values, text };
  });
  return (
    <div class="card">
      <LineChart title={title} times={trend.times} lines={lines} span={SPAN_MS / 1000} />
    </div>
  );
}
