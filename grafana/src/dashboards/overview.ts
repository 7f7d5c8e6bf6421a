import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { framed, ON_HOST, SEEN } from "../frame.ts";
import { influx } from "../influx-query.ts";
import { figure, timeline, timeSeries } from "../panels.ts";

export function overview(): Dashboard {
  return framed({
    uid: "beckon-overview",
    title: "Overview",
    description: "Is everything up, what is seen, what does it switch, and how fast.",
    panels: [
      figure({
        title: "Cameras up",
        description: "With a result in the last minute.",
        queries: [
          influx(
            `SELECT count("seen") FROM (SELECT last("confidence") AS "seen" FROM "result" WHERE ${SEEN} GROUP BY "camera") WHERE $timeFilter`,
          ),
        ],
        width: 4,
        recent: "1m",
      }),
      figure({
        title: "Services up",
        description: "That told their figures in the last minute, as they do every 5 s.",
        queries: [
          influx(
            `SELECT count("seen") FROM (SELECT last("uptime") AS "seen" FROM "process" WHERE ${ON_HOST} GROUP BY "service", "instance") WHERE $timeFilter`,
          ),
        ],
        width: 4,
        recent: "1m",
      }),
      figure({
        title: "Relays on",
        queries: [
          influx(
            `SELECT sum("on") FROM (SELECT last("on") AS "on" FROM "gauges" WHERE ${ON_HOST} AND "service" = 'relay' GROUP BY "instance", "part") WHERE $timeFilter`,
          ),
        ],
        width: 4,
        recent: "1m",
      }),
      figure({
        title: "Gestures in the last hour",
        queries: [influx(`SELECT sum("starts") FROM "gesture" WHERE ${SEEN}`)],
        width: 4,
        recent: "1h",
      }),
      figure({
        title: "p95 from capture to result",
        description: "Of the last 5 minutes.",
        queries: [influx(`SELECT percentile("ms_total", 95) FROM "result" WHERE ${SEEN}`)],
        width: 4,
        unit: "ms",
        recent: "5m",
        warnAt: 100,
        alarmAt: 250,
        decimals: 1,
      }),
      figure({
        title: "Dropped in the last 5 minutes",
        description: "Frames, messages and commands, whatever the reason: newest wins, so some are no fault.",
        queries: [influx(`SELECT sum("new") FROM "drops" WHERE ${ON_HOST}`)],
        width: 4,
        recent: "5m",
      }),
      timeSeries({
        title: "Frames a second",
        description: "Classified, by camera and model.",
        queries: [
          influx(
            `SELECT count("confidence") * 1000 / $__interval_ms FROM "result" WHERE ${SEEN} GROUP BY time($__interval), "camera", "model" fill(0)`,
            { alias: "$tag_camera, $tag_model" },
          ),
        ],
        width: 12,
        interval: "5s",
      }),
      timeSeries({
        title: "From capture to result",
        queries: [50, 95, 99].map((share) =>
          influx(
            `SELECT percentile("ms_total", ${share}) FROM "result" WHERE ${SEEN} GROUP BY time($__interval) fill(none)`,
            { alias: `p${share}` },
          ),
        ),
        width: 12,
        unit: "ms",
        interval: "5s",
      }),
      timeline({
        title: "Gestures",
        queries: [
          influx(`SELECT "phase" FROM "gesture" WHERE ${SEEN} GROUP BY "camera", "model", "label"`, {
            alias: "$tag_camera, $tag_model: $tag_label",
          }),
        ],
        states: { start: ["shown", "blue"], end: ["", "transparent"] },
        width: 12,
        height: 9,
      }),
      timeline({
        title: "Relays",
        queries: [
          influx(
            `SELECT last("on") FROM "gauges" WHERE ${ON_HOST} AND "service" = 'relay' GROUP BY time($__interval), "part" fill(none)`,
            { alias: "$tag_part" },
          ),
        ],
        states: { "0": ["OFF", "#606060"], "1": ["ON", "yellow"] },
        width: 12,
        height: 9,
        interval: "5s",
      }),
      timeSeries({
        title: "From capture to relay",
        description: "Each switch by a gesture; the slowest of a step.",
        queries: [
          influx(
            `SELECT max("ms_total") FROM "relay_switch" WHERE $timeFilter AND "camera" =~ /^$camera$/ GROUP BY time($__interval), "relay" fill(none)`,
            { alias: "$tag_relay" },
          ),
        ],
        width: 8,
        unit: "ms",
      }),
      timeSeries({
        title: "Dropped, by reason",
        queries: [
          influx(
            `SELECT sum("new") FROM "drops" WHERE ${ON_HOST} GROUP BY time($__interval), "service", "reason" fill(none)`,
            { alias: "$tag_service: $tag_reason" },
          ),
        ],
        style: "stacked-bars",
        width: 8,
        interval: "10s",
      }),
      timeSeries({
        title: "Relays that refused, by reason",
        queries: [
          influx(
            'SELECT sum("refusals") FROM "relay_refusal" WHERE $timeFilter AND "camera" =~ /^$camera$/ GROUP BY time($__interval), "relay", "reason" fill(none)',
            { alias: "$tag_relay: $tag_reason" },
          ),
        ],
        style: "stacked-bars",
        width: 8,
        interval: "10s",
      }),
    ],
  });
}
