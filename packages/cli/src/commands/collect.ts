import type { Frame, Topics } from "@beckon/protocol";
import type { Bus, Message } from "@beckon/runtime";
import { Collection, PictureError } from "@beckon/vision";
import { type CommandInput, command } from "../command.ts";
import { withInterrupt } from "../interrupt.ts";
import { bar, Progress } from "../progress.ts";
import { parseRoi, ROI_FLAG } from "../roi.ts";
import { parseDuration } from "../stream/duration.ts";
import { onKeys } from "../stream/keys.ts";
import { STREAM_FLAGS, streamConfig, withBus } from "../stream/stream-flags.ts";
import { CommandFailure, UsageError } from "../usage.ts";

export const collect = command({
  name: "collect",
  description: "Keep a camera's frames as training pictures: <out>/<source>/<label>/*.jpg; any key takes one too",
  args: {
    ...STREAM_FLAGS,
    label: { type: "string", valueHint: "class", description: "What is shown, such as A or others: the class" },
    camera: { type: "string", valueHint: "name", description: "Whose frames (default: the first that sends one)" },
    every: {
      type: "string",
      valueHint: "time",
      description: "A picture every 500ms, 5s, 1m; 0 only at a key (default 1s)",
    },
    count: { type: "string", valueHint: "n", description: "End after so many (default 100)" },
    source: {
      type: "string",
      valueHint: "name",
      description: "One person in one room: models are judged on whole sources (default: the camera's name)",
    },
    out: { type: "string", valueHint: "folder", description: "The training folder (default samples)" },
    roi: {
      ...ROI_FLAG,
      valueHint: "envelope|whole|default|x,y,w,h",
      description: "What is kept of a frame: envelope, whole, default, or fractions x,y,w,h (default envelope)",
    },
  },
  run,
});

/** A camera that sends nothing for so long is not there, ms. */
const PATIENCE_MS = 10_000;

async function run({ args }: CommandInput): Promise<void> {
  const label = labelOf(
    args.required(args.text("label"), "--label: the class of what is shown is wanted, such as hand"),
  );
  const source = args.text("source");
  if (source !== undefined && !FOLDER_NAME.test(source))
    throw new UsageError(`--source "${source}": ${FOLDER_NAME_WORDS}`);
  const every = parseDuration("--every", args.text("every") ?? "1s");
  const count = args.number("count", { min: 1, max: 100_000, whole: true }) ?? 100;
  const asked = args.text("roi") ?? "envelope";
  const roi = asked === "envelope" ? asked : parseRoi(asked);
  const plan = { out: args.text("out") ?? "samples", label, roi, startedAt: Date.now() } as const;
  const config = streamConfig(args, []);
  await withInterrupt(
    (signal) =>
      withBus(config, "collect", signal, async (bus, topics) => {
        const camera = args.text("camera") ?? (await firstCamera(bus, topics, signal));
        const collection = new Collection({ ...plan, camera, source: source ?? camera });
        await collectFrom({ frames: framesOf(bus, topics, camera, signal), signal, collection, every, count });
      }),
    { message: "interrupted; the pictures taken so far are kept" },
  );
}

/** Names a folder of its own, and nothing outside. */
const FOLDER_NAME = /^[\p{L}\p{N}_][\p{L}\p{N} _-]{0,63}$/u;
const FOLDER_NAME_WORDS = "letters, digits, -, _ and spaces are wanted, for it names a folder";

function labelOf(label: string): string {
  if (!FOLDER_NAME.test(label) || label.endsWith(" ")) throw new UsageError(`--label "${label}": ${FOLDER_NAME_WORDS}`);
  return label;
}

interface Task {
  readonly frames: AsyncIterable<Message<Frame, "camera">>;
  readonly signal: AbortSignal;
  readonly collection: Collection;
  /** Ms; 0 for keys only. */
  readonly every: number;
  readonly count: number;
}

async function collectFrom({ frames, signal, collection, every, count }: Task): Promise<void> {
  const progress = new Progress(process.stderr);
  progress.print(`Every frame kept goes to ${collection.folder}. Any key takes one at once, q ends.`);
  let wanted = false;
  let isEnough = false;
  const keys = onKeys(signal, {
    any: () => {
      wanted = true;
    },
    q: () => {
      isEnough = true;
    },
  });
  let due = Number.NEGATIVE_INFINITY;
  try {
    for await (const { value, arrivedAt } of frames) {
      const isDue = every > 0 && arrivedAt >= due;
      // What is late does not hurry the next: each picture is to differ from the last.
      if (isDue) due = Math.max(due + every, arrivedAt + every / 2);
      if (isDue || wanted) await keep(collection, value, progress);
      if (isDue || wanted) progress.update(() => `${bar(collection.count / count)} ${collection.count} of ${count}`);
      wanted = false;
      if (isEnough || collection.count >= count) break;
    }
  } finally {
    keys.close();
    progress.clear();
    await collection.close(Date.now());
  }
  signal.throwIfAborted();
  process.stdout.write(`Kept ${collection.count} pictures in ${collection.folder}, session ${collection.session}.\n`);
}

/** A frame that cannot be read is named and passed over. */
async function keep(collection: Collection, frame: Frame, progress: Progress): Promise<void> {
  try {
    await collection.keep(frame);
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    progress.print(`a frame was not kept: ${error.message}`);
  }
}

/** @throws CommandFailure when none sends */
async function firstCamera(bus: Bus, topics: Topics, signal: AbortSignal): Promise<string> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  for await (const { names } of bus.subscribe(topics.frame.matching(), { signal: patience, waiting: 1 }))
    return names.camera;
  signal.throwIfAborted();
  throw new CommandFailure("no camera sends frames: start one with npm start or beckon camera-publisher");
}

/** @throws CommandFailure when the camera falls silent */
async function* framesOf(
  bus: Bus,
  topics: Topics,
  camera: string,
  signal: AbortSignal,
): AsyncGenerator<Message<Frame, "camera">> {
  const silence = new AbortController();
  const patience = setTimeout(() => silence.abort(), PATIENCE_MS);
  try {
    const ended = AbortSignal.any([signal, silence.signal]);
    // One frame waits at most: a picture is of the moment at which it was asked for.
    for await (const frame of bus.subscribe(topics.frame({ camera }), { signal: ended, waiting: 1 })) {
      patience.refresh();
      yield frame;
    }
  } finally {
    clearTimeout(patience);
  }
  signal.throwIfAborted();
  throw new CommandFailure(`${camera} sends no frames: see with beckon watch which cameras do`);
}
