import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { now, ServiceFailure } from "@beckon/runtime";
import type { Webcam } from "node-webcam";
import type { WebcamCamera } from "../config.ts";
import { type FrameSource, SourceError } from "../frame-source.ts";
import { pace } from "../pace.ts";
import { requireProgram } from "../programs.ts";
import { picturePath, webcamOptions } from "../webcam-grammar.ts";

/** A shot that takes longer is given up; a camera that hangs would otherwise leave its program behind. Seconds. */
const LONGEST_SHOT_S = 10;

/** A picture every so often, through node-webcam and fswebcam: the camera is opened for each, so a few a second at best. */
export const webcamFrames: FrameSource<WebcamCamera> = async function* (live, { signal }) {
  await requireProgram(["fswebcam"], "sudo apt-get install fswebcam");
  const camera = live();
  const { device, width, height, quality, skip } = webcamOptions(camera);
  const folder = await mkdtemp(join(tmpdir(), "beckon-webcam-"));
  try {
    const picture = picturePath(join(folder, "shot.jpg"));
    const webcam = await openWebcam({ device, width, height, quality, skip: skip === 0 ? false : skip });
    for await (const _ of pace(() => live().every, signal)) {
      const jpeg = await shoot(webcam, picture, device);
      if (signal.aborted) return;
      yield { jpeg, at: now() };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function openWebcam(options: ShotOptions): Promise<Webcam> {
  const NodeWebcam = await importWebcam();
  const webcam = new NodeWebcam.FSWebcam({
    ...options,
    output: "jpeg",
    callbackReturn: "buffer",
    saveShots: false,
  });
  webcam.bin = `timeout --signal=KILL ${LONGEST_SHOT_S} fswebcam`;
  return webcam;
}

interface ShotOptions {
  readonly device: string;
  readonly width: number;
  readonly height: number;
  readonly quality: number;
  readonly skip: number | false;
}

async function importWebcam() {
  try {
    return (await import("node-webcam")).default;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new ServiceFailure(
      "node-webcam is not installed: npm install node-webcam, or use `source: ffmpeg`, which is faster",
      { cause },
    );
  }
}

/** A shot cannot be called off; it is waited for, so that no program stays behind. */
async function shoot(webcam: Webcam, picture: string, device: string): Promise<Uint8Array> {
  // A picture of an earlier shot must not pass for one of now.
  await rm(picture, { force: true });
  return new Promise((resolve, reject) => {
    webcam.capture(picture, (error, data) => {
      if (data && data.length > 0) resolve(new Uint8Array(data));
      else reject(new SourceError(`fswebcam took no picture from ${device}${reasonOf(error)}`, { cause: error }));
    });
  });
}

function reasonOf(error: Error | null): string {
  const killed = (error as { code?: unknown } | null)?.code === 137;
  if (killed) return ` in ${LONGEST_SHOT_S} s: unplug it and plug it in again`;
  return ": is it plugged in, and does no other program have it? See: fswebcam --list-inputs --device <device>";
}
