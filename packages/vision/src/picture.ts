import sharp, { type Sharp } from "sharp";
import type { InputSpec } from "./card.ts";
import { pixelsOfPlainJpeg, type Region, type Size } from "./jpeg/read-plain-jpeg.ts";
import {
  endsEarly,
  PictureError,
  type PictureFormat,
  type PictureHeader,
  readPictureHeader,
} from "./picture-header.ts";
import type { Pixels, Roi } from "./pixels.ts";

// A stream never shows the same picture twice, and parallel work is ours to arrange: one frame, one thread.
sharp.cache(false);
sharp.concurrency(1);

/** What a picture becomes. A model's input specification is one. */
export interface PictureShape extends Pick<InputSpec, "width" | "height" | "fit" | "kernel"> {
  /** The part to take, of the picture as a viewer shows it; `default` is `defaultRoi`. Without it, the whole picture. */
  readonly roi?: Roi | "default" | undefined;
  /** True turns the result left to right, after the crop. */
  readonly mirror?: boolean | undefined;
}

/** What is refused before any decoder sees it. */
export interface PictureLimits {
  readonly formats: readonly PictureFormat[];
  /** Largest file, in bytes. */
  readonly bytes: number;
  /** Largest picture, in millions of pixels. */
  readonly megapixels: number;
}

/** For pictures from a network: they come from strangers, thirty times a second. */
export const WIRE_LIMITS: PictureLimits = { formats: ["jpeg"], bytes: 2_000_000, megapixels: 2.1 };

/** For pictures from a disk. */
export const FILE_LIMITS: PictureLimits = { formats: ["jpeg", "png"], bytes: 30_000_000, megapixels: 50 };

/** The centred square of 60 % of the height, for a picture of `width` times `height` pixels. */
export function defaultRoi(width: number, height: number): Roi {
  const side = Math.min(0.6 * height, width);
  return [(1 - side / width) / 2, (1 - side / height) / 2, side / width, side / height];
}

/**
 * Checks a picture against limits by its header alone.
 *
 * @throws PictureError `too-large` or `bad-image`
 */
export function checkPicture(bytes: Uint8Array, limits: PictureLimits): PictureHeader {
  if (bytes.length > limits.bytes) {
    throw new PictureError(
      "too-large",
      `${short(bytes.length / 1e6)} MB, the limit is ${short(limits.bytes / 1e6)} MB`,
    );
  }
  const header = readPictureHeader(bytes);
  if (!limits.formats.includes(header.format)) {
    throw new PictureError("bad-image", `a ${header.format.toUpperCase()} file, only ${formats(limits)} is taken here`);
  }
  const megapixels = (header.width * header.height) / 1e6;
  if (megapixels > limits.megapixels) {
    const found = `${header.width}x${header.height} is ${short(megapixels)} megapixels`;
    throw new PictureError("too-large", `${found}, the limit is ${limits.megapixels}`);
  }
  if (!header.complete) throw endsEarly();
  return header;
}

/**
 * The one way from a file to pixels, for training and for classifying: decode, turn as EXIF says,
 * crop, resize, RGB. Grey becomes three equal channels, transparency becomes black.
 *
 * @returns `shape.width` times `shape.height` pixels
 * @throws PictureError, and nothing else whatever the bytes are
 */
export async function readPicture(bytes: Uint8Array, shape: PictureShape, limits: PictureLimits): Promise<Pixels> {
  const header = checkPicture(bytes, limits);
  const pixels = plainPixels(bytes, header, shape) ?? (await pixelsBySharp(bytes, header, shape, limits));
  return shape.mirror ? mirrored(pixels) : pixels;
}

/** Most pixels of a picture, of the region and of the result that are decoded in this thread; more would hold it up. */
const PLAIN = { picture: 2_100_000, region: 500_000, result: 102_400 };

/** The short way, for the frames of cameras and what is trained on them; the long one takes the rest. */
function plainPixels(bytes: Uint8Array, header: PictureHeader, shape: PictureShape): Pixels | undefined {
  const { format, width, height, hasExif } = header;
  if (format !== "jpeg" || hasExif || shape.kernel !== "linear" || shape.fit === "cover") return undefined;
  const area = region(shape.roi, width, height);
  const pixels = [width * height, area.width * area.height, shape.width * shape.height] as const;
  if (pixels[0] > PLAIN.picture || pixels[1] > PLAIN.region || pixels[2] > PLAIN.result) return undefined;
  const inner = pixelsOfPlainJpeg(bytes, area, fittedSize(area, shape));
  return inner && padded(inner, shape.width, shape.height);
}

function fittedSize({ width, height }: Region, shape: PictureShape): Size {
  const across = width / shape.width;
  const down = height / shape.height;
  if (shape.fit === "stretch") return { width: shape.width, height: shape.height, factorX: across, factorY: down };
  const factor = Math.max(across, down);
  return { width: Math.round(width / factor), height: Math.round(height / factor), factorX: factor, factorY: factor };
}

/** Puts a picture in the middle of a black one. */
function padded(pixels: Pixels, width: number, height: number): Pixels {
  if (pixels.width === width && pixels.height === height) return pixels;
  const left = Math.floor((width - pixels.width) / 2);
  const top = Math.floor((height - pixels.height) / 2);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < pixels.height; y++) {
    const from = y * pixels.width * 3;
    data.set(pixels.data.subarray(from, from + pixels.width * 3), ((top + y) * width + left) * 3);
  }
  return { width, height, data };
}

async function pixelsBySharp(
  bytes: Uint8Array,
  header: PictureHeader,
  shape: PictureShape,
  limits: PictureLimits,
): Promise<Pixels> {
  try {
    const image = sharp(bytes, {
      failOn: "error",
      limitInputPixels: Math.ceil(limits.megapixels * 1e6),
      autoOrient: true,
    });
    const upright = await uprightSize(image, header);
    const { data, info } = await image
      // Also the whole picture is "cropped": sharp then never shrinks while it decodes, which would
      // make the same region come out differently with and without a crop.
      .extract(region(shape.roi, upright.width, upright.height))
      .resize({
        width: shape.width,
        height: shape.height,
        fit: shape.fit === "stretch" ? "fill" : shape.fit,
        kernel: shape.kernel,
        background: BLACK,
        fastShrinkOnLoad: false,
      })
      .flatten({ background: BLACK })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: rgb(plain(data), info.channels) };
  } catch (error) {
    throw decoderError(error);
  }
}

const BLACK = { r: 0, g: 0, b: 0 };

/** JPEG file of the pixels; `quality` 1..100. */
export async function encodeJpeg(pixels: Pixels, quality = 90): Promise<Uint8Array> {
  return plain(await fromPixels(pixels).jpeg({ quality }).toBuffer());
}

/** PNG file of the pixels, without loss. */
export async function encodePng(pixels: Pixels): Promise<Uint8Array> {
  return plain(await fromPixels(pixels).png().toBuffer());
}

function fromPixels({ width, height, data }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Only EXIF can turn a picture, and asking sharp for it costs a second look at the file. */
async function uprightSize(image: Sharp, header: PictureHeader): Promise<{ width: number; height: number }> {
  return header.hasExif ? (await image.metadata()).autoOrient : header;
}

function region(roi: PictureShape["roi"], width: number, height: number): Region {
  const [x, y, w, h] = roi === "default" ? defaultRoi(width, height) : (roi ?? [0, 0, 1, 1]);
  const [left, right] = span(x, x + w, width);
  const [top, bottom] = span(y, y + h, height);
  return { left, top, width: right - left, height: bottom - top };
}

/** Rounds a span given in fractions to pixels: inside the picture, and at least one pixel long. */
function span(from: number, to: number, size: number): [number, number] {
  const start = Math.min(Math.max(Math.round(from * size), 0), size - 1);
  return [start, Math.min(Math.max(Math.round(to * size), start + 1), size)];
}

/** A Buffer is a Uint8Array whose `slice` and `toString` behave differently; what leaves this file is not one. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function rgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  if (channels !== 1) throw new PictureError("bad-image", `${channels} colour channels, 1 or 3 are taken`);
  const out = new Uint8Array(data.length * 3);
  data.forEach((value, index) => {
    out.fill(value, index * 3, index * 3 + 3);
  });
  return out;
}

function mirrored({ width, height, data }: Pixels): Pixels {
  const out = new Uint8Array(data.length);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const x = pixel % width;
    const from = (pixel - x + (width - 1 - x)) * 3;
    out.set(data.subarray(from, from + 3), pixel * 3);
  }
  return { width, height, data: out };
}

/** libvips answers in several lines, the last the nearest to the cause; a user gets that one, without the names of libraries. */
function decoderError(error: unknown): PictureError {
  if (error instanceof PictureError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/premature end|unexpected end|end of (file|stream)|truncated/i.test(message)) return endsEarly({ cause: error });
  const last = message.trim().split("\n").at(-1) ?? "";
  const what = last.replace(/^(Input buffer has corrupt header: ?)?((Vips\w+|vips\w+): )?/, "");
  const known = what !== "" && what !== "Unknown error";
  return new PictureError("bad-image", `cannot be decoded${known ? `: ${what}` : ""}`, { cause: error });
}

function formats(limits: PictureLimits): string {
  return limits.formats.map((format) => format.toUpperCase()).join(" or ");
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
