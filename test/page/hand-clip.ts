/** A clip of the drawn hand, as a browser takes it for its camera. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultStyle, drawScene, type HandStyle, scriptOf } from "@beckon/synthetic";
import { defaultRoi, encodeJpeg } from "@beckon/vision";

/** Signs, each held for so long; the clip begins anew after the last. */
export interface ClipPart {
  readonly sign: string;
  readonly seconds: number;
}

export interface ClipLook {
  /** Width and height in pixels. */
  readonly size?: readonly [number, number];
  readonly style?: Partial<HandStyle>;
}

/** Chromium plays an MJPEG file at this rate, whatever is in it (media/capture/video/file_video_capture_device.cc). */
const FPS = 30;
/** Drawing takes some 70 ms: a hand that is held is so many pictures, shown in turn. */
const PICTURES_PER_SIGN = 3;
/** How long each of them is shown. */
const PICTURE_FRAMES = 5;

/** A word as the drawn hand signs it, with a long rest behind it. */
export function spelled(word: string, { letterMs = 1200, restMs = 600, pauseMs = 2500 } = {}): ClipPart[] {
  const { steps } = scriptOf(word, { letterMs, restMs, moveMs: 0 });
  const parts = steps.map(({ sign, from, to }) => ({ sign, seconds: (to - from) / 1000 }));
  return [...parts, { sign: "rest", seconds: pauseMs / 1000 }];
}

/** @returns the path of an MJPEG file, drawn once in a test run */
export async function handClip(parts: readonly ClipPart[], look: ClipLook = {}): Promise<string> {
  const name = createHash("sha256")
    .update(JSON.stringify([parts, look]))
    .digest("hex")
    .slice(0, 16);
  const file = join(tmpdir(), `hand-${name}.mjpeg`);
  if (existsSync(file)) return file;
  const frames: Uint8Array[] = [];
  const drawn = new Map<string, Uint8Array[]>();
  for (const { sign, seconds } of parts) {
    const pictures = drawn.get(sign) ?? (await picturesOf(sign, look));
    drawn.set(sign, pictures);
    for (let i = 0; i < Math.round(seconds * FPS); i++)
      frames.push(pictures[Math.floor(i / PICTURE_FRAMES) % pictures.length] as Uint8Array);
  }
  // Another test file may draw the same one now.
  const unfinished = `${file}-${process.pid}`;
  await writeFile(unfinished, Buffer.concat(frames));
  await rename(unfinished, file);
  return file;
}

/** A camera whose file may change: a browser reads it anew when its camera is opened. */
export async function placeClip(file: string, parts: readonly ClipPart[], look?: ClipLook): Promise<void> {
  const unfinished = `${file}-new`;
  await copyFile(await handClip(parts, look), unfinished);
  await rename(unfinished, file);
}

/** One frame of a clip, for what shows the same picture again and again. */
export async function handPicture(sign: string, look: ClipLook = {}): Promise<Uint8Array> {
  return (await picturesOf(sign, look, 1))[0] as Uint8Array;
}

async function picturesOf(
  sign: string,
  { size: [width, height] = [640, 480], style }: ClipLook,
  count = PICTURES_PER_SIGN,
): Promise<Uint8Array[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      encodeJpeg(
        drawScene({
          sign,
          width,
          height,
          time: i * 700,
          roi: defaultRoi(width, height),
          style: { ...defaultStyle, sway: 1, ...style },
        }),
      ),
    ),
  );
}
