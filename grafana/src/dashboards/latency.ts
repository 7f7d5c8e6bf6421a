import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { framed, ON_HOST, SEEN } from "../frame.ts";
import { influx } from "../influx-query.ts";
import { heat, timeSeries } from "../panels.ts";

/** The way of a frame, in its order: what the sink calls the time, where it is written, and what it is called here. */
const STAGES = [
  ["result", "ms_receive", "to the classifier"],
  ["result", "ms_queue", "waits for a thread"],
  ["result", "ms_decode", "decoded"],
  ["result", "ms_infer", "classified"],
  ["gesture", "ms_interpret", "interpreted"],
  ["relay_switch", "ms_decide", "decided"],
  ["relay_switch", "ms_switch", "switched"],
] as const;

/** Upper bounds, ms; what is slower is in the last. */
const BOUNDS = [2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 10_000] as const;

/** Which service times what. */
const TIMED = [
  ["camera-publisher", "publish"],
  ["classifier", "receive"],
  ["classifier", "queue"],
  ["classifier", "decode"],
  ["classifier", "infer"],
  ["interpreter", "age"],
  ["interpreter", "interpret"],
  ["relay", "obey"],
] as const;

export function latency(): Dashboard {
  return framed({
    uid: "beckon-latency",
    title: "Latency",
    description: "Where the milliseconds between the camera and the relay go.",
    panels: [
      timeSeries({
        title: "From capture to relay, stage by stage: $camera",
        description:
          "Means of each stage, stacked. Gestures and switches are rarer than frames: theirs stay until the next.",
        queries: STAGES.map(([measurement, field, alias]) =>
          influx(
            `SELECT mean("${field}") FROM "${measurement}" WHERE ${SEEN} GROUP BY time($__interval) fill(${measurement === "result" ? "none" : "previous"})`,
            { alias },
          ),
        ),
        style: "stacked",
        width: 24,
        height: 10,
        unit: "ms",
        interval: "10s",
        repeat: "camera",
      }),
      heat({
        title: "From capture to result",
        description: "How many results took how long.",
        queries: BOUNDS.map((bound, index) =>
          influx(
            `SELECT count("ms_total") FROM "result" WHERE ${SEEN} AND "ms_total" > ${BOUNDS[index - 1] ?? -1} AND "ms_total" <= ${bound} GROUP BY time($__interval) fill(0)`,
            { alias: String(bound) },
          ),
        ),
        width: 24,
        height: 10,
        unit: "ms",
      }),
      timeSeries({
        title: "From capture to result, by camera and model",
        queries: [50, 95, 99].map((share) =>
          influx(
            `SELECT percentile("ms_total", ${share}) FROM "result" WHERE ${SEEN} GROUP BY time($__interval), "camera", "model" fill(none)`,
            { alias: `$tag_camera, $tag_model p${share}` },
          ),
        ),
        width: 12,
        unit: "ms",
        interval: "5s",
      }),
      timeSeries({
        title: "From capture to relay, by relay",
        queries: [50, 95].map((share) =>
          influx(
            `SELECT percentile("ms_total", ${share}) FROM "relay_switch" WHERE ${SEEN} GROUP BY time($__interval), "relay" fill(none)`,
            { alias: `$tag_relay p${share}` },
          ),
        ),
        width: 12,
        unit: "ms",
        interval: "1m",
      }),
      timeSeries({
        title: "p95 of each stage, by host",
        description: "As the services themselves measure it; the worst of a step, for percentiles cannot be averaged.",
        queries: TIMED.map(([service, stage]) =>
          influx(
            `SELECT max("${stage}_p95") FROM "latency" WHERE ${ON_HOST} AND "service" = '${service}' GROUP BY time($__interval), "instance" fill(none)`,
            { alias: `$tag_instance: ${stage}` },
          ),
        ),
        width: 12,
        unit: "ms",
        interval: "5s",
      }),
      timeSeries({
        title: "Frames in hand",
        description: "In flight from a camera; waiting or worked on in a classifier. Newest wins, so it stays low.",
        queries: [
          influx(
            `SELECT max("inHand") FROM "gauges" WHERE ${ON_HOST} GROUP BY time($__interval), "instance", "service", "part" fill(none)`,
            { alias: "$tag_instance, $tag_service: $tag_part" },
          ),
        ],
        width: 12,
        interval: "5s",
      }),
    ],
  });
}
