import { encodeJpeg } from "@beckon/vision";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { MjpegSplitter } from "./mjpeg-splitter.ts";

const MAX = 100_000;

let plain: Uint8Array[];
let frames: Uint8Array[];

/** Noise, so that the entropy-coded part has many stuffed FF bytes. */
function noise(width: number, height: number, seed: number): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 31 + i * seed * 7) % 256);
  return encodeJpeg({ width, height, data }, 90);
}

/** An EXIF-like segment that holds a whole JPEG, as cameras store their thumbnail. */
function withThumbnail(jpeg: Uint8Array, thumbnail: Uint8Array): Uint8Array {
  const length = thumbnail.length + 8;
  const head = [0xff, 0xe1, length >> 8, length & 0xff, ...Buffer.from("Exif\0\0")];
  return Uint8Array.from([...jpeg.subarray(0, 2), ...head, ...thumbnail, ...jpeg.subarray(2)]);
}

/** Restart markers stand inside of the scan, and an FF may fill in before the last marker. */
function withRestart(jpeg: Uint8Array): Uint8Array {
  return Uint8Array.from([...jpeg.subarray(0, -2), 0xff, 0xd3, 0x12, 0xff, 0x00, 0xff, 0xff, 0xd9]);
}

beforeAll(async () => {
  plain = await Promise.all([1, 2, 3].map((seed) => noise(16 * seed, 24, seed)));
  const [small, middle, large] = plain as [Uint8Array, Uint8Array, Uint8Array];
  frames = [small, withThumbnail(large, small), withRestart(middle), large];
});

function split(stream: Uint8Array, cuts: readonly number[], max = MAX) {
  const splitter = new MjpegSplitter(max);
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  const found = places.slice(1).flatMap((end, index) => splitter.push(stream.subarray(places[index], end)));
  return { found, tooLarge: splitter.tooLarge };
}

const concatenated = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Anything but what begins a JPEG. */
const garbage = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => bytes.map((byte, index) => (byte === 0xd8 && bytes[index - 1] === 0xff ? 0 : byte)))
  .map((bytes) => (bytes.at(-1) === 0xff ? bytes.subarray(0, -1) : bytes));

describe("the MJPEG splitter", () => {
  it("gives the same pictures however the stream is cut and whatever lies between them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(garbage, fc.nat({ max: 3 })), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        garbage,
        (parts, cuts, rest) => {
          const wanted = parts.map(([, index]) => frames[index] as Uint8Array);
          const pieces = parts.flatMap(([between], index) => [between, wanted[index] as Uint8Array]);
          const { found } = split(concatenated([...pieces, rest]), cuts);
          expect(found.map((jpeg) => Buffer.from(jpeg))).toEqual(wanted.map((jpeg) => Buffer.from(jpeg)));
        },
      ),
    );
  });

  it("gives the same pictures byte by byte", () => {
    const stream = concatenated(frames);
    expect(split(stream, [...stream.keys()]).found).toEqual(frames.map((jpeg) => Uint8Array.from(jpeg)));
  });

  it("takes a thumbnail for what it is", () => {
    const [, exif] = frames as [Uint8Array, Uint8Array];
    expect(split(exif, [50, 100, 150]).found).toEqual([exif]);
  });

  it("leaves a picture that was cut off by the next one out", () => {
    const [small, , , large] = frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const stream = concatenated([large.subarray(0, large.length - 40), small, large]);
    expect(split(stream, [7, 70, 700]).found).toEqual([small, large]);
  });

  it("finds the pictures behind a damaged header", () => {
    const [small] = frames as [Uint8Array];
    const damaged = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0x01, 0x00, ...new Uint8Array(16)]);
    expect(split(concatenated([damaged, small, small, small]), [3, 30]).found).toContainEqual(small);
  });

  it("leaves out and counts a picture beyond the limit, and holds no more of it than that", () => {
    const [small, exif, , large] = frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const max = large.length;
    const stream = concatenated([small, exif, large, exif, small]);
    for (const cuts of [[], [...stream.keys()], [500, 1500, 2500]])
      expect(split(stream, cuts, max)).toEqual({ found: [small, large, small], tooLarge: 2 });
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (pieces) => {
        const splitter = new MjpegSplitter(1000);
        for (const piece of pieces)
          for (const jpeg of splitter.push(piece)) expect(jpeg.length).toBeLessThanOrEqual(1000);
      }),
    );
  });
});
