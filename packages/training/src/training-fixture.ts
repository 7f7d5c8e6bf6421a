/** What the tests of the trainer have in common: pictures easy enough to learn in seconds, and settings to train on them. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { defaultStyle, drawScene, seededRandom } from "@beckon/synthetic";
import { encodeJpeg } from "@beckon/vision";
import type { Architecture } from "./architecture.ts";
import { findArchitecture } from "./architectures/catalogue.ts";
import type { TrainingEvent, TrainingOptions } from "./training-run.ts";

/** Finger counts. */
export const SIGNS = ["0", "1", "2", "3", "4", "5"];

/** Draws `<folder>/<sign>/<n>.jpg`: one hand before one wall, moved, turned and scaled a little. */
export async function drawCounts(folder: string, perSign: number, side = 64, signs = SIGNS): Promise<void> {
  for (const sign of signs) {
    await mkdir(join(folder, sign), { recursive: true });
    for (let index = 0; index < perSign; index++) {
      const random = seededRandom(1, Number(sign), index);
      const around = (width: number) => (random() - 0.5) * width;
      const style = {
        ...defaultStyle,
        seed: index,
        shift: [around(0.1), around(0.1)] as const,
        size: 0.77 + around(0.1),
        view: { yaw: 0, pitch: 0, roll: around(12) },
      };
      const picture = drawScene({ sign, style, width: side, height: side });
      await writeFile(join(folder, sign, `${index}.jpg`), await encodeJpeg(picture));
    }
  }
}

/** `signs-cnn`, with values around 0 as its input: by the course's own scale it takes long to begin to learn. */
export const quickSigns: Architecture = {
  ...findArchitecture("signs-cnn"),
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
};

/** A small network with all that keeps state: batch norm, dropout; and moving averages of its weights. */
export const statefulNet: Architecture = {
  ...quickSigns,
  name: "stateful",
  recipe: { ...quickSigns.recipe, averaging: 0.9, schedule: { type: "cosine", warmUp: 0.1 }, augmentation: "light" },
  layers: ({ classes }) => [
    { type: "conv", filters: 8, kernel: 3, stride: 2 },
    { type: "batch-norm", momentum: 0.8 },
    { type: "relu" },
    { type: "max-pool", size: 4 },
    { type: "conv", filters: 16, kernel: 3 },
    { type: "relu" },
    { type: "global-average-pool" },
    { type: "dropout", rate: 0.2 },
    { type: "dense", units: classes },
  ],
};

/** Settings for a training on drawn counts; pictures so alike would otherwise all fall on one side of the split. */
export function quickOptions(
  data: string,
  out: string,
  {
    recipe,
    ...changes
  }: Partial<Omit<TrainingOptions, "recipe">> & { recipe?: Partial<TrainingOptions["recipe"]> } = {},
): TrainingOptions {
  const architecture = changes.architecture ?? quickSigns;
  return {
    architecture,
    data: [{ folder: data }],
    keepDuplicates: true,
    recipe: { ...architecture.recipe, batch: 16, epochs: 3, ...recipe },
    seed: 1,
    workers: 1,
    balance: false,
    cutouts: [],
    backgroundClasses: [],
    freeze: false,
    out,
    name: "counts",
    resume: false,
    command: "beckon train",
    ...changes,
  };
}

/** All that a training has become, without the times it took. */
export async function outcomeOf(out: string) {
  const content = await readFile(join(out, "last.checkpoint"));
  const end = content.indexOf(10);
  const header = JSON.parse(content.subarray(0, end).toString());
  return {
    best: sha256(await readFile(join(out, "best", "model.onnx"))),
    state: sha256(content.subarray(end)),
    epoch: header.epoch,
    step: header.step,
    bestEpoch: header.best.epoch,
  };
}

/** Aborts in the middle of an epoch. */
export function stopIn(epoch: number): { signal: AbortSignal; onEvent: (event: TrainingEvent) => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === "step" && event.epoch === epoch && event.step === 2) controller.abort();
    },
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A `TrainingEvent` after its way through JSON. */
type ChildEvent = Readonly<Record<string, unknown>>;
export interface Child {
  readonly process: ChildProcess;
  /** The exit code, null after a signal. */
  readonly ended: Promise<number | null>;
  onEvent(listener: (event: ChildEvent) => void): void;
  until(wanted: (event: ChildEvent) => boolean): Promise<void>;
  errors(): string;
}

/**
 * Trains in a process of its own, see `train-child.ts`.
 *
 * @param changes to the quick options, as far as JSON can hold them; `architecture` by its name
 * @param before shell command that it starts with
 */
export function startChild(data: string, out: string, changes: object, before = ":"): Child {
  const script = fileURLToPath(new URL("./train-child.ts", import.meta.url));
  const command = [process.execPath, "--expose-gc", "--import", "tsx", script, data, out, JSON.stringify(changes)];
  const child = spawn("sh", ["-c", `${before}; exec "$@"`, "sh", ...command], { stdio: ["ignore", "pipe", "pipe"] });
  const listeners: ((event: ChildEvent) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    for (const listener of listeners) listener(JSON.parse(line));
  });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    process: child,
    ended,
    onEvent: (listener) => listeners.push(listener),
    until: (wanted) =>
      new Promise((resolve, reject) => {
        listeners.push((event) => wanted(event) && resolve());
        child.once("close", () => reject(new Error(`the training ended first: ${errors}`)));
      }),
    errors: () => errors,
  };
}
