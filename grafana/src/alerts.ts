import { DATA_SOURCE } from "./influx-query.ts";

/** One rule: a query whose series are each reduced to a number, and when that is too much or too little. */
interface Alert {
  readonly uid: string;
  readonly title: string;
  /** One line for whoever is told. `.Labels` are the tags of the series; a `$` would be taken for the environment. */
  readonly summary: string;
  readonly query: string;
  /** Seconds that the query looks back. */
  readonly lookBack: number;
  readonly fires: readonly ["gt" | "lt", number];
  /** So long before it fires. */
  readonly for: string;
  readonly severity: "warning" | "critical";
  /** What it means that the query answers nothing. */
  readonly noData?: "NoData" | "OK";
  /** What it means that the database does not answer. */
  readonly onError?: "Error" | "Alerting";
}

const LONGEST_ON_S = 3600;

const ALERTS: readonly Alert[] = [
  {
    uid: "beckon-camera-silent",
    title: "A camera is silent",
    summary: "No result of camera {{ .Labels.camera }} for 30 s",
    // Four steps of which the last is not over yet: nothing in them is a silence of 30 to 40 s.
    query:
      'SELECT moving_average("frames", 4) * 4 AS "frames" FROM (SELECT count("confidence") AS "frames" FROM "result" WHERE $timeFilter GROUP BY time(10s), "camera" fill(0)) WHERE $timeFilter GROUP BY "camera"',
    lookBack: 900,
    fires: ["lt", 1],
    for: "0s",
    severity: "critical",
    // Nothing of any camera: the sink, the database or all cameras are gone.
    noData: "NoData",
  },
  {
    uid: "beckon-slow",
    title: "Recognition is slow",
    summary: "95 % of the results of camera {{ .Labels.camera }} take up to more than 250 ms, for 5 minutes",
    query: 'SELECT percentile("ms_total", 95) AS "p95" FROM "result" WHERE $timeFilter GROUP BY "camera"',
    lookBack: 60,
    fires: ["gt", 250],
    for: "5m",
    severity: "warning",
  },
  {
    uid: "beckon-relay-over-limit",
    title: "A relay is on for longer than it may",
    summary: "Relay {{ .Labels.part }} is on for longer than its maxOn: look whether its driver still obeys",
    query:
      'SELECT last("onFor") - last("maxOn") AS "over" FROM "gauges" WHERE $timeFilter AND "service" = \'relay\' GROUP BY "instance", "part"',
    lookBack: 30,
    // A second for the way to a plug and back.
    fires: ["gt", 1],
    for: "0s",
    severity: "critical",
  },
  {
    uid: "beckon-relay-on-long",
    title: "A relay is on for an hour",
    summary: "Relay {{ .Labels.part }} has been on for more than an hour",
    query:
      'SELECT last("onFor") AS "seconds" FROM "gauges" WHERE $timeFilter AND "service" = \'relay\' GROUP BY "instance", "part"',
    lookBack: 30,
    fires: ["gt", LONGEST_ON_S],
    for: "0s",
    severity: "warning",
  },
  {
    uid: "beckon-spool-grows",
    title: "The metrics spool grows",
    summary: "The metrics sink {{ .Labels.instance }} takes in more than the database takes",
    query:
      'SELECT last("waiting") - first("waiting") AS "more" FROM "gauges" WHERE $timeFilter AND "service" = \'metrics-sink\' GROUP BY "instance"',
    lookBack: 300,
    fires: ["gt", 1000],
    for: "1m",
    severity: "warning",
    // While the database is away the spool grows, and nobody can be asked how much.
    onError: "Alerting",
  },
  {
    uid: "beckon-service-flaps",
    title: "A service comes and goes",
    summary: "{{ .Labels.service }} on {{ .Labels.instance }} came online more than 3 times in 10 minutes",
    query: 'SELECT sum("online") AS "times" FROM "status" WHERE $timeFilter GROUP BY "service", "instance"',
    lookBack: 600,
    fires: ["gt", 3],
    for: "0s",
    severity: "warning",
  },
];

const EXPRESSION = { type: "__expr__", uid: "__expr__" } as const;
const EVERY = "30s";

/** As Grafana's file provisioning has alert rules. */
export function alertRules(): object {
  return {
    apiVersion: 1,
    groups: [{ orgId: 1, name: "beckon", folder: "Beckon", interval: EVERY, rules: ALERTS.map(rule) }],
  };
}

function rule({ uid, title, summary, query, lookBack, fires, severity, noData = "OK", ...alert }: Alert): object {
  const [evaluator, bound] = fires;
  const back = { from: lookBack, to: 0 };
  return {
    uid,
    title,
    condition: "C",
    for: alert.for,
    noDataState: noData,
    execErrState: alert.onError ?? "Error",
    annotations: { summary },
    labels: { app: "beckon", severity },
    data: [
      {
        refId: "A",
        relativeTimeRange: back,
        datasourceUid: DATA_SOURCE.uid,
        model: { refId: "A", datasource: DATA_SOURCE, query, rawQuery: true, resultFormat: "time_series" },
      },
      {
        refId: "B",
        relativeTimeRange: back,
        datasourceUid: EXPRESSION.uid,
        model: {
          ...{ refId: "B", datasource: EXPRESSION, type: "reduce", expression: "A", reducer: "last" },
          settings: { mode: "dropNN" },
        },
      },
      {
        refId: "C",
        relativeTimeRange: back,
        datasourceUid: EXPRESSION.uid,
        model: {
          ...{ refId: "C", datasource: EXPRESSION, type: "threshold", expression: "B" },
          conditions: [{ evaluator: { type: evaluator, params: [bound] } }],
        },
      },
    ],
  };
}
