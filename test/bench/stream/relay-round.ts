/**
 * Plays a camera and its classifier: publishes results whose label changes now and then, and times each change from the
 * sending of the result that decided it to the relay's event. Its request is its first argument.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createBoot, createTopics, Gesture, type Result } from "@beckon/protocol";
import { connectRaw, onPublish, publishPacket, subscribeRaw } from "./mqtt-wire.ts";

export interface RelayRequest {
  readonly port: number;
  readonly camera: string;
  readonly model: string;
  readonly relay: string;
  /** Shown in turn. */
  readonly gestures: readonly string[];
  /** How often the gesture changes. */
  readonly changes: number;
}

export interface RelayOutcome {
  /** Of each switch: from the sending of the deciding result to the gesture that the interpreter tells, ms. */
  readonly toGesture: readonly number[];
  /** To the relay's event, ms. */
  readonly toEvent: readonly number[];
  /** Events that were refusals. */
  readonly refused: number;
}

const FRAMES_A_SECOND = 30;
const GESTURE_MS = 900;
/** A relay wants to see its source alive first, and obeys nothing just after connecting. */
const SETTLE_MS = 3000;
const PATIENCE_MS = 1000;

const clock = (): number => performance.timeOrigin + performance.now();

async function measure({ port, camera, model, relay, gestures, changes }: RelayRequest): Promise<RelayOutcome> {
  const topics = createTopics();
  const results = topics.result({ camera, model }).path;
  const boot = createBoot(Date.now());
  const sentAt: number[] = [];

  const listener = await connectRaw(port, `relay-listener-${process.pid}`);
  const gesturePath = topics.gesture({ camera, model }).path;
  // Only noted: what it does while the relay has its turn is time of what it measures.
  const arrivals: { readonly at: number; readonly topic: string; readonly payload: Buffer }[] = [];
  onPublish(listener, (topic, payload) => arrivals.push({ at: clock(), topic, payload: Buffer.from(payload) }));
  await subscribeRaw(listener, gesturePath);
  await subscribeRaw(listener, topics.relayEvent({ relay }).path);

  const sender = await connectRaw(port, `relay-sender-${process.pid}`);
  const send = (label: string): void => {
    const at = clock();
    const result: Result = {
      ...{ camera, model, version: "1.0.0", seq: sentAt.length, boot, at, label, confidence: 0.97 },
      top: [{ label, confidence: 0.97 }],
      engine: "onnx-cpu",
      ms: { receive: 1, queue: 0.2, decode: 0.6, infer: 0.4, total: 2.2 },
    };
    sentAt.push(at);
    sender.write(publishPacket(results, [Buffer.from(JSON.stringify(result))]));
  };
  const show = async (label: string, time: number): Promise<void> => {
    const frames = Math.round((time * FRAMES_A_SECOND) / 1000);
    const start = clock();
    for (let frame = 0; frame < frames; frame++) {
      send(label);
      await sleep(Math.max(0, start + ((frame + 1) * 1000) / FRAMES_A_SECOND - clock()));
    }
  };
  await show("nothing", SETTLE_MS);
  for (let change = 0; change < changes; change++) await show(gestures[change % gestures.length] ?? "", GESTURE_MS);
  await sleep(PATIENCE_MS);

  const toGesture: number[] = [];
  const toEvent: number[] = [];
  let refused = 0;
  /** When the result that decided the last gesture was sent. */
  let decidedAt = 0;
  for (const { at, topic, payload } of arrivals) {
    if (topic === gesturePath) {
      const { phase, seq } = Gesture.parse(JSON.parse(payload.toString()));
      if (phase !== "start") continue;
      decidedAt = sentAt[seq] ?? Number.NaN;
      toGesture.push(at - decidedAt);
    } else if (payload.includes('"refused"')) refused += 1;
    else if (payload.includes('"by":"gesture"')) toEvent.push(at - decidedAt);
  }
  return { toGesture, toEvent, refused };
}

const outcome = await measure(JSON.parse(process.argv[2] ?? "{}") as RelayRequest);
console.log(JSON.stringify(outcome));
process.exit(0);
