import type { AlertRule, Dashboard, GridPosition, Panel, Target } from "./files.ts";
import { type Ask, emptiness, filledIn, type Given, type Series, type TimeRange, valuesOf } from "./influxql.ts";

/** Steps of a chart about a thousand points wide, as Grafana asks for them, ms. */
const POINTS = 1000;
const COLUMNS = 24;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** @param text such as 30s, 5m */
export function durationOf(text: string): number {
  const [, amount, unit = ""] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = UNITS[unit];
  if (ms === undefined) throw new Error(`"${text}" is no duration`);
  return Number(amount) * ms;
}

/** What is wrong with a dashboard without asking anybody, a line each. */
export function faultsOfShape(board: Dashboard, dataSources: readonly string[]): string[] {
  const panels = allPanels(board);
  const ids = panels.map(({ id }) => id);
  const sources = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ datasource }) => [title, datasource?.uid] as const)),
    ...board.templating.list.map(({ name, datasource }) => [name, datasource.uid] as const),
    ...board.annotations.list.map(({ name, datasource }) => [name, datasource.uid] as const),
  ];
  return [
    ...repeated(ids).map((id) => `${board.title}: two panels have the id ${id}`),
    ...panels.filter(({ id }) => !Number.isInteger(id)).map(({ title }) => `${board.title}, ${title}: has no id`),
    ...panels
      .filter(({ type, targets }) => type !== "row" && !targets?.length)
      .map(({ title }) => `${board.title}, ${title}: has no query`),
    ...panels.flatMap(({ title, targets = [] }) =>
      repeated(targets.map(({ refId }) => refId)).map(
        (ref) => `${board.title}, ${title}: two queries are called ${ref}`,
      ),
    ),
    ...panels
      .filter(({ gridPos: { x, w } }) => x + w > COLUMNS)
      .map(({ title }) => `${board.title}, ${title}: is wider than the dashboard`),
    ...panels.flatMap((one, index) =>
      panels
        .slice(index + 1)
        .filter((other) => overlap(one.gridPos, other.gridPos))
        .map((other) => `${board.title}, ${one.title}: lies over ${other.title}`),
    ),
    ...sources
      .filter(([, uid]) => !dataSources.includes(uid ?? ""))
      .map(([what, uid]) => `${board.title}, ${what}: the data source ${uid} is not provisioned`),
  ];
}

/** Asks everything that a dashboard asks. @returns what is an error or empty, a line each */
export async function faultsOfQueries(board: Dashboard, ask: Ask, range: TimeRange): Promise<string[]> {
  const faults: string[] = [];
  const check = async (what: string, examine: () => Promise<string | undefined>): Promise<void> => {
    const fault = await examine().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (fault !== undefined) faults.push(`${board.title}, ${what}: ${fault}`);
  };
  const variables: Record<string, string[]> = {};
  for (const { name, query } of board.templating.list)
    await check(`variable ${name}`, async () => {
      const series = await ask(query);
      variables[name] = series.flatMap((one) => valuesOf(one, "value").map(String));
      return emptiness(series);
    });
  for (const panel of allPanels(board))
    for (const target of panel.targets ?? [])
      await check(`${panel.title}, query ${target.refId}`, async () => {
        const series = await ask(filledIn(target.query, { ...givenTo(panel, range), variables }));
        return emptiness(series) ?? aliasFault(target, series);
      });
  for (const { name, target } of board.annotations.list)
    await check(`annotation ${name}`, async () => {
      const series = await ask(filledIn(target.query, { ...range, variables, interval: 1000 }));
      const columns = series.flatMap((one) => one.columns);
      const missing = [target.textColumn, target.tagsColumn].find((column) => !columns.includes(column ?? ""));
      return emptiness(series) ?? (missing === undefined ? undefined : `has no column ${missing}`);
    });
  return faults;
}

export interface Instance {
  readonly tags: Readonly<Record<string, string>>;
  readonly value: number;
  readonly fires: boolean;
}

/** Whether the condition of a rule is met for each of its series, as Grafana evaluates it at a moment. */
export async function evaluated(rule: AlertRule, ask: Ask, at: number): Promise<Instance[]> {
  const threshold = stepOf(rule, rule.condition, "threshold");
  const reduce = stepOf(rule, threshold.model.expression ?? "", "reduce");
  const { model, relativeTimeRange } = stepOf(rule, reduce.model.expression ?? "", undefined);
  const range = { from: at - relativeTimeRange.from * 1000, to: at - relativeTimeRange.to * 1000 };
  const series = await ask(filledIn(model.query ?? "", { ...range, variables: {}, interval: 1000 }));
  const evaluator = threshold.model.conditions?.[0]?.evaluator;
  if (reduce.model.reducer !== "last" || !evaluator) throw new Error(`${rule.title}: is not what is checked here`);
  return series.flatMap((one) => {
    const [column = ""] = one.columns.filter((name) => name !== "time");
    const value = valuesOf(one, column).findLast((number) => typeof number === "number");
    if (typeof value !== "number") return [];
    return [{ tags: one.tags ?? {}, value, fires: compare(evaluator.type, value, evaluator.params[0] ?? Number.NaN) }];
  });
}

/** Which series of a rule fire at a moment: those whose condition was met at every evaluation for so long. */
export async function firing(rule: AlertRule, ask: Ask, at: number, every = 30_000): Promise<string[]> {
  let met: string[] | undefined;
  for (let moment = at; moment >= at - durationOf(rule.for); moment -= every) {
    const now = (await evaluated(rule, ask, moment))
      .filter(({ fires }) => fires)
      .map(({ tags }) => JSON.stringify(tags));
    met = met ? met.filter((tags) => now.includes(tags)) : now;
  }
  return met ?? [];
}

function overlap(one: GridPosition, other: GridPosition): boolean {
  const isBeside = one.x + one.w <= other.x || other.x + other.w <= one.x;
  const isBelow = one.y + one.h <= other.y || other.y + other.h <= one.y;
  return !isBeside && !isBelow;
}

function allPanels({ panels }: Dashboard): Panel[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
}

function givenTo({ timeFrom, interval }: Panel, range: TimeRange): Omit<Given, "variables"> {
  const from = timeFrom === undefined ? range.from : range.to - durationOf(timeFrom);
  const shortest = interval === undefined ? 1000 : durationOf(interval);
  return { from, to: range.to, interval: Math.max(shortest, Math.ceil((range.to - from) / POINTS)) };
}

/** An alias that names a tag by which the query does not group is shown as it stands; `$col` is the column. */
function aliasFault({ alias = "" }: Target, series: readonly Series[]): string | undefined {
  const tags = new Set(["col", ...series.flatMap((one) => Object.keys(one.tags ?? {}))]);
  const wrong = [...alias.matchAll(/\$(?:tag_)?(\w+)/g)].find(([, tag = ""]) => !tags.has(tag));
  return wrong && `the alias names ${wrong[0]}, by which the query does not group`;
}

function stepOf(rule: AlertRule, refId: string, type: string | undefined): AlertRule["data"][number] {
  const step = rule.data.find((one) => one.refId === refId);
  if (!step || step.model.type !== type) throw new Error(`${rule.title}: ${refId} is no ${type ?? "query"}`);
  return step;
}

function compare(type: string, value: number, bound: number): boolean {
  if (type === "gt") return value > bound;
  if (type === "lt") return value < bound;
  throw new Error(`${type} is no comparison that is checked here`);
}

function repeated<T>(items: readonly T[]): T[] {
  return [...new Set(items.filter((item, index) => items.indexOf(item) !== index))];
}
