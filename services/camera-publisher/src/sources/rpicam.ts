import { childFrames } from "../child-frames.ts";
import type { RpicamCamera } from "../config.ts";
import { type FrameSource, SourceError } from "../frame-source.ts";
import { requireProgram } from "../programs.ts";

/** It had another name until 2023. */
export const RPICAM_PROGRAMS = ["rpicam-vid", "libcamera-vid"] as const;

/** The camera at a Raspberry Pi's ribbon cable, through Raspberry Pi's own program. */
export const rpicamFrames: FrameSource<RpicamCamera> = async function* (live, context) {
  const program = await requireProgram(RPICAM_PROGRAMS, "sudo apt-get install rpicam-apps (Raspberry Pi OS has it)");
  try {
    yield* childFrames({ program, args: rpicamArguments(live()), finite: false }, context);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const advice = /no cameras/i.test(error.message)
      ? "; check the ribbon cable, then: rpicam-hello --list-cameras"
      : "";
    throw new SourceError(`${error.message}${advice}`, { cause: error });
  }
};

export function rpicamArguments({ camera, width, height, fps, quality }: RpicamCamera): readonly string[] {
  return [
    ...["--timeout", "0", "--nopreview", "--camera", String(camera)],
    ...["--codec", "mjpeg", "--quality", String(quality)],
    ...["--width", String(width), "--height", String(height), "--framerate", String(fps)],
    ...["--flush", "--output", "-"],
  ];
}
