/** Publishes results at a steady rate. Its request is its first argument; says `done` on its last line. */
import { createBoot } from "@beckon/protocol";
import { connectRaw, publishPacket } from "../stream/mqtt-wire.ts";

export interface LoadRequest {
  readonly port: number;
  readonly rate: number;
  readonly seconds: number;
  /** Of the topic. */
  readonly camera: string;
}

export interface LoadOutcome {
  readonly sent: number;
}

const { port, rate, seconds, camera } = JSON.parse(process.argv[2] ?? "{}") as LoadRequest;
const EVERY_MS = 5;

const socket = await connectRaw(port, `load-${process.pid}`);
const boot = createBoot(Date.now());
const topic = `beckon/${camera}/result/letters`;
const total = Math.round(rate * seconds);
const begun = performance.now();
for (let seq = 0; seq < total; ) {
  const due = Math.min(total, Math.ceil(((performance.now() - begun) / 1000) * rate));
  for (; seq < due; seq++) socket.write(publishPacket(topic, [Buffer.from(JSON.stringify(resultOf(seq)))]));
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
const outcome: LoadOutcome = { sent: total };
socket.end(() => console.log(JSON.stringify(outcome)));

function resultOf(seq: number) {
  const at = performance.timeOrigin + performance.now();
  return {
    ...{ camera, model: "letters", version: "1.0.0", seq, boot, at, label: "A", confidence: 0.97 },
    top: [{ label: "A", confidence: 0.97 }],
    engine: "onnx-cpu",
    ms: { receive: 1.1, queue: 0.2, decode: 0.6, infer: 0.4, total: 2.4 },
  };
}
