import type { ChosenCamera } from "../config.ts";
import type { CapturedFrame, SourceContext } from "../frame-source.ts";
import { ffmpegFrames } from "./ffmpeg.ts";
import { folderFrames } from "./folder.ts";
import { webcamFrames } from "./node-webcam.ts";
import { rpicamFrames } from "./rpicam.ts";
import { syntheticFrames } from "./synthetic.ts";

const SOURCES = {
  ffmpeg: ffmpegFrames,
  rpicam: rpicamFrames,
  "node-webcam": webcamFrames,
  folder: folderFrames,
  synthetic: syntheticFrames,
};

/** Sources whose frame rate is part of how they were opened. */
const OPENED_WITH_RATE: readonly ChosenCamera["source"][] = ["ffmpeg", "rpicam"];

/** Opens the source that a camera names. */
export function openSource(live: () => ChosenCamera, context: SourceContext): AsyncIterable<CapturedFrame> {
  const frames = SOURCES[live().source] as (
    live: () => ChosenCamera,
    context: SourceContext,
  ) => AsyncIterable<CapturedFrame>;
  return frames(live, context);
}

/** Whether a change only takes effect when the source is opened again. */
export function mustReopen(before: ChosenCamera, after: ChosenCamera): boolean {
  return before.fps !== after.fps && OPENED_WITH_RATE.includes(after.source);
}

/** The longest time between two frames, in ms, when all is well. */
export function periodOf(camera: ChosenCamera): number {
  return camera.source === "node-webcam" ? camera.every : 1000 / camera.fps;
}
