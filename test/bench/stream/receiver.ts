/** The meter's second thread: notes when each result came, whatever the thread that sends is doing. */
import { parentPort, workerData } from "node:worker_threads";
import { connectRaw, onPublish, subscribeRaw } from "./mqtt-wire.ts";

export interface ReceiverData {
  readonly port: number;
  readonly topic: string;
  /** By sequence number: when its result came, ms since the epoch; 0 until then. */
  readonly arrivals: SharedArrayBuffer;
  /** Whether each result is told to the sender, which waits for it. */
  readonly closed: boolean;
}

const { port, topic, arrivals, closed } = workerData.data as ReceiverData;
const times = new Float64Array(arrivals);
const socket = await connectRaw(port, `meter-receiver-${process.pid}`);
onPublish(socket, (_, payload) => {
  const at = performance.timeOrigin + performance.now();
  // By pattern: parsing the whole would cost the meter more than the sender of the result.
  const seq = Number(/"seq":\s*(\d+)/.exec(payload.toString("latin1"))?.[1] ?? Number.NaN);
  if (!(seq < times.length) || times[seq] !== 0) return;
  times[seq] = at;
  if (closed) parentPort?.postMessage(seq);
});
await subscribeRaw(socket, topic);
parentPort?.postMessage("ready");
