import { coordinate, filled, stroked, svgLine, svgPicture, svgText } from "./markup.ts";

export interface Series {
  readonly name: string;
  /** [x, y]; points that are not finite are left out. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly colour: "right" | "wrong";
  /** Dashes tell the lines apart without colour. */
  readonly dashed?: boolean;
}

export interface LineChart {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** What must lie within the y axis besides the points. */
  readonly yInclude?: readonly number[];
  readonly formatY: (value: number) => string;
  /** A vertical line with a word beside it. */
  readonly mark?: { readonly x: number; readonly text: string };
}

const WIDTH = 440;
const HEIGHT = 280;
const PLOT = { left: 58, right: 14, top: 34, bottom: 44 };

/** Lines over one horizontal axis, as an SVG document. */
export function lineChartSvg(chart: LineChart): string {
  const points = chart.series.flatMap((series) => series.points.filter(isFinitePoint));
  const xAxis = wholeAxis(points.map(([x]) => x));
  const yAxis = niceAxis([...points.map(([, y]) => y), ...(chart.yInclude ?? [])]);
  const x = (value: number) => position(value, xAxis, PLOT.left, WIDTH - PLOT.right);
  const y = (value: number) => position(value, yAxis, HEIGHT - PLOT.bottom, PLOT.top);
  const body = [
    ...yAxis.ticks.map((tick) => yTick(y(tick), chart.formatY(tick))),
    ...xAxis.ticks.map((tick) => xTick(x(tick), String(tick))),
    axisNames(chart),
    chart.mark === undefined ? "" : markLine(x(chart.mark.x), chart.mark.text),
    ...chart.series.map((series) => seriesLine(series, x, y)),
    legend(chart.series),
  ].join("");
  return svgPicture({ ...chart, width: WIDTH, height: HEIGHT, body });
}

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** An axis over all values whose ticks are round numbers, about five of them. */
export function niceAxis(values: readonly number[]): Axis {
  const least = values.length === 0 ? 0 : Math.min(...values);
  const most = values.length === 0 ? 1 : Math.max(...values);
  const step = niceStep((most - least || Math.abs(most) || 1) / 4, [1, 2, 2.5, 5]);
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(most / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return { low: first * step, high: last * step, ticks };
}

/** An axis over whole numbers that ends where they end: a training has no epoch 21.5. */
function wholeAxis(values: readonly number[]): Axis {
  const low = values.length === 0 ? 0 : Math.min(...values);
  const high = values.length === 0 ? 1 : Math.max(...values);
  const step = Math.max(1, niceStep((high - low) / 6, [1, 2, 5]));
  const ticks = [low];
  for (let tick = (Math.floor(low / step) + 1) * step; tick <= high; tick += step) ticks.push(tick);
  return low === high ? { low: low - 1, high: high + 1, ticks } : { low, high, ticks };
}

/** The smallest of `factors` times a power of ten that is no less than `rough`. */
function niceStep(rough: number, factors: readonly number[]): number {
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (factors.find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
}

function position(value: number, axis: Axis, from: number, to: number): number {
  return from + ((value - axis.low) / (axis.high - axis.low)) * (to - from);
}

function isFinitePoint([x, y]: readonly [number, number]): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

function yTick(y: number, text: string): string {
  return (
    svgLine(PLOT.left, y, WIDTH - PLOT.right, y, stroked("line")) +
    svgText({ x: PLOT.left - 7, y: y + 4.5, text, anchor: "end" })
  );
}

function xTick(x: number, text: string): string {
  const foot = HEIGHT - PLOT.bottom;
  return svgLine(x, foot, x, foot + 4, stroked("muted")) + svgText({ x, y: foot + 18, text, anchor: "middle" });
}

function axisNames({ xLabel, yLabel }: LineChart): string {
  const centre = (PLOT.left + WIDTH - PLOT.right) / 2;
  return (
    svgText({ x: centre, y: HEIGHT - 7, text: xLabel, anchor: "middle" }) +
    svgText({ x: 8, y: 16, text: yLabel, colour: "ink" })
  );
}

function markLine(x: number, text: string): string {
  const right = x > WIDTH / 2;
  return (
    svgLine(x, PLOT.top, x, HEIGHT - PLOT.bottom, `${stroked("muted")} stroke-dasharray="2 3"`) +
    svgText({ x: x + (right ? -5 : 5), y: HEIGHT - PLOT.bottom - 7, text, size: 12, anchor: right ? "end" : "start" })
  );
}

function seriesLine(
  { points, colour, dashed }: Series,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const finite = points.filter(isFinitePoint);
  const places = finite.map((point) => `${coordinate(x(point[0]))},${coordinate(y(point[1]))}`);
  const only = finite[0];
  if (only !== undefined && finite.length === 1)
    return `<circle cx="${coordinate(x(only[0]))}" cy="${coordinate(y(only[1]))}" r="4" ${filled(colour)}/>`;
  return `<polyline points="${places.join(" ")}" ${stroked(colour, 2)} stroke-linejoin="round"${dashes(dashed)}/>`;
}

/** At the top right, the last name outermost. */
function legend(series: readonly Series[]): string {
  let right = WIDTH - PLOT.right;
  return series
    .toReversed()
    .map(({ name, colour, dashed }) => {
      const start = right - 24 - name.length * 7;
      right = start - 14;
      return (
        svgLine(start, 12, start + 20, 12, `${stroked(colour, 2)}${dashes(dashed)}`) +
        svgText({ x: start + 25, y: 16, text: name })
      );
    })
    .join("");
}

function dashes(dashed: boolean | undefined): string {
  return dashed ? ' stroke-dasharray="5 4"' : "";
}
