import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./line-chart.css";

/** One line; `null` where there was no figure. */
export interface ChartLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** The line in words, for who does not see it, and beside its colour for who does. */
  readonly text: string;
}

export interface LineChartProps {
  readonly title: string;
  /** Seconds since the epoch, one for each value of each line. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  /** Seconds from left to right; the newest are at the right. */
  readonly span: number;
}

const HEIGHT = 160;
/** Between the times on the axis, seconds: they are shown by the minute. */
const WHOLE_MINUTES = [60, 120, 300, 600, 1800, 3600];
/** By which lines are told apart without colours. */
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [1, 2]];

/** Lines from zero over time, drawn anew only with new values. The caption says the same in words. */
export function LineChart({ title, times, lines, span }: LineChartProps) {
  const figure = useRef<HTMLElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const names = lines.map(({ name }) => name).join("\n");
  const data = [times, ...lines.map(({ values }) => values)] as unknown as uPlot.AlignedData;

  useEffect(() => {
    const place = figure.current?.querySelector<HTMLElement>(".chart-canvas");
    if (!place) return;
    const swatches = place.parentElement?.querySelectorAll(".chart-swatch") ?? [];
    const drawn = new uPlot(optionsOf(place, swatches, span), data, place);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: place.clientWidth, height: HEIGHT }));
    resized.observe(place);
    return () => {
      resized.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [names]);
  useEffect(() => plot.current?.setData(data), [times]);

  return (
    <figure class="chart" ref={figure}>
      <figcaption class="stack">
        <h3>{title}</h3>
        <ul class="chart-lines">
          {lines.map(({ name, text }, index) => (
            <li key={name} class={`chart-line-${index % DASHES.length}`}>
              <span class="chart-swatch" aria-hidden="true" />
              <span class="number">{text}</span>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="chart-canvas" aria-hidden="true" />
    </figure>
  );
}

/** @param swatches whose colours the lines have: a canvas cannot read `light-dark()` */
function optionsOf(place: HTMLElement, swatches: ArrayLike<Element>, span: number): uPlot.Options {
  const ink = (): string => getComputedStyle(place).color;
  const faint = (): string => getComputedStyle(place).borderTopColor;
  const axis: uPlot.Axis = { stroke: ink, grid: { stroke: faint, width: 1 }, ticks: { show: false } };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    padding: [8, 24, 0, 0],
    scales: {
      x: { range: (_, __, last) => [last - span, last] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    },
    axes: [
      { ...axis, size: 28, space: 60, incrs: WHOLE_MINUTES, values: (_, ticks) => ticks.map(clock) },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      ...Array.from(swatches, (swatch, index) => ({
        stroke: () => getComputedStyle(swatch).backgroundColor,
        width: 2,
        dash: [...(DASHES[index % DASHES.length] ?? [])],
        points: { show: false },
      })),
    ],
  };
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
