import { z } from "zod";

/**
 * The only devices that node-webcam may be given. It builds a shell command of its options without any quoting, so
 * that nothing but these characters may ever get there; `TEST` is fswebcam's own test picture.
 */
export const WebcamDevice = z
  .string()
  .regex(
    /^(TEST|\/dev\/video[0-9]{1,3}|\/dev\/v4l\/by-(id|path)\/[A-Za-z0-9][A-Za-z0-9._:-]{0,127})$/,
    "must be /dev/video0, a name below /dev/v4l/by-id or /dev/v4l/by-path, or TEST",
  );

/** A path below which a picture may be kept on its way: it stands in the same command. */
const PicturePath = z.string().regex(/^\/[A-Za-z0-9._/-]{1,200}$/);

const WebcamOptions = z.object({
  device: WebcamDevice,
  width: z.int().min(16).max(4096),
  height: z.int().min(16).max(4096),
  quality: z.int().min(1).max(100),
  skip: z.int().min(0).max(100),
});
export type WebcamOptions = z.infer<typeof WebcamOptions>;

/**
 * Checks again, where the command is about to be built, whatever a configuration has let through.
 *
 * @throws {z.ZodError}
 */
export function webcamOptions(options: WebcamOptions): WebcamOptions {
  return WebcamOptions.parse(options);
}

/** @throws {z.ZodError} */
export function picturePath(path: string): string {
  return PicturePath.parse(path);
}
