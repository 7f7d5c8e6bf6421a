import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { lazy } from "../shell/lazy.ts";
import * as words from "../words.ts";
import type { LiveCamera } from "./cameras.ts";
import { HISTORY_SECONDS, type History, median } from "./history.ts";

/** With uPlot, which is as much as the rest of the view. */
const chart = lazy(async () => (await import("../chart/line-chart.tsx")).LineChart);

/** Latency and rate over the last two minutes: drawn once a second, and only where it can be seen. */
export function Charts({ camera: { history, skipped } }: { readonly camera: LiveCamera }) {
  const place = useRef<HTMLDivElement>(null);
  const seen = useSignal(false);
  useEffect(() => {
    // What is folded away is not seen either.
    const watched = new IntersectionObserver((entries) => {
      seen.value = entries.at(-1)?.isIntersecting ?? false;
    });
    if (place.current) watched.observe(place.current);
    return () => watched.disconnect();
  }, [seen]);
  return (
    <details>
      <summary>{words.live.charts}</summary>
      <div ref={place} class="grid live-charts">
        {seen.value && <Lines history={history} />}
      </div>
      <p class="hint number">{useComputed(() => words.live.skipped(skipped.value))}</p>
    </details>
  );
}

function Lines({ history }: { readonly history: History }) {
  void history.version.value;
  // Each second, so that one that could not be fetched is tried again.
  useEffect(chart.load);
  const LineChart = chart.part.value;
  const [times, latencies, rates] = history.columns.map((column) => [...column]) as unknown as History["columns"];
  const { latency, rate, latencyText, rateText } = words.live;
  if (!LineChart) return null;
  const worst = Math.max(0, ...latencies.map((ms) => ms ?? 0));
  return (
    <>
      <LineChart
        title={latency}
        times={times}
        span={HISTORY_SECONDS}
        lines={[{ name: latency, values: latencies, text: latencyText(median(latencies), worst) }]}
      />
      <LineChart
        title={rate}
        times={times}
        span={HISTORY_SECONDS}
        lines={[{ name: rate, values: rates, text: rateText(median(rates), rates.at(-1) ?? 0) }]}
      />
    </>
  );
}
