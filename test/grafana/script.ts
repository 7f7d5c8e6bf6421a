import type { Figures, LatencySummary, Result, ServiceKind, ServiceStats, Topic, Topics } from "@beckon/protocol";

/** Publishes one message at a time of its own, some minutes ago. */
export type Publish = <T>(topic: Topic<T>, value: T) => Promise<void>;

const MINUTE = 60_000;
export const LENGTH = 25 * MINUTE;
const BOOTS = ["mg2k1x0z-a9f3", "mg2k1x1z-a9f3", "mg2k1x2z-a9f3", "mg2k1x3z-a9f3", "mg2k1x4z-a9f3", "mg2k1x5z-a9f3"];
const FIGURES: Figures = { counters: {}, drops: {}, gauges: {}, latency: {} };

/** Every reason there is, so that each is seen once. */
export const REASONS = {
  classifier: ["superseded", "stale", "clock", "bad-image", "too-large", "duplicate", "older-boot", "out-of-order"],
  interpreter: ["unsent", "overrun", "bad-json"],
  relay: ["retained", "disallowed", "too-many-sources"],
} as const;

/** What goes wrong when, ms from the start: before the first all is quiet. */
export const FAULTS = {
  quiet: 8 * MINUTE,
  /** The camera "door" is silent from the first to the second. */
  silent: [10 * MINUTE, 13 * MINUTE],
  /** Results of the camera "desk" take 400 ms. */
  slow: [12 * MINUTE, 19 * MINUTE],
  /** The lamp, which may be on for a minute, is on. */
  on: [9 * MINUTE, 12 * MINUTE],
  /** The fan is on for more than an hour. */
  long: [14 * MINUTE, 16 * MINUTE],
  /** More and more points wait. */
  waiting: [15 * MINUTE, 19 * MINUTE],
  /** The interpreter starts anew every half minute. */
  flapping: [19 * MINUTE, 21 * MINUTE],
  /** Another version of the model answers. */
  swap: 20 * MINUTE,
} as const;

/** A slowness of every order, so that no bucket of a chart stays empty, ms. */
const TOTALS = [2, 4, 8, 20, 40, 80, 200, 400, 800, 3000];

/** A home of two cameras, two relays and five services in which each thing happens that a chart or an alert is there for. */
export async function perform(topics: Topics, publish: Publish, start: number): Promise<void> {
  for (let time = 0; time <= LENGTH; time += 500) {
    const at = start + time;
    for (const camera of ["desk", "door"]) await see(camera, time, at, topics, publish);
    if (time % 5000 === 0) for (const stats of allStats(time, at)) await publish(...stats(topics));
    await happen(time, at, topics, publish);
  }
}

async function see(camera: string, time: number, at: number, topics: Topics, publish: Publish): Promise<void> {
  if (camera === "door" && isIn(time, FAULTS.silent)) return;
  const total = totalOf(camera, time);
  const seq = time / 500;
  const label = time % 7000 === 0 ? "unknown" : time % 20_000 < 10_000 ? "A" : "B";
  const result: Result = {
    ...{ camera, model: "letters", version: time < FAULTS.swap ? "1.0.0" : "1.1.0", seq, boot: BOOTS[0] ?? "", at },
    ...{ label, confidence: label === "unknown" ? 0.3 : 0.9 + (seq % 10) / 100, top: [], engine: "onnx-cpu" },
    ms: { receive: total / 2, queue: total / 8, decode: total / 8, infer: total / 4, total },
  };
  await publish(topics.result({ camera, model: "letters" }), result);
  if (time % 10_000 !== 0) return;
  const gesture = { camera, model: "letters", gesture: label === "unknown" ? "A" : label, seq, boot: BOOTS[0] ?? "" };
  const topic = topics.gesture({ camera, model: "letters" });
  await publish(topic, { ...gesture, phase: "start", confidence: 0.9, at, ms: { ...result.ms, interpret: 0.5 } });
  await publish(topic, { ...gesture, phase: "end", confidence: 0.4, seq: seq + 1, at: at + 400, heldMs: 400 });
  await publish(topics.text({ camera }), { text: "HELLO", last: gesture.gesture, at, boot: BOOTS[0] ?? "", seq });
}

function totalOf(camera: string, time: number): number {
  if (camera === "desk" && isIn(time, FAULTS.slow)) return 400;
  const rare = time / 500 - (2 * MINUTE) / 500;
  return camera === "desk" ? (TOTALS[rare] ?? 8) : 6;
}

/** What happens once. */
async function happen(time: number, at: number, topics: Topics, publish: Publish): Promise<void> {
  const cause = { by: "gesture" as const, camera: "desk", model: "letters", gesture: "A" };
  const ms = { receive: 4, queue: 1, decode: 1, infer: 2, interpret: 0.5, decide: 0.2, switch: 0.3, total: 9 };
  const event = topics.relayEvent({ relay: "lamp" });
  if (time === FAULTS.on[0]) await publish(event, { from: "OFF", to: "ON", at, cause, ms });
  if (time === FAULTS.on[1]) await publish(event, { from: "ON", to: "OFF", at, cause: { by: "timer" } });
  if (time === 22 * MINUTE) await publish(event, { refused: "stale", at, cause, suppressed: 2 });
  for (const kind of ["camera-publisher", "classifier", "interpreter", "relay", "metrics-sink"] as const) {
    const topic = topics.status({ kind, id: idOf(kind) });
    const said = { boot: bootOf(kind, time), version: "0.1.0", host: idOf(kind), at };
    if (kind === "interpreter" && isRestart(time)) {
      await publish(topic, { state: "offline", boot: said.boot, at: at - 100 });
      await publish(topic, { state: "online", ...said });
    } else if (time === 0) await publish(topic, { state: "online", ...said });
  }
}

type Said = (topics: Topics) => [Topic<ServiceStats>, ServiceStats];

function allStats(time: number, at: number): Said[] {
  return [
    stats("camera-publisher", time, at, {
      facts: { sources: "desk: synthetic" },
      parts: { desk: { ...FIGURES, gauges: { inHand: 1 }, latency: { publish: summary(9) } } },
    }),
    stats("classifier", time, at, {
      facts: { models: "letters 1.0.0 on onnx-cpu" },
      parts: {
        letters: {
          counters: { received: time / 500, results: time / 500 },
          drops: dropped(REASONS.classifier, time),
          gauges: { inHand: 1 },
          latency: Object.fromEntries(["receive", "queue", "decode", "infer"].map((stage) => [stage, summary(3)])),
        },
      },
    }),
    stats("interpreter", time, at, {
      // They count since its start.
      drops: restarts("interpreter", time) === 0 ? dropped(REASONS.interpreter, time) : {},
      parts: { letters: { ...FIGURES, latency: { age: summary(9), interpret: summary(1) } } },
    }),
    stats("relay", time, at, {
      parts: {
        lamp: { ...relay(time, FAULTS.on, 60), drops: dropped(REASONS.relay, time), latency: { obey: summary(1) } },
        fan: relay(time, FAULTS.long, undefined, 3700),
      },
    }),
    stats("metrics-sink", time, at, { counters: { written: time / 10 }, gauges: sink(time) }),
  ];
}

function stats(kind: ServiceKind, time: number, at: number, figures: Partial<ServiceStats>): Said {
  const id = idOf(kind);
  const value: ServiceStats = {
    ...{ ...FIGURES, parts: {}, at, boot: bootOf(kind, time), host: id, version: "0.1.0" },
    uptime: 1 + (time - startOf(kind, time)) / 1000,
    process: { cpu: 12, memory: 80, eventLoopDelay: 2 },
    ...figures,
    counters: { reconnects: time < 21 * MINUTE ? 0 : 1, ...figures.counters },
  };
  return (topics) => [topics.stats({ kind, id }), value];
}

/** One of each reason, at a minute of its own. */
function dropped(reasons: readonly string[], time: number): Record<string, number> {
  return Object.fromEntries(reasons.flatMap((reason, index) => (time >= (index + 1) * MINUTE ? [[reason, 1]] : [])));
}

function relay(time: number, [from, to]: readonly [number, number], maxOn?: number, before = 0): Figures {
  const on = isIn(time, [from, to]);
  const onFor = on ? before + (time - from) / 1000 : 0;
  return { ...FIGURES, gauges: { on: on ? 1 : 0, onFor, ...(maxOn !== undefined && { maxOn }) } };
}

function sink(time: number): Record<string, number> {
  const [from, to] = FAULTS.waiting;
  const waiting = isIn(time, [from, to]) ? (time - from) / 30 : 20;
  return { waiting, spoolBytes: waiting * 100 };
}

function summary(ms: number): LatencySummary {
  return { count: 10, p50: ms, p95: ms * 1.5, p99: ms * 2, max: ms * 3 };
}

function idOf(kind: ServiceKind): string {
  return kind === "camera-publisher" ? "hall" : "attic";
}

function isIn(time: number, [from, to]: readonly [number, number]): boolean {
  return time >= from && time < to;
}

const RESTART_EVERY = MINUTE / 2;

function isRestart(time: number): boolean {
  return isIn(time, FAULTS.flapping) && (time - FAULTS.flapping[0]) % RESTART_EVERY === 0;
}

function restarts(kind: ServiceKind, time: number): number {
  const [from, to] = FAULTS.flapping;
  if (kind !== "interpreter" || time < from) return 0;
  return Math.floor((Math.min(time, to - 1) - from) / RESTART_EVERY) + 1;
}

function startOf(kind: ServiceKind, time: number): number {
  const count = restarts(kind, time);
  return count === 0 ? 0 : FAULTS.flapping[0] + (count - 1) * RESTART_EVERY;
}

function bootOf(kind: ServiceKind, time: number): string {
  return BOOTS[restarts(kind, time)] ?? "";
}
