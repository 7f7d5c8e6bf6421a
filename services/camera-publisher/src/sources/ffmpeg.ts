import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { childFrames, type FrameProgram, withoutCredentials } from "../child-frames.ts";
import type { FfmpegCamera } from "../config.ts";
import { type CapturedFrame, type FrameSource, type SourceContext, SourceError } from "../frame-source.ts";
import { requireProgram } from "../programs.ts";

/** USB cameras, RTSP and HTTP streams and video files, through the program ffmpeg. */
export const ffmpegFrames: FrameSource<FfmpegCamera> = async function* (live, context) {
  const program = await requireProgram(["ffmpeg"], "sudo apt-get install ffmpeg");
  const camera = live();
  const input = inputOf(camera);
  if (input.file !== undefined) await checkReadable(input.file);
  try {
    yield* childFrames({ program, args: ffmpegArguments(camera), finite: input.finite }, context);
  } catch (error) {
    if (input.kind !== "device" || !camera.copy || !lacksMjpeg(error)) throw explained(error, camera);
    context.log.warn(
      `${camera.device} gives no JPEGs of this size by itself; they are encoded here, which takes more of the CPU`,
    );
    yield* encodedHere(program, camera, context);
  }
};

async function* encodedHere(
  program: string,
  camera: FfmpegCamera,
  context: SourceContext,
): AsyncGenerator<CapturedFrame> {
  try {
    yield* childFrames({ program, args: ffmpegArguments({ ...camera, copy: false }), finite: false }, context);
  } catch (error) {
    throw explained(error, camera);
  }
}

/** What ffmpeg is asked to do; each value is an argument of its own, so that none can become another. */
export function ffmpegArguments(camera: FfmpegCamera): FrameProgram["args"] {
  const { kind } = inputOf(camera);
  const copies = kind === "device" && camera.copy;
  return [
    ...["-hide_banner", "-loglevel", "error", "-nostdin"],
    ...(kind === "file" ? [] : ["-fflags", "nobuffer", "-flags", "low_delay"]),
    ...INPUT[kind](camera),
    ...["-map", "0:v:0"],
    ...(copies ? COPY : encoding(camera)),
    ...["-f", "mjpeg", "pipe:1"],
  ];
}

type InputKind = "device" | "rtsp" | "http" | "file";

const INPUT: Readonly<Record<InputKind, (camera: FfmpegCamera) => readonly string[]>> = {
  device: ({ device = "", copy, width, height, fps }) => [
    ...["-f", "v4l2"],
    ...(copy ? ["-input_format", "mjpeg"] : []),
    ...["-video_size", `${width}x${height}`, "-framerate", String(fps), "-i", device],
  ],
  // What a stream tells ffmpeg to open must not be a file of this machine.
  rtsp: ({ url = "" }) => [
    ...["-protocol_whitelist", "rtsp,rtsps,rtp,srtp,tcp,tls,crypto"],
    ...["-rtsp_transport", "tcp", "-i", url],
  ],
  // JPEGs over HTTP have no times of their own, and ffmpeg would take them for 25 a second.
  http: ({ url = "" }) => [
    ...["-protocol_whitelist", "http,https,httpproxy,tcp,tls,crypto"],
    ...["-use_wallclock_as_timestamps", "1", "-threads", "1", "-i", url],
  ],
  file: ({ path = "", loop }) => [
    ...["-protocol_whitelist", "file", "-re"],
    ...(loop ? ["-stream_loop", "-1"] : []),
    // `file:` and a whole path: a name can be neither an option nor another protocol.
    ...["-i", `file:${resolve(path)}`],
  ],
};

/** Many USB cameras leave the Huffman tables out of their JPEGs, which not every decoder forgives: this puts them in. */
const COPY = ["-c:v", "copy", "-bsf:v", "mjpeg2jpeg"];

function encoding(camera: FfmpegCamera): readonly string[] {
  const { width, height, quality } = camera;
  const { filter, mode } = inputOf(camera).kind === "file" ? FILE_RATE : LIVE_RATE;
  const scale = `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2`;
  const encoder = ["-c:v", "mjpeg", "-threads", "1", "-q:v", String(mjpegScale(quality))];
  return ["-vf", `${filter(camera.fps)},${scale}`, ...mode, ...encoder];
}

interface Rate {
  readonly filter: (fps: number) => string;
  readonly mode: readonly string[];
}

/** Exact, but it waits for the next frame before it lets one go. */
const FILE_RATE: Rate = { filter: (fps) => `fps=${fps}`, mode: [] };

/**
 * Lets a frame go as it comes, unless it comes too soon after the last: measured at 15 frames a second, 1 ms from HTTP
 * to here where the filter `fps` takes 67. A clock that is set back must not hold the stream.
 */
const LIVE_RATE: Rate = {
  filter: (fps) =>
    `select='isnan(prev_selected_t)+lt(t\\,prev_selected_t)+gte(t-prev_selected_t\\,${(0.75 / fps).toFixed(4)})'`,
  mode: ["-fps_mode", "passthrough"],
};

/** ffmpeg counts the other way round: 2 is best, 31 worst. */
function mjpegScale(quality: number): number {
  return Math.round(31 - (29 * quality) / 100);
}

function inputOf({ device, url, path, loop }: FfmpegCamera): { kind: InputKind; file?: string; finite: boolean } {
  if (device !== undefined) return { kind: "device", file: device, finite: false };
  if (url !== undefined) return { kind: /^rtsps?:/i.test(url) ? "rtsp" : "http", finite: false };
  return { kind: "file", file: path ?? "", finite: !loop };
}

async function checkReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === "EACCES";
    const why = denied
      ? "may not be read; for a camera: sudo usermod -aG video $USER, and log in again"
      : "is not there; plug it in, or name another in the configuration";
    throw new SourceError(`${file} ${why}`, { cause });
  }
}

/** The words of ffmpeg's v4l2 input for a camera without MJPEG. */
function lacksMjpeg(error: unknown): boolean {
  return error instanceof SourceError && /proper format|cannot find|invalid argument/i.test(error.message);
}

/** ffmpeg's own words with what they are about, and what helps. */
function explained(error: unknown, { device, url, path }: FfmpegCamera): unknown {
  if (!(error instanceof SourceError)) return error;
  const what = device ?? (url === undefined ? path : withoutCredentials(url));
  const advice = ADVICE.find(([words]) => words.test(error.message))?.[1];
  return new SourceError(`${what}: ${error.message}${advice === undefined ? "" : `; ${advice}`}`, { cause: error });
}

const ADVICE: readonly (readonly [words: RegExp, advice: string])[] = [
  [/fps_mode/, "ffmpeg 5.1 or newer is needed"],
  [/busy/i, "another program has the camera: close it"],
  [/401|unauthori[sz]ed/i, "the camera wants a user and password: rtsp://user:password@..."],
  [/refused|no route|timed out|unreachable/i, "is the camera on, and the address right?"],
  [/404|not found/i, "the camera has no stream of this name: see its manual for the URL"],
  [/invalid data/i, "that is no video or picture stream ffmpeg knows"],
];
