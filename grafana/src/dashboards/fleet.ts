import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { framed, ON_HOST } from "../frame.ts";
import { influx } from "../influx-query.ts";
import { rows, timeline, timeSeries } from "../panels.ts";

const WHO = "$tag_instance: $tag_service";
const OF_SINK = `${ON_HOST} AND "service" = 'metrics-sink'`;

export function fleet(): Dashboard {
  return framed({
    uid: "beckon-fleet",
    title: "Fleet",
    description: "Every service on every host: is it up, what does it take, what does it run.",
    panels: [
      rows({
        title: "Services",
        description: "As they last said. CPU and memory are those of the whole process, which several may share.",
        queries: [
          influx(
            `SELECT last("host") AS "machine", last("version") AS "version", last("uptime") AS "uptime", last("cpu") AS "CPU", last("memory") AS "memory", last("event_loop_delay") AS "event loop" FROM "process" WHERE ${ON_HOST} GROUP BY "service", "instance"`,
            { table: true },
          ),
        ],
        units: { uptime: "s", CPU: "percent", memory: "decmbytes", "event loop": "ms" },
        hidden: ["Time"],
        width: 16,
        height: 9,
      }),
      rows({
        title: "Models, engines, sources",
        queries: [
          influx(
            `SELECT last("models") AS "models", last("sources") AS "sources" FROM "facts" WHERE ${ON_HOST} GROUP BY "service", "instance"`,
            { table: true },
          ),
        ],
        hidden: ["Time"],
        width: 8,
        height: 9,
      }),
      timeline({
        title: "Online",
        queries: [
          influx(`SELECT "online" FROM "status" WHERE ${ON_HOST} GROUP BY "service", "instance"`, { alias: WHO }),
        ],
        states: { "0": ["offline", "red"], "1": ["online", "green"] },
        width: 24,
        height: 9,
      }),
      timeSeries({
        title: "CPU, of one core",
        queries: [byService("max", "cpu")],
        width: 12,
        unit: "percent",
        interval: "5s",
      }),
      timeSeries({
        title: "Memory",
        queries: [byService("max", "memory")],
        width: 12,
        unit: "decmbytes",
        interval: "5s",
      }),
      timeSeries({
        title: "Delay of the event loop, p99",
        description: "While it is blocked a service answers nobody.",
        queries: [byService("max", "event_loop_delay")],
        width: 12,
        unit: "ms",
        interval: "5s",
      }),
      timeSeries({
        title: "Reconnects to the broker",
        queries: [
          influx(
            `SELECT non_negative_difference(max("reconnects")) FROM "counters" WHERE ${ON_HOST} GROUP BY time($__interval), "service", "instance" fill(none)`,
            { alias: WHO },
          ),
        ],
        style: "stacked-bars",
        width: 12,
        interval: "10s",
      }),
      timeSeries({
        title: "Uptime",
        description: "Falls where a service starts anew.",
        queries: [byService("last", "uptime")],
        width: 12,
        unit: "s",
        interval: "5s",
      }),
      timeSeries({
        title: "Points that wait for the database",
        description: "In the metrics sink: its spool. While the database is away nothing of it is seen here.",
        queries: [
          influx(
            `SELECT max("waiting") FROM "gauges" WHERE ${OF_SINK} GROUP BY time($__interval), "instance" fill(none)`,
            { alias: "$tag_instance" },
          ),
        ],
        width: 12,
        interval: "5s",
      }),
      timeSeries({
        title: "Spool on disk",
        queries: [
          influx(
            `SELECT max("spoolBytes") FROM "gauges" WHERE ${OF_SINK} GROUP BY time($__interval), "instance" fill(none)`,
            { alias: "$tag_instance" },
          ),
        ],
        width: 12,
        unit: "decbytes",
        interval: "5s",
      }),
      timeSeries({
        title: "Points written",
        description: "A second.",
        queries: [
          influx(
            `SELECT non_negative_derivative(max("written"), 1s) FROM "counters" WHERE ${OF_SINK} GROUP BY time($__interval), "instance" fill(none)`,
            { alias: "$tag_instance" },
          ),
        ],
        width: 12,
        interval: "5s",
      }),
    ],
  });
}

function byService(how: "last" | "max", field: string) {
  return influx(
    `SELECT ${how}("${field}") FROM "process" WHERE ${ON_HOST} GROUP BY time($__interval), "service", "instance" fill(none)`,
    { alias: WHO },
  );
}
