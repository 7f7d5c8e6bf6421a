import { now } from "@beckon/runtime";
import { frameAt, type HandPose, type SpellingScript, scriptOf } from "@beckon/synthetic";
import { defaultRoi, encodeJpeg, type Roi } from "@beckon/vision";
import type { SyntheticCamera } from "../config.ts";
import { startDrawing } from "../drawing.ts";
import type { FrameSource } from "../frame-source.ts";
import { pace } from "../pace.ts";

/** A move from one sign to the next has so many pictures, so that each is drawn once and not at every frame. */
const MOVE_PICTURES = 8;
/** 25 signs, each reached and left with 8 pictures: some 2 MB. */
const MOST_PICTURES = 512;

/**
 * A drawn hand that signs a text letter by letter, with rests. Nothing of the text passes on but the pictures.
 *
 * Drawing takes tens of milliseconds, so that it is done in a thread, and what was drawn once is kept: a hand that is
 * held still costs nothing.
 */
export const syntheticFrames: FrameSource<SyntheticCamera> = async function* (live, { signal }) {
  const drawing = startDrawing();
  const pictures = new Map<string, Uint8Array>();
  let text: string | undefined;
  let script = scriptOf("");
  let begin = now();
  try {
    // The thread takes a moment to start: a first frame that is late makes those after it look as if from the future.
    await encodeJpeg(await drawing.draw({ sign: "rest", width: 32, height: 32 }));
    for await (const _ of pace(() => 1000 / live().fps, signal)) {
      const at = now();
      const camera = live();
      const { width, height, quality } = camera;
      if (camera.text !== text) {
        text = camera.text;
        script = scriptOf(text, { letterMs: camera.letter, restMs: camera.rest, spaceMs: camera.space });
        begin = at;
      }
      const { key, pose } = handAt(script, timeIn(script, camera, at - begin));
      const roi = roiOf(camera);
      const name = `${key} ${roi.join(" ")}`;
      const known = pictures.get(name);
      const jpeg = known ?? (await encodeJpeg(await drawing.draw({ sign: pose, width, height, roi }), quality));
      if (signal.aborted) return;
      if (!known) keep(pictures, name, jpeg);
      // A camera's picture is of the moment at which it is there; that this one took a while to draw is no delay.
      yield { jpeg, at: now() };
    }
  } finally {
    await drawing.close();
  }
};

/** The moment of the script, in ms; behind its end the hand rests. */
function timeIn(script: SpellingScript, { loop, pause }: SyntheticCamera, elapsed: number): number {
  return loop ? elapsed % (script.duration + pause) : elapsed;
}

/**
 * The hand at a moment, of which there are few: held still, or at one of the stations of a move.
 *
 * @returns the pose, and a key that is the same for the same pose
 */
export function handAt(script: SpellingScript, time: number): { key: string; pose: HandPose } {
  const next = script.steps.findIndex(({ to }) => time < to);
  const step = script.steps[next];
  const before = script.steps[next - 1];
  const { pose, sign } = frameAt(script, time);
  if (!step || !before || time >= step.from) return { key: sign, pose };
  const gap = step.from - before.to;
  const station = Math.floor((MOVE_PICTURES * (time - before.to)) / gap);
  const middle = before.to + ((station + 0.5) * gap) / MOVE_PICTURES;
  return { key: `${before.sign}>${step.sign}:${station}`, pose: frameAt(script, middle).pose };
}

/** The hand is drawn where it is looked for. */
function roiOf({ roi, width, height, mirror, rotation }: SyntheticCamera): Roi {
  return roi === "default" || mirror || rotation !== 0 ? defaultRoi(width, height) : roi;
}

function keep(pictures: Map<string, Uint8Array>, name: string, jpeg: Uint8Array): void {
  const [oldest] = pictures.keys();
  if (pictures.size >= MOST_PICTURES && oldest !== undefined) pictures.delete(oldest);
  pictures.set(name, jpeg);
}
