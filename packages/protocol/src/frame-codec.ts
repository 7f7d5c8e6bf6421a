import { type Codec, checked, encodeJson, parseJson } from "./codec.ts";
import { type Frame, FrameEnvelope } from "./envelope.ts";
import { ProtocolError } from "./protocol-error.ts";

/** Largest frame on the wire, in bytes, its envelope included; the broker enforces about the same on whole packets. */
export const MAX_FRAME_BYTES = 2_000_000;

/**
 * Most segments before the picture. The largest seen in use is a colour profile in 255 parts (ICC.1:2022, B.4); half a
 * million empty ones would fit into a frame and keep a receiver busy.
 */
const MAX_SEGMENTS = 1024;

// ITU-T T.81, table B.1
const TEM = 0x01;
const RST0 = 0xd0;
const RST7 = 0xd7;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP1 = 0xe1;
const COM = 0xfe;
const MARK = new TextEncoder().encode("beckon/1 ");

/**
 * A frame is its JPEG; the envelope rides in a COM segment of it, `beckon/1 ` and JSON, so that any MQTT viewer shows
 * the frame. Only the segments before the scan are walked, no pixel is looked at. Decoding copies nothing: the JPEG is
 * the payload itself, the comment included. Encoding copies it once, into memory of its own; without an envelope not at
 * all.
 */
export const frameCodec: Codec<Frame> = {
  encode: ({ jpeg, envelope }) => (envelope ? withEnvelope(jpeg, envelope) : jpeg),
  decode: (jpeg) => {
    if (jpeg.length > MAX_FRAME_BYTES)
      throw new ProtocolError("too-large", `${jpeg.length} bytes where ${MAX_FRAME_BYTES} are allowed`);
    const comment = walk(jpeg).find((segment) => isEnvelope(jpeg, segment));
    if (!comment) return { jpeg };
    return { jpeg, envelope: parseEnvelope(jpeg.subarray(comment.start + 4 + MARK.length, comment.end)) };
  },
};

/** Puts the envelope after an APP0 or APP1 that opens the file, else after SOI, in the place of those that are there. */
function withEnvelope(jpeg: Uint8Array, envelope: FrameEnvelope): Uint8Array {
  const all = walk(jpeg);
  const old = all.filter((segment) => isEnvelope(jpeg, segment));
  const first = all.find((segment) => !old.includes(segment));
  const place = first && (first.marker === APP0 || first.marker === APP1) ? first.end : 2;
  const json = encodeJson(envelope);
  const length = 2 + MARK.length + json.length;
  const comment = [Uint8Array.of(0xff, COM, length >> 8, length & 0xff), MARK, json];
  const kept = (from: number, to: number): Uint8Array[] => {
    const cuts = old.filter(({ start }) => start >= from && start < to);
    const starts = [from, ...cuts.map(({ end }) => end)];
    return starts.map((start, index) => jpeg.subarray(start, cuts[index]?.start ?? to));
  };
  return concatenate([...kept(0, place), ...comment, ...kept(place, jpeg.length)]);
}

function parseEnvelope(json: Uint8Array): FrameEnvelope {
  try {
    return checked(FrameEnvelope, parseJson(json));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "does not fit";
    throw new ProtocolError("bad-envelope", `the frame's beckon/1 comment: ${reason}`, { cause });
  }
}

interface Segment {
  readonly marker: number;
  /** Of its FF byte. */
  readonly start: number;
  /** After its last byte. */
  readonly end: number;
}

function isEnvelope(jpeg: Uint8Array, { marker, start, end }: Segment): boolean {
  return (
    marker === COM && end - start >= 4 + MARK.length && MARK.every((byte, index) => jpeg[start + 4 + index] === byte)
  );
}

/**
 * The segments between SOI and the first scan (ITU-T T.81, B.1.1: FF, marker, two bytes of length that count
 * themselves; any number of FF may fill in before a marker).
 *
 * @throws {ProtocolError} `bad-image` when they are no such sequence
 */
function walk(jpeg: Uint8Array): Segment[] {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI)
    throw new ProtocolError("bad-image", "not a JPEG: it does not begin with SOI");
  const found: Segment[] = [];
  let start = 2;
  while (start < jpeg.length) {
    if (jpeg[start] !== 0xff) throw new ProtocolError("bad-image", `no JPEG marker at byte ${start}`);
    while (jpeg[start + 1] === 0xff) start += 1;
    const marker = jpeg[start + 1];
    if (marker === SOS) return found;
    if (marker === undefined || marker === EOI) break;
    const end = start + 2 + parameterLength(jpeg, marker, start);
    if (end > jpeg.length) throw new ProtocolError("bad-image", `a JPEG segment at byte ${start} is cut off`);
    if (found.length === MAX_SEGMENTS)
      throw new ProtocolError("bad-image", `more than ${MAX_SEGMENTS} segments before the picture`);
    found.push({ marker, start, end });
    start = end;
  }
  throw new ProtocolError("bad-image", "a JPEG without a picture in it");
}

/** @param start of the segment's FF byte */
function parameterLength(jpeg: Uint8Array, marker: number, start: number): number {
  if (marker === TEM || (marker >= RST0 && marker <= RST7)) return 0;
  const length = ((jpeg[start + 2] ?? 0) << 8) | (jpeg[start + 3] ?? 0);
  if (length < 2 || marker === 0 || marker === SOI)
    throw new ProtocolError("bad-image", `no JPEG segment at byte ${start}`);
  return length;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
