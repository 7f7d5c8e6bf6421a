import type { Picture } from "../frame-sender.ts";

/** The smallest thing that a codec takes for a JPEG: SOI and the start of a scan. */
export const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0, 2, 0xff, 0xd9);

export function aPicture(given: Partial<Picture> = {}): Picture {
  return { at: Date.now(), width: 640, height: 480, encode: async () => JPEG, ...given };
}
