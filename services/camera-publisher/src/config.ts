import { Name, Roi } from "@beckon/protocol";
import { changeable, secret } from "@beckon/runtime";
import { scriptOf } from "@beckon/synthetic";
import { z } from "zod";
import { WebcamDevice } from "./webcam-grammar.ts";

/** Pixels of one side. */
const Side = z.int().min(16).max(4096);

/** What every camera has. */
const common = {
  /** Most frames a second that are published. */
  fps: changeable(z.number().min(0.1).max(120)).default(15),
  /** Where the hand is, as fractions x, y, width, height of the published frame; `default`: the centred square of 60 % of its height. */
  roi: changeable(z.union([z.literal("default"), Roi])).default("default"),
  /** Left to right, after the rotation. */
  mirror: changeable(z.boolean()).default(false),
  /** Degrees clockwise. */
  rotation: changeable(z.literal([0, 90, 180, 270])).default(0),
  /** Of JPEGs that are encoded here. */
  quality: z.int().min(1).max(100).default(85),
};

const size = { width: Side.default(640), height: Side.default(480) };

const SpellableText = z
  .string()
  .max(64)
  .superRefine((text, context) => {
    try {
      scriptOf(text);
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error));
    }
  });

const synthetic = {
  /** What is signed: A to Y without J, 0 to 5 and spaces. Nothing but pictures of it is published. */
  text: changeable(SpellableText).default("HELLO"),
  /** How long a letter is held, in ms. */
  letter: z.int().min(100).max(60_000).default(1200),
  /** How long the hand rests between two letters, in ms. */
  rest: z.int().min(0).max(60_000).default(500),
  /** How long it rests for a space, in ms. */
  space: z.int().min(100).max(60_000).default(2000),
  /** How long it rests before it begins anew, in ms: longer than the interpreter waits for another letter of a text. */
  pause: z.int().min(0).max(600_000).default(12_000),
  /** Begins anew when the text is signed; otherwise the hand rests from then on. */
  loop: z.boolean().default(true),
};

const StreamUrl = z.url({
  protocol: /^(rtsps?|https?)$/,
  error: "must begin with rtsp://, rtsps://, http:// or https://",
});

const FfmpegCamera = z
  .object({
    source: z.literal("ffmpeg"),
    ...common,
    ...size,
    /** A V4L2 camera, such as /dev/video0. */
    device: z
      .string()
      .regex(/^\/dev\/[\w./:-]+$/, "must be a device such as /dev/video0")
      .optional(),
    /** Of an RTSP or HTTP stream; it may hold a user and password. */
    url: secret(StreamUrl).optional(),
    /** Of a video file. */
    path: z
      .string()
      .min(1)
      .max(4096)
      .refine((path) => !path.includes("\0"), "must be a path")
      .optional(),
    /** A device's JPEGs pass as they are, without another encoding. */
    copy: z.boolean().default(true),
    /** A video file begins anew when it ends. */
    loop: z.boolean().default(true),
  })
  .refine(({ device, url, path }) => [device, url, path].filter((value) => value !== undefined).length === 1, {
    message: "needs exactly one of device, url and path",
  });
export type FfmpegCamera = z.infer<typeof FfmpegCamera>;

const RpicamCamera = z.object({
  source: z.literal("rpicam"),
  ...common,
  ...size,
  /** Which one, where there are two. */
  camera: z.int().min(0).max(7).default(0),
});
export type RpicamCamera = z.infer<typeof RpicamCamera>;

const WebcamCamera = z.object({
  source: z.literal("node-webcam"),
  ...common,
  ...size,
  device: WebcamDevice.default("/dev/video0"),
  /** Ms from one picture to the next. */
  every: z.int().min(100).max(3_600_000).default(1000),
  /** Pictures that are thrown away first, while the camera finds the right exposure. */
  skip: z.int().min(0).max(100).default(0),
});
export type WebcamCamera = z.infer<typeof WebcamCamera>;

const FolderCamera = z.object({
  source: z.literal("folder"),
  ...common,
  /** For pictures that do not fit on the wire as they are: JPEGs that are too large, and PNGs. */
  ...size,
  /** Of a folder with JPEG and PNG files, which are shown in the order of their names. */
  path: z.string().min(1).max(4096),
  /** Begins anew after the last. */
  loop: z.boolean().default(true),
});
export type FolderCamera = z.infer<typeof FolderCamera>;

const SyntheticCamera = z.object({
  source: z.literal("synthetic"),
  ...common,
  width: Side.default(320),
  height: Side.default(240),
  ...synthetic,
});
export type SyntheticCamera = z.infer<typeof SyntheticCamera>;

const AutoCamera = z.object({
  source: z.literal("auto").default("auto"),
  ...common,
  /** Of the camera that is found; the drawn hand has a size of its own. */
  ...size,
  ...synthetic,
});
export type AutoCamera = z.infer<typeof AutoCamera>;

/** A camera whose source is known. */
export type ChosenCamera = FfmpegCamera | RpicamCamera | WebcamCamera | FolderCamera | SyntheticCamera;
export type Camera = ChosenCamera | AutoCamera;

export const CameraPublisherConfig = z.object({
  cameras: z
    .record(
      Name,
      z.discriminatedUnion("source", [
        AutoCamera,
        FfmpegCamera,
        RpicamCamera,
        WebcamCamera,
        FolderCamera,
        SyntheticCamera,
      ]),
    )
    .refine((cameras) => Object.keys(cameras).length <= 32, "32 cameras are the most for one publisher")
    .prefault({ desk: {} }),
  /** Once a second the frame also goes to `<camera>/snapshot`, for what shows a picture and no stream. */
  snapshots: z.boolean().default(false),
});
export type CameraPublisherConfig = z.infer<typeof CameraPublisherConfig>;
