import {
  FILE_LIMITS,
  PictureError,
  type PictureShape,
  type Pixels,
  readPicture,
  readPictureFile,
} from "@beckon/vision";
import { fileReason } from "@beckon/vision/system-reason";

/** A picture that is left out, and why. */
export interface UnreadablePicture {
  readonly kind: "unreadable" | "too-large";
  readonly path: string;
  /** One line. */
  readonly message: string;
}

/** Reads and decodes one picture of a dataset; one that cannot be read is told of, not thrown. */
export async function readSample(path: string, shape: PictureShape): Promise<Pixels | UnreadablePicture> {
  try {
    return await readPicture(await readPictureFile(path, FILE_LIMITS), shape, FILE_LIMITS);
  } catch (error) {
    const kind = error instanceof PictureError && error.reason === "too-large" ? "too-large" : "unreadable";
    return { kind, path, message: `left out ${path}: ${fileReason(error)}` };
  }
}
