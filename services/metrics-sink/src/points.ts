import type {
  Figures,
  Gesture,
  RelayEvent,
  Result,
  ServiceStats,
  ServiceStatus,
  SpelledText,
  Stages,
} from "@beckon/protocol";
import type { Message } from "@beckon/runtime";
import { type FieldValue, type Point, pointOf, seqOf, type Tag, timeOf } from "./point.ts";

/** What a model answers that is not sure enough. */
const UNKNOWN = "unknown";

/** What a point is made of: pure functions, apart from whatever writes them. */
type Build<T, N extends string> = (message: Pick<Message<T, N>, "value" | "names" | "arrivedAt">) => Point[];

export const pointsOfResult: Build<Result, "camera" | "model"> = ({ value, names, arrivedAt }) =>
  pointOf({
    measurement: "result",
    tags: { camera: names.camera, model: names.model, label: value.label },
    fields: {
      confidence: value.confidence,
      // Whose mean is its share; one of labels could not be asked for.
      unknown: value.label === UNKNOWN ? 1 : 0,
      seq: value.seq,
      ...stageFields(value.ms),
    },
    time: timeOf(value.at, arrivedAt, value.seq),
  });

export const pointsOfGesture: Build<Gesture, "camera" | "model"> = ({ value, names, arrivedAt }) =>
  pointOf({
    measurement: "gesture",
    tags: { camera: names.camera, model: names.model, label: value.gesture },
    fields: {
      phase: value.phase,
      // What can be summed: how often it was shown.
      starts: value.phase === "start" ? 1 : 0,
      confidence: value.confidence,
      held_ms: value.heldMs,
      seq: value.seq,
      ...stageFields(value.ms),
    },
    time: timeOf(value.at, arrivedAt, value.seq),
  });

export const pointsOfText: Build<SpelledText, "camera"> = ({ value, names, arrivedAt }) =>
  pointOf({
    measurement: "text",
    tags: { camera: names.camera },
    fields: { text: value.text, last: value.last, length: value.text.length },
    time: timeOf(value.at, arrivedAt, value.seq ?? seqOf(value)),
  });

export const pointsOfRelayEvent: Build<RelayEvent, "relay"> = ({ value, names, arrivedAt }) => {
  const { cause, at } = value;
  const fields = { word: cause.word, id: cause.id, detail: cause.detail };
  const tags = { relay: names.relay, camera: cause.camera, model: cause.model, label: cause.gesture };
  const time = timeOf(at, arrivedAt, seqOf(value));
  if ("refused" in value)
    return pointOf({
      measurement: "relay_refusal",
      tags: { ...tags, reason: value.refused },
      fields: { refusals: 1 + (value.suppressed ?? 0), by: cause.by, ...fields },
      time,
    });
  return pointOf({
    measurement: "relay_switch",
    tags: { ...tags, reason: cause.by },
    fields: { on: value.to === "ON" ? 1 : 0, from: value.from, to: value.to, ...fields, ...stageFields(value.ms) },
    time,
  });
};

export const pointsOfStatus: Build<ServiceStatus, "kind" | "id"> = ({ value, names, arrivedAt }) =>
  pointOf({
    measurement: "status",
    tags: { service: names.kind, instance: names.id },
    fields: { online: value.state === "online" ? 1 : 0, version: value.version, host: value.host },
    time: timeOf(value.at, arrivedAt),
  });

export const pointsOfStats: Build<ServiceStats, "kind" | "id"> = ({ value, names, arrivedAt }) => {
  const tags = { service: names.kind, instance: names.id };
  const time = timeOf(value.at, arrivedAt);
  const { cpu, memory, eventLoopDelay } = value.process;
  const { uptime, version, host, facts = {} } = value;
  const fields = { cpu, memory, event_loop_delay: eventLoopDelay, uptime, version, host };
  return [
    ...pointOf({ measurement: "process", tags, fields, time }),
    ...pointOf({ measurement: "facts", tags, fields: facts, time }),
    ...pointsOfFigures(value, tags, time),
    ...Object.entries(value.parts).flatMap(([part, figures]) => pointsOfFigures(figures, { ...tags, part }, time)),
  ];
};

function pointsOfFigures(
  { counters, gauges, drops, latency }: Figures,
  tags: Partial<Record<Tag, string>>,
  time: number,
): Point[] {
  return [
    ...pointOf({ measurement: "counters", tags, fields: counters, time }),
    ...pointOf({ measurement: "gauges", tags, fields: gauges, time }),
    ...Object.entries(drops).flatMap(([reason, count]) =>
      pointOf({ measurement: "drops", tags: { ...tags, reason }, fields: { count }, time }),
    ),
    ...pointOf({ measurement: "latency", tags, fields: latencyFields(latency), time }),
  ];
}

function latencyFields(latency: Figures["latency"]): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const [name, summary] of Object.entries(latency))
    for (const [figure, value] of Object.entries(summary)) fields[`${name}_${figure}`] = value;
  return fields;
}

/** `ms_decode`, `ms_total`, ... */
function stageFields(stages: Stages = {}): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  for (const [stage, ms] of Object.entries(stages)) fields[`ms_${stage}`] = ms;
  return fields;
}
