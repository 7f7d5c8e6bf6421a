/** What a thread needs that only decodes and infers; each thread pays for what it imports, and the whole package is 17 MB more. */
export { openEngine } from "./engines/auto.ts";
export type { Engine } from "./engines/engine.ts";
export {
  checkPicture,
  defaultRoi,
  encodeJpeg,
  type PictureLimits,
  type PictureShape,
  readPicture,
  WIRE_LIMITS,
} from "./picture.ts";
export { PictureError } from "./picture-header.ts";
export type { Pixels } from "./pixels.ts";
export { tensorLength, writeTensor } from "./tensor.ts";
