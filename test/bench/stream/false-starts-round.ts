/**
 * Shows one model pictures without a hand, on a simulated clock, and counts the gestures that the interpreter starts at
 * its default settings. The real path from file to tensor, the real model, the interpreter's own core. Its request is its
 * first argument.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { normal, seededRandom } from "@beckon/synthetic";
import { judge, loadBundle, openClassifier, type Pixels, type Roi, readPicture, WIRE_LIMITS } from "@beckon/vision";
import { InterpreterConfig, thresholdsOf } from "../../../services/interpreter/src/config.ts";
import { interpret, NOTHING_KNOWN, type Rules } from "../../../services/interpreter/src/core.ts";

export interface FalseStartsRequest {
  /** A bundle's folder. */
  readonly bundle: string;
  /** A file with a list of `Picture` in JSON: shown one after another, each for the same time. */
  readonly pictures: string;
  readonly minutes: number;
  readonly fps: number;
}

export interface Picture {
  readonly file: string;
  readonly source: string;
}

export interface FalseStartsOutcome {
  readonly model: string;
  readonly frames: number;
  /** Of each source: minutes shown, and what started: `A at room.jpg`. */
  readonly sources: Readonly<Record<string, { minutes: number; starts: string[] }>>;
}

/** How far the crop strays from the whole picture, as a share of its side: a camera that is touched now and then. */
const STRAY = 0.06;
/** And from frame to frame. */
const TREMOR = 0.004;
/** A sensor's noise, in levels. */
const NOISE = 3;
const BOOT = "00000000-0000";
/** The noise, drawn once; each frame begins elsewhere in it. A prime length, so that no two rows are alike. */
const noise = drawNoise(99_991);

async function measure({
  bundle: folder,
  pictures: list,
  minutes,
  fps,
}: FalseStartsRequest): Promise<FalseStartsOutcome> {
  const pictures = JSON.parse(await readFile(list, "utf8")) as readonly Picture[];
  const bundle = await loadBundle(folder);
  const classifier = await openClassifier(bundle, { engine: "onnx-cpu" });
  const { card, labels } = bundle;
  const { width, height, fit, kernel } = card.input;
  const rules = defaultRules(card.name);
  const sources: Record<string, { minutes: number; starts: string[] }> = {};
  const frames = Math.round(minutes * 60 * fps);
  let state = NOTHING_KNOWN;
  let shown = -1;
  let jpeg: Uint8Array = new Uint8Array();
  let base: Roi = [0, 0, 1, 1];
  for (let seq = 0; seq < frames; seq++) {
    const random = seededRandom(2, seq);
    const index = Math.floor((seq * pictures.length) / frames);
    const picture = pictures[index];
    if (!picture) throw new Error("there are no pictures to show");
    if (index !== shown) {
      shown = index;
      jpeg = new Uint8Array(await readFile(picture.file));
      base = strayed([0, 0, 1, 1], STRAY, random);
    }
    const roi = strayed(base, TREMOR, random);
    const pixels = await readPicture(jpeg, { width, height, fit, kernel, roi }, WIRE_LIMITS);
    const row = await classifier.classifyBatch([noisy(pixels, random)]);
    const { label, confidence } = judge(row, labels, card.thresholds);
    const at = 1_700_000_000_000 + (seq * 1000) / fps;
    const result = { camera: "bench", model: card.name, label, confidence, seq, boot: BOOT, at };
    const step = interpret(state, { type: "result", result, now: at }, rules);
    state = step.state;
    sources[picture.source] ??= { minutes: 0, starts: [] };
    const source = sources[picture.source];
    if (!source) continue;
    source.minutes += 1 / fps / 60;
    for (const output of step.outputs)
      if (output.topic === "gesture" && output.value.phase === "start")
        source.starts.push(`${output.value.gesture} at ${basename(picture.file)}`);
  }
  await classifier.close();
  return { model: card.name, frames, sources };
}

/** As the service makes them of its configuration. */
function defaultRules(model: string): Rules {
  const config = InterpreterConfig.parse({});
  const { halfLife, maxAge, never } = config;
  return { halfLife, maxAge, never: new Set(never), thresholds: (gesture) => thresholdsOf(config, model, gesture) };
}

/** A region a little smaller than this one, somewhere in it. */
function strayed([x, y, width, height]: Roi, most: number, random: () => number): Roi {
  const [left, top, narrower] = [most * random(), most * random(), 1 - most];
  return [x + width * left, y + height * top, width * narrower, height * narrower];
}

function drawNoise(length: number): Float32Array {
  const random = seededRandom(4);
  return Float32Array.from({ length }, () => NOISE * normal(random));
}

function noisy({ width, height, data }: Pixels, random: () => number): Pixels {
  const out = new Uint8ClampedArray(data.length);
  const offset = Math.floor(random() * noise.length);
  for (let i = 0; i < data.length; i++) out[i] = (data[i] ?? 0) + (noise[(offset + i) % noise.length] ?? 0);
  return { width, height, data: new Uint8Array(out.buffer) };
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? "{}") as FalseStartsRequest)));
