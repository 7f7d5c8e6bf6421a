/** A picture that is refused. The message is one line and names what is wrong, not where the picture came from. */
export class PictureError extends Error {
  readonly reason: "bad-image" | "too-large";

  constructor(reason: "bad-image" | "too-large", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PictureError";
    this.reason = reason;
  }
}

/** The formats that are read. */
export type PictureFormat = "jpeg" | "png";

/** What a file claims before anything is decoded. Sizes are in pixels, before any EXIF rotation. */
export interface PictureHeader {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  /** True when the file may carry an EXIF orientation. */
  readonly hasExif: boolean;
  /** False when the end of the file is missing. */
  readonly complete: boolean;
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The format by its magic bytes, or undefined. A name's ending is never believed. */
function pictureFormat(bytes: Uint8Array): PictureFormat | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg";
  if (PNG_SIGNATURE.every((byte, index) => bytes[index] === byte)) return "png";
  return undefined;
}

/**
 * Reads format and size of a picture without a decoder.
 *
 * @throws PictureError `bad-image` when it is no JPEG or PNG, or its header is damaged or cut off
 */
export function readPictureHeader(bytes: Uint8Array): PictureHeader {
  const format = pictureFormat(bytes);
  if (format === undefined) throw new PictureError("bad-image", "not a JPEG or PNG file");
  const header = format === "jpeg" ? readJpegHeader(bytes) : readPngHeader(bytes);
  if (header.width === 0 || header.height === 0) throw damaged(format, "the header gives no size");
  return header;
}

/** Walks the segments of a JPEG (ITU T.81, annex B) up to its first scan. */
function readJpegHeader(bytes: Uint8Array): PictureHeader {
  let frame: { width: number; height: number } | undefined;
  let hasExif = false;
  for (const { marker, start, end } of jpegSegments(bytes)) {
    const body = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    if (marker === EXIF) hasExif = true;
    if (isFrameHeader(marker) && frame === undefined) {
      if (body.byteLength < 6) throw damaged("jpeg", "the frame header is too short");
      frame = { height: body.getUint16(1), width: body.getUint16(3) };
    }
    if (marker === SCAN) {
      if (frame === undefined) throw damaged("jpeg", "no frame header");
      if (hasMoreScans(bytes, end, MAX_SCANS))
        throw new PictureError("bad-image", `more than ${MAX_SCANS} scans: made to keep a decoder busy`);
      return { format: "jpeg", ...frame, hasExif, complete: lastIndexOf(bytes, [0xff, END]) >= end };
    }
  }
  if (frame !== undefined) return { format: "jpeg", ...frame, hasExif, complete: false };
  throw endsEarly();
}

const END = 0xd9;
const SCAN = 0xda;
const EXIF = 0xe1;

/**
 * The segments of a JPEG up to its first scan, as ranges of their bodies. Stray bytes and fill bytes
 * between segments are skipped as libjpeg does, so that the size seen here is the size it would allocate.
 */
function* jpegSegments(bytes: Uint8Array): Generator<{ marker: number; start: number; end: number }> {
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at] === 0xff ? bytes[at + 1] : undefined;
    if (marker === undefined || marker === 0xff) {
      at += 1;
    } else if (standsAlone(marker)) {
      at += 2;
    } else if (marker === END) {
      throw damaged("jpeg", "it holds no picture");
    } else {
      const length = (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
      if (length < 2) throw damaged("jpeg", "a segment without a length");
      const end = at + 2 + length;
      if (end > bytes.length) return;
      yield { marker, start: at + 4, end };
      if (marker === SCAN) return;
      at = end;
    }
  }
}

/**
 * Encoders make some ten scans of a progressive JPEG. Each scan lets a decoder walk over the whole picture for a few bytes:
 * as many as 2 MB hold keep it busy for half a minute.
 */
const MAX_SCANS = 100;

/** @param at after the header of the first scan */
function hasMoreScans(bytes: Uint8Array, at: number, most: number): boolean {
  let scans = 1;
  let next = bytes.indexOf(0xff, at);
  while (next >= 0 && next + 4 <= bytes.length && scans <= most) {
    const marker = bytes[next + 1] ?? 0;
    if (marker === END) return false;
    if (marker === SCAN) scans += 1;
    const length = (bytes[next + 2] ?? 0) * 256 + (bytes[next + 3] ?? 0);
    // Within a scan, 0xff comes with a zero or a restart marker, else a segment follows.
    const skipped = marker === 0xff ? 1 : standsAlone(marker) ? 2 : 2 + length;
    next = bytes.indexOf(0xff, next + skipped);
  }
  return scans > most;
}

/** Stuffed zeros, TEM and the restart markers have no body. */
function standsAlone(marker: number): boolean {
  return marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/** SOF0 to SOF15, without the three codes between them that mean something else: DHT, JPG and DAC. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Reads IHDR, which opens every PNG (ISO 15948, 11.2.2). */
function readPngHeader(bytes: Uint8Array): PictureHeader {
  if (bytes.length < 33) throw endsEarly();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = lastIndexOf(bytes, ascii("IEND"));
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49484452) throw damaged("png", "it does not open with IHDR");
  return {
    format: "png",
    width: view.getUint32(16),
    height: view.getUint32(20),
    hasExif: lastIndexOf(bytes, ascii("eXIf")) > 0,
    // The four letters are followed by a checksum of four bytes.
    complete: end > 0 && end + 8 <= bytes.length,
  };
}

function ascii(text: string): number[] {
  return [...Buffer.from(text, "latin1")];
}

function lastIndexOf(bytes: Uint8Array, pattern: readonly number[]): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf(Buffer.from(pattern));
}

function damaged(format: PictureFormat, what: string): PictureError {
  return new PictureError("bad-image", `damaged ${format.toUpperCase()}: ${what}`);
}

/** The answer to every picture whose end is missing. */
export function endsEarly(options?: ErrorOptions): PictureError {
  return new PictureError("bad-image", "the file ends early", options);
}
