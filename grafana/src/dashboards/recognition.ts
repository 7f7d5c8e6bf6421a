import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { framed, SEEN } from "../frame.ts";
import { influx } from "../influx-query.ts";
import { figure, rows, timeSeries } from "../panels.ts";

export function recognition(): Dashboard {
  return framed({
    uid: "beckon-recognition",
    title: "Recognition",
    description: "What the models see, how sure they are, and how calm it is after smoothing.",
    panels: [
      timeSeries({
        title: "Classes",
        description: "Results of each class, before smoothing.",
        queries: [
          influx(
            `SELECT count("confidence") FROM "result" WHERE ${SEEN} GROUP BY time($__interval), "model", "label" fill(none)`,
            { alias: "$tag_model: $tag_label" },
          ),
        ],
        style: "stacked-bars",
        width: 16,
        height: 10,
        interval: "10s",
      }),
      rows({
        title: "Gestures",
        description: "Steady ones, and how long they were held.",
        queries: [
          influx(
            `SELECT sum("starts") AS "shown", mean("held_ms") AS "held" FROM "gesture" WHERE ${SEEN} GROUP BY "camera", "model", "label"`,
            { table: true },
          ),
        ],
        units: { held: "ms" },
        hidden: ["Time"],
        width: 8,
        height: 10,
      }),
      timeSeries({
        title: "Confidence",
        description: "A median or tenth percentile that sinks over days: light, camera or hands have changed.",
        // In one query: alone, InfluxDB's tenth percentile ends at the first step of fewer than five points.
        queries: [
          influx(
            `SELECT percentile("confidence", 50) AS "p50", percentile("confidence", 10) AS "p10" FROM "result" WHERE ${SEEN} AND "label" != 'unknown' GROUP BY time($__interval), "camera", "model" fill(none)`,
            { alias: "$tag_camera, $tag_model $col" },
          ),
        ],
        width: 12,
        unit: "percentunit",
        max: 1,
        interval: "1m",
      }),
      timeSeries({
        title: "Share of unknown",
        queries: [
          influx(
            `SELECT mean("unknown") FROM "result" WHERE ${SEEN} GROUP BY time($__interval), "camera", "model" fill(none)`,
            { alias: "$tag_camera, $tag_model" },
          ),
        ],
        width: 12,
        unit: "percentunit",
        max: 1,
        interval: "1m",
      }),
      timeSeries({
        title: "Changes a minute before smoothing",
        description: "How often the label of a result is another than that of the one before.",
        queries: [
          influx(`SELECT sum("changed") FROM "result" WHERE ${SEEN} GROUP BY time(1m), "camera", "model" fill(none)`, {
            alias: "$tag_camera, $tag_model",
          }),
        ],
        style: "bars",
        width: 12,
      }),
      timeSeries({
        title: "Changes a minute after smoothing",
        description: "Steady gestures that began or ended.",
        queries: [
          influx(`SELECT count("phase") FROM "gesture" WHERE ${SEEN} GROUP BY time(1m), "camera", "model" fill(none)`, {
            alias: "$tag_camera, $tag_model",
          }),
        ],
        style: "bars",
        width: 12,
      }),
      figure({
        title: "Letters spelled",
        queries: [
          influx('SELECT count("last") FROM "text" WHERE $timeFilter AND "camera" =~ /^$camera$/ AND "last" != \'\''),
        ],
        width: 4,
        height: 8,
      }),
      rows({
        title: "Text",
        queries: [
          influx(
            'SELECT "camera", "text", "last" FROM "text" WHERE $timeFilter AND "camera" =~ /^$camera$/ ORDER BY time DESC LIMIT 100',
            { table: true },
          ),
        ],
        width: 12,
      }),
      rows({
        title: "Model swaps",
        queries: [
          influx(
            `SELECT "camera", "model", "from", "to", "engine" FROM "model_swap" WHERE ${SEEN} ORDER BY time DESC LIMIT 100`,
            { table: true },
          ),
        ],
        width: 8,
      }),
    ],
  });
}
