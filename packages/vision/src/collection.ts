import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkPicture, defaultRoi, encodeJpeg, type PictureShape, readPicture, WIRE_LIMITS } from "./picture.ts";
import type { Roi } from "./pixels.ts";

/** A frame of a camera: its JPEG, and the region that the camera itself names. */
export interface CollectedFrame {
  readonly jpeg: Uint8Array;
  readonly envelope?: { readonly roi?: Roi | undefined } | undefined;
}

export interface CollectionPlan {
  /** The training folder: pictures go to `<out>/<source>/<label>/`. */
  readonly out: string;
  /** One person in one room; a model is judged on whole sources. */
  readonly source: string;
  readonly label: string;
  readonly camera: string;
  /** What is kept of each frame: the region in its envelope unless another is named. */
  readonly roi: PictureShape["roi"] | "envelope";
  /** With `envelope`: the region of a frame that names none. Default `default`. */
  readonly otherwise?: PictureShape["roi"];
  /** Turned left to right, as the classifier is told to turn this camera's frames. */
  readonly mirror?: boolean;
  /** What the pictures' names begin with; `<camera>-<session>` unless given. */
  readonly stem?: string;
  /** Ms since the epoch: names this recording. */
  readonly startedAt: number;
}

/** Larger regions are made smaller: no model of ours looks at more. */
const MAX_SIDE = 480;
/** Of the kept pictures: hardly below what the camera sent. */
const QUALITY = 92;

/**
 * Keeps frames as training pictures, cut to the region that a model will look at, and notes the recording beside them:
 * pictures of one recording are near-duplicates of each other, and must not be split between training and test.
 */
export class Collection {
  readonly folder: string;
  readonly session: string;
  readonly #plan: CollectionPlan;
  #count = 0;

  constructor(plan: CollectionPlan) {
    this.#plan = plan;
    this.folder = join(plan.out, plan.source, plan.label);
    this.session = sessionName(plan.startedAt);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * @returns the file that was written
   * @throws PictureError on a frame that cannot be read; nothing is written then
   * @throws the error of the file system; no half of a picture is left then
   */
  async keep(frame: CollectedFrame): Promise<string> {
    const { camera, mirror, stem = `${camera}-${this.session}` } = this.#plan;
    const roi = this.#regionOf(frame);
    const shape: PictureShape = { ...regionSize(frame.jpeg, roi), fit: "stretch", kernel: "cubic", roi, mirror };
    const pixels = await readPicture(frame.jpeg, shape, WIRE_LIMITS);
    const jpeg = await encodeJpeg(pixels, QUALITY);
    if (this.#count === 0) await mkdir(this.folder, { recursive: true });
    const number = String(this.#count + 1).padStart(4, "0");
    const file = join(this.folder, `${stem}-${number}.jpg`);
    await writeWhole(file, jpeg);
    this.#count += 1;
    return file;
  }

  #regionOf({ envelope }: CollectedFrame): PictureShape["roi"] {
    const { roi, otherwise = "default" } = this.#plan;
    return roi === "envelope" ? (envelope?.roi ?? otherwise) : roi;
  }

  /** Notes the recording in `<out>/<source>/.sessions.jsonl`; nothing when no picture was kept. */
  async close(endedAt: number): Promise<void> {
    if (this.#count === 0) return;
    const { out, source, label, camera, roi, startedAt } = this.#plan;
    const entry = {
      session: this.session,
      source,
      label,
      camera,
      roi: roi ?? "whole",
      count: this.#count,
      startedAt,
      endedAt,
    };
    await appendFile(join(out, source, ".sessions.jsonl"), `${JSON.stringify(entry)}\n`);
  }
}

/** `20261121t104503`: what a recording that began then is called, in UTC. */
export function sessionName(startedAt: number): string {
  return new Date(startedAt).toISOString().slice(0, 19).replace(/[-:]/g, "").toLowerCase();
}

/** Never over a file that is there, and not half of one. */
async function writeWhole(file: string, jpeg: Uint8Array): Promise<void> {
  try {
    await writeFile(file, jpeg, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") await rm(file, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Pixels of the region as the camera sent it, made smaller where it is larger than any model looks at. */
function regionSize(jpeg: Uint8Array, roi: PictureShape["roi"]): { width: number; height: number } {
  const { width, height } = checkPicture(jpeg, WIRE_LIMITS);
  const [, , w, h] = roi === "default" ? defaultRoi(width, height) : (roi ?? [0, 0, 1, 1]);
  const scale = Math.min(1, MAX_SIDE / Math.max(w * width, h * height));
  return { width: Math.max(1, Math.round(w * width * scale)), height: Math.max(1, Math.round(h * height * scale)) };
}
