import { generated } from "@beckon/grafana";
import { withDebian } from "@beckon/runtime/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluated, faultsOfQueries, faultsOfShape, firing } from "./checker.ts";
import { type AlertRule, alertRules, type Dashboard, dashboards, dataSourceUids, grafanaFile } from "./files.ts";
import { type Ask, asking, filledIn, type TimeRange } from "./influxql.ts";
import { FAULTS, LENGTH, REASONS } from "./script.ts";
import { performed, type Stage } from "./stage.ts";

const BOARDS = dashboards();
const RULES = alertRules();

/** A copy with something wrong in it. */
function spoilt<T>(file: T, from: string, to: string): T {
  const text = JSON.stringify(file);
  expect(text, "what is to be spoilt is there").toContain(from);
  return JSON.parse(text.replace(from, () => to)) as T;
}

function board(title: string): Dashboard {
  const found = BOARDS.find((one) => one.title === `Beckon: ${title}`);
  if (!found) throw new Error(`there is no dashboard ${title}`);
  return found;
}

function rule(uid: string): AlertRule {
  const found = RULES.find((one) => one.uid === uid);
  if (!found) throw new Error(`there is no rule ${uid}`);
  return found;
}

describe("the files of Grafana", () => {
  it.each([...generated()])("hold %s as its sources make it (npm run dashboards)", (path, content) => {
    expect(grafanaFile(path) === content, `grafana/${path} is not what its sources make`).toBe(true);
  });

  it("are four dashboards in the classic JSON, with ids of their own and a data source that is provisioned", () => {
    expect(BOARDS.map(({ title }) => title).toSorted()).toEqual(
      ["Fleet", "Latency", "Overview", "Recognition"].map((title) => `Beckon: ${title}`),
    );
    expect(new Set(BOARDS.map(({ uid }) => uid)).size).toBe(4);
    expect(BOARDS.map(({ schemaVersion }) => schemaVersion)).toEqual([42, 42, 42, 42]);
    expect(BOARDS.flatMap((one) => faultsOfShape(one, dataSourceUids()))).toEqual([]);
  });

  it("hold alert rules that ask a provisioned data source, and say what is wrong without a dollar", () => {
    expect(new Set(RULES.map(({ uid }) => uid)).size).toBe(RULES.length);
    const asked = RULES.flatMap(({ data }) => data.map(({ datasourceUid }) => datasourceUid));
    expect([...new Set(asked)].toSorted()).toEqual(["__expr__", ...dataSourceUids()]);
    for (const { annotations } of RULES) expect(annotations["summary"]).not.toContain("$");
  });

  it("hold no password: it comes from the environment", () => {
    expect(grafanaFile("provisioning/datasources/beckon.yaml")).toMatch(/password: \$BECKON_INFLUX_PASSWORD$/m);
  });
});

describe("the checker", () => {
  const overview = () => board("Overview");
  const noAnswer: Ask = async () => [];
  const always: Ask = async () => [{ name: "result", columns: ["time", "value"], values: [[1, 2]] }];
  const range: TimeRange = { from: 0, to: 1000 };

  it("finds two panels of one id, a panel without one, and another data source", () => {
    expect(faultsOfShape(spoilt(overview(), '"id":2}', '"id":1}'), dataSourceUids())).toEqual([
      "Beckon: Overview: two panels have the id 1",
    ]);
    expect(faultsOfShape(spoilt(overview(), ',"id":2}', "}"), dataSourceUids())).toEqual([
      "Beckon: Overview, Services up: has no id",
    ]);
    expect(
      faultsOfShape(spoilt(overview(), '"uid":"beckon-influx"},"query', '"uid":"other"},"query'), dataSourceUids()),
    ).toEqual([expect.stringMatching(/the data source other is not provisioned$/)]);
  });

  it("finds panels that lie over each other or beyond the edge", () => {
    const moved = spoilt(overview(), '"gridPos":{"h":4,"w":4,"x":4,"y":0}', '"gridPos":{"h":4,"w":24,"x":4,"y":0}');
    const faults = faultsOfShape(moved, dataSourceUids());
    expect(faults).toContain("Beckon: Overview, Services up: is wider than the dashboard");
    expect(faults).toContain("Beckon: Overview, Services up: lies over Relays on");
  });

  it("finds every query that is answered with nothing", async () => {
    const queries = overview().panels.reduce((sum, { targets = [] }) => sum + targets.length, 0);
    const faults = await faultsOfQueries(overview(), noAnswer, range);
    expect(faults).toHaveLength(queries + 3 + 3);
    expect(faults[0]).toBe("Beckon: Overview, variable camera: an empty answer");
  });

  it("finds a variable that the dashboard does not have, and an alias of a tag that is not asked for", async () => {
    expect(await faultsOfQueries(spoilt(overview(), "/^$camera$/", "/^$kamera$/"), always, range)).toContainEqual(
      expect.stringMatching(/there is no variable \$kamera$/),
    );
    expect(await faultsOfQueries(spoilt(overview(), "$tag_camera, $tag_model", "$tag_host"), always, range)).toContain(
      "Beckon: Overview, Frames a second, query A: the alias names $tag_host, by which the query does not group",
    );
  });
});

withDebian("influxd")("with what the real sink wrote of a home where everything happens once", () => {
  let stage: Stage;
  let ask: Ask;
  let start: number;
  let range: TimeRange;

  beforeAll(async () => {
    stage = await performed();
    ask = asking(stage.url, stage.database);
    range = stage.range;
    start = range.from;
  });

  afterAll(() => stage.close());

  it.each(BOARDS)("every panel, variable and annotation of $title shows something", async (one) => {
    expect(await faultsOfQueries(one, ask, range)).toEqual([]);
  });

  it.each(BOARDS)(
    "a $title that begins with hardly a point of its first step shows something all the same",
    async (one) => {
      const from = Math.ceil((range.from + 1000) / 60_000) * 60_000 - 1000;
      expect(await faultsOfQueries(one, ask, { ...range, from })).toEqual([]);
    },
  );

  it("drops are seen by each reason, once", async () => {
    const panel = board("Overview").panels.find(({ title }) => title === "Dropped, by reason");
    const query = filledIn(panel?.targets?.[0]?.query ?? "", {
      ...range,
      variables: { host: ["attic", "hall"] },
      interval: LENGTH,
    });
    const seen = (await ask(query)).map(({ tags, values }) => [
      `${tags?.["service"]}: ${tags?.["reason"]}`,
      values.reduce((sum, [, value]) => sum + Number(value), 0),
    ]);
    const expected = Object.entries(REASONS).flatMap(([service, reasons]) =>
      reasons.map((reason) => [`${service}: ${reason}`, 1] as const),
    );
    expect(Object.fromEntries(seen)).toMatchObject(Object.fromEntries(expected));
  });

  it.each(RULES)("the rule $uid is quiet while all is well", async (one) => {
    expect(await firing(one, ask, start + FAULTS.quiet)).toEqual([]);
    const isAnswered = (await evaluated(one, ask, start + FAULTS.quiet)).length > 0;
    expect(isAnswered, "it has looked at something").toBe(true);
  });

  it.each([
    ["beckon-camera-silent", FAULTS.silent[0] + 45_000, { camera: "door" }],
    ["beckon-slow", FAULTS.slow[1] - 1000, { camera: "desk" }],
    ["beckon-relay-over-limit", FAULTS.on[0] + 90_000, { instance: "attic", part: "lamp" }],
    ["beckon-relay-on-long", FAULTS.long[0] + 30_000, { instance: "attic", part: "fan" }],
    ["beckon-spool-grows", FAULTS.waiting[1] - 1000, { instance: "attic" }],
    ["beckon-service-flaps", FAULTS.flapping[1], { instance: "attic", service: "interpreter" }],
  ])("the rule %s fires with its fault, and for nothing else", async (uid, time, tags) => {
    expect((await firing(rule(uid), ask, start + time)).map((text) => JSON.parse(text))).toEqual([tags]);
  });

  it("has a planted fault for every rule", () => {
    expect(RULES.map(({ uid }) => uid).toSorted()).toEqual(
      [
        "beckon-camera-silent",
        "beckon-relay-on-long",
        "beckon-relay-over-limit",
        "beckon-service-flaps",
        "beckon-slow",
        "beckon-spool-grows",
      ].toSorted(),
    );
  });

  it("the rule of slowness waits five minutes", async () => {
    expect(await firing(rule("beckon-slow"), ask, start + FAULTS.slow[0] + 120_000)).toEqual([]);
  });

  it("a silent camera comes back by itself", async () => {
    expect(await firing(rule("beckon-camera-silent"), ask, start + FAULTS.silent[1] + 60_000)).toEqual([]);
  });

  it.each([
    [
      "a field",
      "Overview",
      '\\"ms_total\\"',
      '\\"ms_totel\\"',
      /p95 from capture to result, query A: an empty answer$/,
    ],
    ["a measurement", "Overview", '\\"gesture\\"', '\\"gestures\\"', /query A: an empty answer$/],
    ["a tag that it filters by", "Latency", '\\"model\\" =~', '\\"modle\\" =~', /query A: an empty answer$/],
    [
      "a tag that it groups by",
      "Fleet",
      '\\"service\\", \\"instance\\"',
      '\\"servise\\", \\"instance\\"',
      /in the column "servise"$/,
    ],
    [
      "one field of several",
      "Fleet",
      'last(\\"version\\")',
      'last(\\"versoin\\")',
      /Services, query A: nothing in the column "version"$/,
    ],
    ["a word of the language", "Recognition", "GROUP BY", "GRUOP BY", /error parsing query/],
    ["a variable's query", "Fleet", 'KEY = \\"model\\"', 'KEY = \\"modle\\"', /variable model: an empty answer$/],
    [
      "an annotation",
      "Fleet",
      'FROM \\"model_swap\\"',
      'FROM \\"model_swop\\"',
      /annotation Model swaps: an empty answer$/,
    ],
  ])("a typo in %s is found", async (_, title, from, to, expected) => {
    const faults = await faultsOfQueries(spoilt(board(title), from, to), ask, range);
    expect(faults).toContainEqual(expect.stringMatching(expected));
  });

  it("a typo in an alert rule makes it silent, which is found too", async () => {
    const typo = spoilt(rule("beckon-slow"), '\\"ms_total\\"', '\\"ms_totel\\"');
    expect(await evaluated(typo, ask, start + FAULTS.quiet)).toEqual([]);
    expect(await firing(typo, ask, start + FAULTS.slow[1] - 1000)).toEqual([]);
  });
});
