import type { Codec } from "./codec.ts";
import { type Frame, FrameEnvelope } from "./envelope.ts";
import { ProtocolError } from "./protocol-error.ts";

/** Largest frame on the wire, in bytes; the broker enforces the same on whole packets. */
export const MAX_FRAME_BYTES = 2_000_000;

const SOI = 0xd8;
const SOS = 0xda;
const EOI = 0xd9;
const COM = 0xfe;
const APP0 = 0xe0;
const APP1 = 0xe1;
const MARK = new TextEncoder().encode("beckon/1 ");

/**
 * A frame is its JPEG; the envelope rides in a COM segment of it, `beckon/1 ` and JSON, so that any MQTT viewer shows
 * the frame. Only the segments before the scan are walked, no pixel is looked at.
 */
export const frameCodec: Codec<Frame> = {
  encode: ({ jpeg, envelope }) => (envelope ? withEnvelope(jpeg, envelope) : jpeg),
  decode: (jpeg) => {
    if (jpeg.length > MAX_FRAME_BYTES)
      throw new ProtocolError("too-large", `${jpeg.length} bytes where ${MAX_FRAME_BYTES} are allowed`);
    const found = findEnvelope(jpeg);
    return found ? { jpeg, envelope: parseEnvelope(found.json) } : { jpeg };
  },
};

/** Puts the envelope after an APP0 or APP1 that opens the file, else after SOI, in the place of one that is there. */
function withEnvelope(jpeg: Uint8Array, envelope: FrameEnvelope): Uint8Array {
  const old = findEnvelope(jpeg);
  const rest = old ? concatenate([jpeg.subarray(0, old.start), jpeg.subarray(old.end)]) : jpeg;
  const text = concatenate([MARK, new TextEncoder().encode(JSON.stringify(envelope))]);
  const length = text.length + 2;
  const [first] = segments(rest);
  const place = first && (first.marker === APP0 || first.marker === APP1) ? first.end : 2;
  const header = Uint8Array.of(0xff, COM, length >> 8, length & 0xff);
  return concatenate([rest.subarray(0, place), header, text, rest.subarray(place)]);
}

function parseEnvelope(json: Uint8Array): FrameEnvelope {
  try {
    return FrameEnvelope.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)));
  } catch (cause) {
    throw new ProtocolError("bad-envelope", "the frame's beckon/1 comment does not fit", { cause });
  }
}

interface Segment {
  readonly marker: number;
  /** Of its FF byte. */
  readonly start: number;
  /** After its last byte. */
  readonly end: number;
}

function findEnvelope(jpeg: Uint8Array): { start: number; end: number; json: Uint8Array } | undefined {
  for (const { marker, start, end } of segments(jpeg)) {
    const text = jpeg.subarray(start + 4, end);
    if (marker === COM && MARK.every((byte, index) => text[index] === byte))
      return { start, end, json: text.subarray(MARK.length) };
  }
  return undefined;
}

/**
 * The segments between SOI and the first scan (ITU-T T.81, B.1.1: FF, marker, two bytes of length that count
 * themselves; any number of FF may fill in before a marker).
 *
 * @throws {ProtocolError} `bad-image` when they are no such sequence
 */
function* segments(jpeg: Uint8Array): Generator<Segment> {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI)
    throw new ProtocolError("bad-image", "not a JPEG: it does not begin with SOI");
  let start = 2;
  while (start < jpeg.length) {
    if (jpeg[start] !== 0xff) throw new ProtocolError("bad-image", `no JPEG marker at byte ${start}`);
    while (jpeg[start + 1] === 0xff) start += 1;
    const marker = jpeg[start + 1];
    if (marker === SOS) return;
    if (marker === undefined || marker === EOI) break;
    const length = ((jpeg[start + 2] ?? 0) << 8) | (jpeg[start + 3] ?? 0);
    const end = start + 2 + length;
    if (length < 2 || end > jpeg.length)
      throw new ProtocolError("bad-image", `a JPEG segment at byte ${start} is cut off`);
    yield { marker, start, end };
    start = end;
  }
  throw new ProtocolError("bad-image", "a JPEG without a picture in it");
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
