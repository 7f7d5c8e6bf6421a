import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Topics } from "@beckon/protocol";
import { type Bus, now } from "@beckon/runtime";
import { type CommandInput, command } from "../command.ts";
import { withInterrupt } from "../interrupt.ts";
import { printLines } from "../output.ts";
import { parseDuration } from "../stream/duration.ts";
import { onKeys } from "../stream/keys.ts";
import { SCREEN } from "../stream/screen.ts";
import { STREAM_FLAGS, streamConfig, withBus } from "../stream/stream-flags.ts";
import { WatchState, type WatchView } from "../stream/watch-state.ts";
import { watchTable } from "../stream/watch-table.ts";

export const watch = command({
  name: "watch",
  description: "Show what every camera sees in a live table: gesture, confidence, fps, age, drops (s saves snapshots)",
  args: {
    ...STREAM_FLAGS,
    camera: { type: "string", valueHint: "names", description: "Only these cameras (default all)" },
    out: { type: "string", valueHint: "folder", description: "Where s puts snapshots (default the working folder)" },
    for: { type: "string", valueHint: "time", description: "End after 30s, 5m (default: at q or Ctrl-C)" },
  },
  run,
});

const REDRAW_MS = 250;
/** In a pipe the table is printed so often. */
const PRINT_MS = 5000;
/** A snapshot waits so long for the next frame. */
const SNAPSHOT_MS = 3000;

async function run({ args }: CommandInput): Promise<void> {
  const cameras = args.list("camera") ?? [];
  const given = args.text("for");
  const lasts = given === undefined ? undefined : parseDuration("--for", given);
  const folder = args.text("out") ?? ".";
  const config = streamConfig(args, []);
  const enough = new AbortController();
  await withInterrupt(async (interrupt) => {
    const signal = AbortSignal.any([interrupt, enough.signal]);
    await withBus(config, "watch", signal, async (bus, topics) => {
      // A timer holds 24 days at most.
      if (lasts !== undefined) setTimeout(() => enough.abort(), Math.min(lasts, 2 ** 31 - 1)).unref();
      const state = new WatchState();
      const watching = gather(state, bus, topics, cameras, signal);
      const screen = new Screen(state);
      const keys = onKeys(signal, {
        q: () => enough.abort(),
        s: () => void snapshots(bus, topics, state, folder, signal).then((said) => screen.note(said)),
      });
      const timer = setInterval(() => screen.show(), process.stdout.isTTY ? REDRAW_MS : PRINT_MS);
      try {
        await watching;
      } finally {
        clearInterval(timer);
        keys.close();
        if (!process.stdout.isTTY) screen.show();
        screen.leave();
      }
    });
  });
}

async function gather(
  state: WatchState,
  bus: Bus,
  topics: Topics,
  cameras: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const of = { camera: cameras };
  const results = bus.subscribe(topics.result.matching(of), { signal });
  const states = bus.subscribe(topics.state.matching(of), { signal });
  const texts = bus.subscribe(topics.text.matching(of), { signal });
  const stats = bus.subscribe(topics.stats.matching(), { signal });
  const statuses = bus.subscribe(topics.status.matching(), { signal });
  await Promise.all([
    each(results, ({ value, arrivedAt }) => state.result(value, arrivedAt)),
    each(states, ({ names, value }) => state.gestureState(names.camera, names.model, value)),
    each(texts, ({ names, value }) => state.text(names.camera, value)),
    each(stats, ({ names, value }) => state.stats(names.kind, names.id, value)),
    each(statuses, ({ names, value }) => state.status(names.kind, names.id, value)),
  ]);
}

async function each<M>(messages: AsyncIterable<M>, note: (message: M) => void): Promise<void> {
  for await (const message of messages) note(message);
}

/** The table, drawn over itself on a terminal. */
class Screen {
  readonly #state: WatchState;
  readonly #live = process.stdout.isTTY;
  #said = "";

  constructor(state: WatchState) {
    this.#state = state;
    if (this.#live) process.stdout.write(SCREEN.enter);
  }

  show(): void {
    const view: WatchView = this.#state.view(now());
    const lines = watchTable(view, process.stdout.columns || 160);
    if (!this.#live) {
      printLines([...lines, ""]);
      return;
    }
    const help = "s saves a snapshot of each camera, q quits";
    process.stdout.write(SCREEN.draw([...lines, "", help, this.#said], process.stdout.rows || 24));
  }

  note(said: string): void {
    this.#said = said;
    if (!this.#live) printLines([said]);
  }

  leave(): void {
    if (this.#live) process.stdout.write(SCREEN.leave);
  }
}

/** @returns what was saved, in words */
async function snapshots(
  bus: Bus,
  topics: Topics,
  state: WatchState,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const cameras = state.cameras();
  if (cameras.length === 0) return "there is no camera to take a snapshot of";
  const files = await Promise.all(
    cameras.map(async (camera) => {
      const jpeg = await nextFrame(bus, topics, camera, signal);
      if (!jpeg) return `${camera} sent no frame`;
      // The name of a camera is letters, digits and dashes: the codec refuses any other.
      const file = join(folder, `${camera}-${new Date().toISOString().replace(/[:.]/g, "-")}.jpg`);
      await writeFile(file, jpeg, { flag: "wx" });
      return file;
    }),
  ).catch((error: Error) => [`not saved: ${error.message}`]);
  return `snapshot: ${files.join(", ")}`;
}

async function nextFrame(
  bus: Bus,
  topics: Topics,
  camera: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(SNAPSHOT_MS)]);
  for await (const { value } of bus.subscribe(topics.frame({ camera }), { signal: patience })) return value.jpeg;
  return undefined;
}
