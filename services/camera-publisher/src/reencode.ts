import { MAX_FRAME_BYTES } from "@beckon/protocol";
import {
  checkPicture,
  encodeJpeg,
  FILE_LIMITS,
  type PictureLimits,
  type Pixels,
  readPicture,
  WIRE_LIMITS,
} from "@beckon/vision";

/** The envelope is written into the JPEG, and the whole must not pass the limit of the wire. */
const ENVELOPE_BYTES = 512;

export const FRAME_LIMITS: PictureLimits = { ...WIRE_LIMITS, bytes: MAX_FRAME_BYTES - ENVELOPE_BYTES };

/** Whether a picture may be published as it is. */
export function fitsOnWire(bytes: Uint8Array): boolean {
  try {
    checkPicture(bytes, FRAME_LIMITS);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a frame of a picture that may not travel as it is: as large as fits into `width` x `height`, black around it.
 *
 * @throws {PictureError}
 */
export async function reencode(
  bytes: Uint8Array,
  { width, height, quality }: { width: number; height: number; quality: number },
): Promise<Uint8Array> {
  const pixels = await readPicture(bytes, { width, height, fit: "contain", kernel: "linear" }, FILE_LIMITS);
  return encodeJpeg(pixels, quality);
}

/** How a camera hangs: clockwise degrees, then left to right. */
export interface Turn {
  readonly rotation: 0 | 90 | 180 | 270;
  readonly mirror: boolean;
}

/**
 * Turns a frame. It is decoded and encoded again for that.
 *
 * @throws {PictureError}
 */
export async function turnJpeg(jpeg: Uint8Array, turn: Turn, quality: number): Promise<Uint8Array> {
  const { width, height } = checkPicture(jpeg, FRAME_LIMITS);
  const pixels = await readPicture(jpeg, { width, height, fit: "contain", kernel: "nearest" }, FRAME_LIMITS);
  return encodeJpeg(turnPixels(pixels, turn), quality);
}

export function turnPixels({ width, height, data }: Pixels, { rotation, mirror }: Turn): Pixels {
  const sideways = rotation === 90 || rotation === 270;
  const turned = { width: sideways ? height : width, height: sideways ? width : height };
  const out = new Uint8Array(data.length);
  // Where in the original one step to the right, and one down, of the result leads.
  const [right, down] = STEPS[rotation](width);
  const first = FIRST[rotation](width, height);
  for (let y = 0; y < turned.height; y++) {
    for (let x = 0; x < turned.width; x++) {
      const from = 3 * (first + x * right + y * down);
      const to = 3 * (y * turned.width + (mirror ? turned.width - 1 - x : x));
      out[to] = data[from] ?? 0;
      out[to + 1] = data[from + 1] ?? 0;
      out[to + 2] = data[from + 2] ?? 0;
    }
  }
  return { ...turned, data: out };
}

const STEPS: Readonly<Record<Turn["rotation"], (width: number) => readonly [right: number, down: number]>> = {
  0: (width) => [1, width],
  90: (width) => [-width, 1],
  180: (width) => [-1, -width],
  270: (width) => [width, -1],
};

const FIRST: Readonly<Record<Turn["rotation"], (width: number, height: number) => number>> = {
  0: () => 0,
  90: (width, height) => (height - 1) * width,
  180: (width, height) => height * width - 1,
  270: (width) => width - 1,
};
