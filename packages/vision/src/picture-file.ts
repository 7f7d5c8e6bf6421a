import { FileTooLarge, readLimited } from "./file-access.ts";
import type { PictureLimits } from "./picture.ts";
import { PictureError } from "./picture-header.ts";

/**
 * The bytes of a picture's file, for `readPicture`; a file that is too large is not read to its end.
 *
 * @throws PictureError `too-large`, or the error of the file system
 */
export async function readPictureFile(file: string, limits: Pick<PictureLimits, "bytes">): Promise<Uint8Array> {
  try {
    return await readLimited(file, limits.bytes);
  } catch (cause) {
    throw cause instanceof FileTooLarge ? new PictureError("too-large", cause.message, { cause }) : cause;
  }
}
