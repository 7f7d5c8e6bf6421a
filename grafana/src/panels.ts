import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as statetimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { DATA_SOURCE, type InfluxQuery } from "./influx-query.ts";

/** A panel before it has its number. */
export type Panel = Builder<dashboard.Panel> & { id(id: number): unknown };

/** What every kind of panel is told. */
export interface PanelOptions {
  readonly title: string;
  /** What it shows, where the title does not say it all. */
  readonly description?: string;
  readonly queries: readonly InfluxQuery[];
  /** Of 24 columns. */
  readonly width: number;
  /** Rows; 8 unless given. */
  readonly height?: number;
  /** Of Grafana, such as ms, percent, percentunit, s. */
  readonly unit?: string;
}

export interface TimeSeriesOptions extends PanelOptions {
  readonly style?: "lines" | "bars" | "stacked" | "stacked-bars";
  /** The shortest step, such as 1m. */
  readonly interval?: string;
  /** One panel for each value of this variable. */
  readonly repeat?: string;
  readonly max?: number;
}

const HEIGHT = 8;
const STAT_HEIGHT = 4;

export function timeSeries({ style = "lines", interval, repeat, max, ...options }: TimeSeriesOptions): Panel {
  const isStacked = style.startsWith("stacked");
  const isBars = style.endsWith("bars");
  const panel = withCommon(new timeseries.PanelBuilder(), options)
    .min(0)
    .drawStyle(isBars ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(isBars ? 80 : isStacked ? 40 : 8)
    .showPoints(common.VisibilityMode.Auto)
    .legend(new common.VizLegendOptionsBuilder().showLegend(true).placement(common.LegendPlacement.Bottom))
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi));
  if (isStacked) panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  if (interval !== undefined) panel.interval(interval);
  if (repeat !== undefined) panel.repeat(repeat).repeatDirection("h").maxPerRow(2);
  if (max !== undefined) panel.max(max);
  return panel;
}

export interface StatOptions extends PanelOptions {
  /** Looks so far back, whatever the dashboard shows: what is now. */
  readonly recent?: string;
  /** From which value on it is yellow, and red. */
  readonly warnAt?: number;
  readonly alarmAt?: number;
  readonly decimals?: number;
}

/** One number: the last of the series. */
export function figure({ recent, warnAt, alarmAt, decimals, ...options }: StatOptions): Panel {
  const panel = withCommon(new stat.PanelBuilder(), { height: STAT_HEIGHT, ...options })
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false))
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .noValue("0")
    .thresholds(steps(warnAt, alarmAt));
  if (recent !== undefined) panel.timeFrom(recent).hideTimeOverride(true);
  if (decimals !== undefined) panel.decimals(decimals);
  return panel;
}

export interface TimelineOptions extends PanelOptions {
  /** What is shown for a value, and in which colour. */
  readonly states: Readonly<Record<string, readonly [text: string, color: string]>>;
  readonly interval?: string;
}

/** Which state each of several things was in, over time. */
export function timeline({ states, interval, ...options }: TimelineOptions): Panel {
  const shown = Object.entries(states).map(([value, [text, color]], index) => [value, { text, color, index }] as const);
  const panel = withCommon(new statetimeline.PanelBuilder(), options)
    .mappings([{ type: dashboard.MappingType.ValueToText, options: Object.fromEntries(shown) }])
    .showValue(common.VisibilityMode.Auto)
    .mergeValues(true)
    .rowHeight(0.85)
    .fillOpacity(75);
  if (interval !== undefined) panel.interval(interval);
  return panel;
}

export interface TableOptions extends PanelOptions {
  /** Units of columns by their names. */
  readonly units?: Readonly<Record<string, string>>;
  readonly hidden?: readonly string[];
}

export function rows({ units = {}, hidden = [], ...options }: TableOptions): Panel {
  const panel = withCommon(new table.PanelBuilder(), options);
  for (const [column, unit] of Object.entries(units)) panel.overrideByName(column, [{ id: "unit", value: unit }]);
  if (hidden.length > 0)
    panel.withTransformation({
      id: "organize",
      options: { excludeByName: Object.fromEntries(hidden.map((column) => [column, true])) },
    });
  return panel;
}

/** Counts by bucket: each series is named by the upper bound of its own. */
export function heat(options: PanelOptions): Panel {
  return withCommon(new heatmap.PanelBuilder(), options)
    .calculate(false)
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Le))
    .yAxis(new heatmap.YAxisConfigBuilder().unit(options.unit ?? "short"))
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme("Oranges")
        .steps(64)
        .exponent(0.5)
        .fill("dark-orange")
        .scale(heatmap.HeatmapColorScale.Exponential),
    )
    .showValue(common.VisibilityMode.Never)
    .cellGap(1);
}

/** What all the SDK's panel builders have. */
interface AnyBuilder {
  title(title: string): this;
  description(description: string): this;
  datasource(source: typeof DATA_SOURCE): this;
  span(width: number): this;
  height(height: number): this;
  unit(unit: string): this;
  targets(targets: ReturnType<InfluxQuery["named"]>[]): this;
}

const FIRST_REF = "A".charCodeAt(0);

function withCommon<B extends AnyBuilder>(
  panel: B,
  { title, description, queries, width, height = HEIGHT, unit }: PanelOptions,
): B {
  const named = queries.map((query, index) => query.named(String.fromCharCode(FIRST_REF + index)));
  panel.title(title).datasource(DATA_SOURCE).span(width).height(height).targets(named);
  if (description !== undefined) panel.description(description);
  if (unit !== undefined) panel.unit(unit);
  return panel;
}

function steps(warnAt: number | undefined, alarmAt: number | undefined): dashboard.ThresholdsConfigBuilder {
  const all: dashboard.Threshold[] = [
    { value: null, color: "green" },
    ...(warnAt === undefined ? [] : [{ value: warnAt, color: "yellow" }]),
    ...(alarmAt === undefined ? [] : [{ value: alarmAt, color: "red" }]),
  ];
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(all);
}
