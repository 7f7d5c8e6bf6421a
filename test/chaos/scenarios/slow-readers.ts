import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTopics } from "@beckon/protocol";
import { drawFrames } from "../../bench/stream/frames.ts";
import { connectRaw, onPublish, subscribeRaw } from "../../bench/stream/mqtt-wire.ts";
import { withPrograms } from "../../bench/stream/programs.ts";
import { percent } from "../../bench/stream/scenario.ts";
import { startBeckon, startBroker } from "../../bench/stream/services.ts";
import { type ChaosBar, type ChaosScenario, type ChaosStage, outcome } from "../scenario.ts";

const CAMERAS = 5;
const FPS = 30;
const FROZEN = 10;
const SLOW = 5;
/** The broker ends who reads nothing for 5 s: another comes in its place. */
const FROZEN_MS = 6000;
/** A slow one reads a piece of at most 64 kB so often, ms: some 130 kB of 5 MB a second. */
const SLOW_EVERY_MS = 500;
const WARM_UP_MS = 2000;
const BAR = 0.999;
/** What a busy machine still has to manage. */
const LEAST = 0.95;

/** Subscribers that read slowly, or never, beside one who reads. */
export const slowReaders: ChaosScenario = {
  name: "slow-readers",
  about: `${FROZEN} subscribers that never read and ${SLOW} slow ones beside ${CAMERAS} cameras at ${FPS} fps, on the embedded broker`,
  run: (stage) =>
    withPrograms(stage.signal, async (start) => {
      const frames = await framesIn(stage.folder);
      const { port } = await startBroker("embedded", stage.folder, start);
      const reader = await Reader.open(port);
      const burdens = await burden(port);
      try {
        const camera = { source: "folder", path: frames, fps: FPS };
        const cameras = Object.fromEntries(Array.from({ length: CAMERAS }, (_, index) => [`camera-${index}`, camera]));
        const settings = { "camera-publisher.cameras": cameras };
        await startBeckon("camera-publisher", { port, folder: stage.folder, settings }, start);
        await sleep(WARM_UP_MS);
        return barsOf(await reader.read(lasting(stage)), lasting(stage));
      } finally {
        burdens.close();
        reader.close();
      }
    }),
};

/** Draws the frames of all cameras, unless they are there. */
export async function framesIn(folder: string): Promise<string> {
  const frames = join(folder, "frames");
  if (!existsSync(frames)) await drawFrames(frames);
  return frames;
}

const lasting = ({ quick }: ChaosStage): number => (quick ? 6000 : 60_000);

interface Count {
  readonly got: number;
  readonly sent: number;
  readonly disorder: number;
  readonly cameras: number;
}

function barsOf({ got, sent, disorder, cameras }: Count, ms: number): ChaosBar[] {
  const share = got / sent;
  const what = `healthy reader: ${got} of ${sent} frames, ${percent(share)}`;
  const rate = sent / (ms / 1000) / CAMERAS;
  return [
    outcome(`healthy reader: frames of ${cameras} cameras`, `${CAMERAS}`, cameras === CAMERAS),
    outcome(`healthy reader: ${disorder} frames out of order`, "0", disorder === 0),
    outcome(what, `at least ${percent(LEAST)} on any machine`, share >= LEAST),
    { what, bar: `at least ${percent(BAR)}`, passed: share >= BAR, timed: true },
    {
      what: `cameras beside frozen readers: ${rate.toFixed(1)} fps each`,
      bar: `at least ${(FPS * LEAST).toFixed(1)}`,
      passed: rate >= FPS * LEAST,
      timed: true,
    },
  ];
}

/** Reads all there is, at once, and counts it by the numbers in the frames. */
class Reader {
  readonly #socket: Socket;
  /** Of each camera. */
  readonly #seqs = new Map<string, number[]>();
  #counting = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const topic = createTopics().frame;
    const filter = topic.matching();
    onPublish(socket, (path, payload) => {
      const camera = filter.match(path)?.camera;
      const seq = topic.codec.decode(payload).envelope?.seq;
      if (!this.#counting || camera === undefined || seq === undefined) return;
      const seqs = this.#seqs.get(camera) ?? [];
      this.#seqs.set(camera, seqs);
      seqs.push(seq);
    });
  }

  static async open(port: number): Promise<Reader> {
    const socket = await connectRaw(port, `healthy-${process.pid}`);
    socket.on("error", () => {});
    const reader = new Reader(socket);
    await subscribeRaw(socket, "beckon/+/frame");
    return reader;
  }

  async read(ms: number): Promise<Count> {
    this.#counting = true;
    await sleep(ms);
    this.#counting = false;
    const all = [...this.#seqs.values()];
    const sum = (count: (seqs: readonly number[]) => number): number =>
      all.reduce((total, seqs) => total + count(seqs), 0);
    return {
      got: sum((seqs) => new Set(seqs).size),
      sent: sum((seqs) => Math.max(...seqs) - Math.min(...seqs) + 1),
      disorder: sum((seqs) => seqs.filter((seq, index) => index > 0 && seq <= (seqs[index - 1] ?? 0)).length),
      cameras: all.length,
    };
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The frozen and the slow, until they are closed. */
async function burden(port: number): Promise<{ close(): void }> {
  const sockets = new Map<string, Socket>();
  let closed = false;
  const come = async (name: string): Promise<void> => {
    sockets.get(name)?.destroy();
    if (closed) return;
    const socket = await connectRaw(port, `${name}-${process.pid}`);
    socket.on("error", () => {});
    sockets.set(name, socket);
    await subscribeRaw(socket, "beckon/+/frame");
    socket.pause();
    if (closed) socket.destroy();
  };
  const names = (kind: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${kind}-${index}`);
  const frozen = names("frozen", FROZEN);
  const slow = names("slow", SLOW);
  await Promise.all([...frozen, ...slow].map(come));
  const timers = [
    setInterval(() => {
      for (const name of frozen) void come(name).catch(() => {});
    }, FROZEN_MS),
    setInterval(() => {
      for (const name of slow) {
        const socket = sockets.get(name);
        if (socket?.destroyed) void come(name).catch(() => {});
        else if (socket?.isPaused()) socket.once("data", () => socket.pause()).resume();
      }
    }, SLOW_EVERY_MS),
  ];
  return {
    close: () => {
      closed = true;
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}
