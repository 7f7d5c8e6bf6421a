import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useApp } from "../app.ts";
import { words } from "../words.ts";
import { HISTORY_SECONDS, type History, median } from "./history.ts";

const HEIGHT = 150;
const FONT = "12px system-ui, sans-serif";

/** Latency and rate over the last two minutes: drawn once a second, and only where it can be seen. */
export function Charts({ history }: { readonly history: History }) {
  const { now } = useApp().live;
  const place = useRef<HTMLDivElement>(null);
  const latency = useRef<HTMLElement>(null);
  const rate = useRef<HTMLElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const seen = useRef(false);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const data = history.columns as unknown as uPlot.AlignedData;
    plot.current = new uPlot(options(box.clientWidth, latency.current, rate.current), data, box);
    const resized = new ResizeObserver(() => {
      if (box.clientWidth > 0) plot.current?.setSize({ width: box.clientWidth, height: HEIGHT });
    });
    const watched = new IntersectionObserver((entries) => {
      seen.current = entries.at(-1)?.isIntersecting ?? false;
    });
    resized.observe(box);
    watched.observe(box);
    return () => {
      resized.disconnect();
      watched.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [history]);
  useSignalEffect(() => {
    void history.version.value;
    if (!seen.current || document.hidden) return;
    const box = place.current;
    box?.setAttribute("aria-label", inWords(history));
    const end = (history.columns[0].at(-1) ?? now.peek() / 1000) as number;
    plot.current?.batch(() => {
      plot.current?.setData(history.columns as unknown as uPlot.AlignedData, false);
      plot.current?.setScale("x", { min: end - HISTORY_SECONDS, max: end });
    });
  });
  return (
    <details class="live-charts" open>
      <summary>{words.live.charts}</summary>
      <p class="row hint">
        <span class="live-key latency" ref={latency} aria-hidden="true" />
        {words.live.latency}
        <span class="live-key rate" ref={rate} aria-hidden="true" />
        {words.live.rate}
      </p>
      <div ref={place} role="img" aria-label={words.live.noChart} />
    </details>
  );
}

function inWords({ columns: [, latencies, rates] }: History): string {
  const middle = median(latencies);
  if (middle === null) return words.live.noChart;
  const worst = Math.max(...latencies.map((ms) => ms ?? 0));
  return words.live.chart(words.live.ms(middle), words.live.ms(worst), (median(rates) ?? 0).toFixed(1));
}

/** The colours are those of the legend, which follow light and dark. */
function options(width: number, latency: HTMLElement | null, rate: HTMLElement | null): uPlot.Options {
  const colour = (of: HTMLElement | null) => () => (of ? getComputedStyle(of).color : "gray");
  const ink = (self: uPlot) => getComputedStyle(self.root).color;
  const grid = { stroke: "#8884", width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: FONT };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 0, 0, 0],
    scales: {
      ms: { range: (_, __, most) => [0, Math.max(5, (most ?? 0) * 1.15)] },
      fps: { range: (_, __, most) => [0, Math.max(10, (most ?? 0) * 1.15)] },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, times) => times.map(clock) },
      { ...axis, scale: "ms", size: 40, space: 30 },
      { ...axis, scale: "fps", side: 1, size: 32, space: 30, grid: { show: false } },
    ],
    series: [
      {},
      { scale: "ms", stroke: colour(latency), width: 2, points: { show: false } },
      { scale: "fps", stroke: colour(rate), width: 2, dash: [6, 4], points: { show: false } },
    ],
  };
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
