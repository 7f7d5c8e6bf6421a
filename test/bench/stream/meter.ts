/**
 * Sends frames to a system under test and times its results: the same meter for ours, for a bare echo and for the Python
 * peer. Runs in a process of its own; its request is its first argument, its outcome its last line (see measureApart).
 */
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createBoot } from "@beckon/protocol";
import { startTsWorker } from "@beckon/vision";
import { connectRaw, publishParts, writeParts } from "./mqtt-wire.ts";
import type { ReceiverData } from "./receiver.ts";

export interface MeterRequest {
  readonly port: number;
  /** A folder of JPEGs, sent in turn. */
  readonly frames: string;
  /** Where frames go, one topic for each camera. */
  readonly to: readonly string[];
  /** Where results come from, a filter. */
  readonly from: string;
  /** `closed`: one frame in flight, so many times. `open`: frames a second over all cameras, for so many seconds. */
  readonly load: { readonly closed: number } | { readonly rate: number; readonly seconds: number };
}

export interface MeterOutcome {
  readonly sent: number;
  readonly answered: number;
  /** Results a second, over the time in which frames were sent. */
  readonly rate: number;
  /** From the scheduled moment of a frame to its result, ms. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
}

/** Frames that are sent first and not counted. */
const WARM_UP = 20;
/** What has not come by then never will, ms. */
const PATIENCE_MS = 2000;

const clock = (): number => performance.timeOrigin + performance.now();

async function measure(request: MeterRequest): Promise<MeterOutcome> {
  const { load, port, from } = request;
  const total = "closed" in load ? load.closed + WARM_UP : Math.round(load.rate * load.seconds);
  const arrivals = new SharedArrayBuffer(8 * total);
  const data: ReceiverData = { port, topic: from, arrivals, closed: "closed" in load };
  const receiver = startTsWorker(new URL("./receiver.ts", import.meta.url), data);
  await once(receiver, "message");
  const sender = await frameSender(request);
  const scheduled = new Float64Array(total);
  if ("closed" in load) {
    let arrived = (_: number): void => {};
    receiver.on("message", (seq: number) => arrived(seq));
    for (let seq = 0; seq < total; seq++) {
      const answer = new Promise<void>((resolve) => {
        arrived = (found) => {
          if (found === seq) resolve();
        };
        setTimeout(resolve, PATIENCE_MS).unref();
      });
      const at = clock();
      scheduled[seq] = at;
      writeParts(sender.socket, sender.packet(seq, at));
      await answer;
    }
  } else {
    await sendAtRate(sender, scheduled, load.rate);
    await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  }
  await receiver.terminate();
  sender.socket.destroy();
  return summarise(scheduled, new Float64Array(arrivals), "closed" in load ? WARM_UP : 0);
}

interface FrameSender {
  readonly socket: Socket;
  /**
   * In pieces, for a copy of each frame would make the meter collect its garbage while it measures: two cores are then
   * busy for some 10 ms, and the frame of that moment is the slowest of all.
   *
   * @returns a frame that says it was captured at `at`, ready to be written
   */
  packet(seq: number, at: number): readonly Buffer[];
}

async function frameSender({ port, frames, to }: MeterRequest): Promise<FrameSender> {
  const names = (await readdir(frames)).filter((name) => name.endsWith(".jpg")).sort();
  const jpegs = await Promise.all(names.map((name) => readFile(join(frames, name))));
  const boot = createBoot(Date.now());
  const socket = await connectRaw(port, `meter-sender-${process.pid}`);
  const packet = (seq: number, at: number): readonly Buffer[] => {
    const jpeg = jpegs[seq % jpegs.length] ?? Buffer.alloc(0);
    const envelope = Buffer.from(`beckon/1 {"seq":${seq},"boot":"${boot}","at":${at},"width":640,"height":480}`);
    const comment = Buffer.from([0xff, 0xfe, 0, envelope.length + 2]);
    const payload = [jpeg.subarray(0, 2), comment, envelope, jpeg.subarray(2)];
    return publishParts(to[seq % to.length] ?? "", payload);
  };
  return { socket, packet };
}

/** Below this, ms, the thread sleeps on a lock, which wakes to the microsecond; above it, a timer lets the socket work. */
const FINE_WAIT_MS = 2;

/** Sends on a fixed schedule, whatever comes back: what is late counts from when it should have been sent. */
function sendAtRate(sender: FrameSender, scheduled: Float64Array, rate: number): Promise<void> {
  const lock = new Int32Array(new SharedArrayBuffer(4));
  const start = clock() + 50;
  let seq = 0;
  return new Promise((resolve) => {
    const next = (): void => {
      if (seq === scheduled.length) {
        resolve();
        return;
      }
      const due = start + (seq * 1000) / rate;
      const wait = due - clock();
      if (wait > FINE_WAIT_MS) {
        setTimeout(next, wait - FINE_WAIT_MS);
        return;
      }
      scheduled[seq] = due;
      // Made before it is due: what the meter takes for it is no time of what it measures.
      const packet = sender.packet(seq, due);
      const left = due - clock();
      if (left > 0) Atomics.wait(lock, 0, 0, left);
      writeParts(sender.socket, packet);
      seq += 1;
      setImmediate(next);
    };
    next();
  });
}

function summarise(scheduled: Float64Array, arrivals: Float64Array, skipped: number): MeterOutcome {
  const taken: number[] = [];
  let last = 0;
  for (let seq = skipped; seq < scheduled.length; seq++) {
    const arrived = arrivals[seq] ?? 0;
    if (arrived === 0) continue;
    taken.push(arrived - (scheduled[seq] ?? 0));
    last = Math.max(last, arrived);
  }
  taken.sort((a, b) => a - b);
  const at = (share: number): number => taken[Math.max(0, Math.ceil(share * taken.length) - 1)] ?? Number.NaN;
  const end = Math.max(last, scheduled.at(-1) ?? 0);
  return {
    sent: scheduled.length - skipped,
    answered: taken.length,
    rate: (taken.length * 1000) / Math.max(1, end - (scheduled[skipped] ?? 0)),
    latency: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
  };
}

const outcome = await measure(JSON.parse(process.argv[2] ?? "{}") as MeterRequest);
console.log(JSON.stringify(outcome));
process.exit(0);
