import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FrameEnvelope } from "./envelope.ts";
import { frameCodec, MAX_FRAME_BYTES } from "./frame-codec.ts";
import { ProtocolError } from "./protocol-error.ts";
import { anEnvelope } from "./testing/arbitraries.ts";

const SOI = [0xff, 0xd8];
const EOI = [0xff, 0xd9];
const text = (words: string): number[] => [...new TextEncoder().encode(words)];
const segment = (marker: number, body: readonly number[]): number[] => [
  0xff,
  marker,
  (body.length + 2) >> 8,
  (body.length + 2) & 0xff,
  ...body,
];
const comment = (words: string): number[] => segment(0xfe, text(words));
const jfif = segment(0xe0, [...text("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0]);
const exif = segment(0xe1, text("Exif\0\0II*\0"));
const dqt = segment(
  0xdb,
  Array.from({ length: 65 }, (_, index) => index),
);
const sof = segment(0xc0, [8, 1, 0xe0, 2, 0x80, 1, 1, 0x11, 0]);
/** A scan with stuffed bytes, a restart marker and what looks like our comment, where nobody looks for it. */
const scan = [...segment(0xda, [1, 1, 0, 0, 63, 0]), 0x12, 0xff, 0x00, 0xff, 0xd0, ...comment("beckon/1 {}"), ...EOI];
const jpeg = (...parts: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...SOI, ...parts.flat(), ...scan]);

const envelope: FrameEnvelope = {
  seq: 17,
  boot: "mg2k1x0z-a9f3",
  at: 1763632801234.5,
  width: 640,
  height: 480,
  roi: [0.25, 0.1, 0.5, 0.67],
};
const ours = comment(`beckon/1 ${JSON.stringify(envelope)}`);

function refusal(payload: Uint8Array): ProtocolError | undefined {
  try {
    frameCodec.decode(payload);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** The JPEGs that cameras make, as far as their segments go. */
const aSegment = fc.oneof(
  fc.constantFrom(jfif, exif, dqt, sof, [0xff, 0x01], [0xff, 0xff, 0xff, ...dqt]),
  fc.constantFrom("Lavc60.31.102", "beckon/2 {}", "beckon/10 {}", "beckon/1", "BECKON/1 {}", "").map(comment),
  fc
    .tuple(fc.integer({ min: 0xe2, max: 0xef }), fc.uint8Array({ maxLength: 40 }))
    .map(([marker, body]) => segment(marker, [...body])),
);
const aJpeg = fc.array(aSegment, { maxLength: 8 }).map((parts) => jpeg(...parts));

describe("frameCodec", () => {
  it("decodes the envelope that it encodes, in any JPEG", () => {
    fc.assert(
      fc.property(aJpeg, anEnvelope, (picture, stamped) => {
        expect(frameCodec.decode(frameCodec.encode({ jpeg: picture, envelope: stamped })).envelope).toStrictEqual(
          stamped,
        );
      }),
    );
  });

  it("adds one comment and changes nothing else", () => {
    fc.assert(
      fc.property(aJpeg, anEnvelope, (picture, stamped) => {
        const encoded = frameCodec.encode({ jpeg: picture, envelope: stamped });
        const added = comment(`beckon/1 ${JSON.stringify(stamped)}`);
        const start = Buffer.from(encoded).indexOf(Uint8Array.from(added));
        expect([...encoded.subarray(0, start), ...encoded.subarray(start + added.length)]).toEqual([...picture]);
      }),
    );
  });

  it("replaces an envelope that is there already", () => {
    fc.assert(
      fc.property(aJpeg, anEnvelope, anEnvelope, (picture, before, after) => {
        const once = frameCodec.encode({ jpeg: picture, envelope: after });
        const again = frameCodec.encode({
          jpeg: frameCodec.encode({ jpeg: picture, envelope: before }),
          envelope: after,
        });
        expect(again).toEqual(once);
      }),
    );
  });

  it("takes out every envelope that is there, wherever it stands", () => {
    const crowded = jpeg(ours, jfif, ours, dqt, ours, sof);
    const clean = frameCodec.encode({ jpeg: jpeg(jfif, dqt, sof), envelope: { ...envelope, seq: 18 } });
    expect(frameCodec.encode({ jpeg: crowded, envelope: { ...envelope, seq: 18 } })).toEqual(clean);
  });

  it.each([
    ["after the APP0 that opens the file", [jfif, dqt], [jfif, ours, dqt]],
    ["after the APP1 that opens the file", [exif, dqt], [exif, ours, dqt]],
    ["after the first of APP0 and APP1", [jfif, exif, dqt], [jfif, ours, exif, dqt]],
    ["after SOI when a table comes first", [dqt, jfif], [ours, dqt, jfif]],
    ["after SOI when another comment comes first", [comment("x"), jfif], [ours, comment("x"), jfif]],
    ["after SOI when there is nothing else", [], [ours]],
  ])("puts the envelope %s", (_, before, after) => {
    expect(frameCodec.encode({ jpeg: jpeg(...before), envelope })).toEqual(jpeg(...after));
  });

  it.each([
    ["first", [ours, jfif, dqt]],
    ["last before the picture", [jfif, dqt, sof, ours]],
    ["after other comments", [comment("Lavc"), comment("beckon/2 {}"), ours]],
    [
      "after bytes that fill",
      [
        [0xff, 0xff, ...jfif],
        [0xff, ...ours],
      ],
    ],
  ])("finds an envelope that comes %s", (_, parts) => {
    expect(frameCodec.decode(jpeg(...parts)).envelope).toEqual(envelope);
  });

  it("takes the first of two envelopes", () => {
    const second = comment(`beckon/1 ${JSON.stringify({ ...envelope, seq: 99 })}`);
    expect(frameCodec.decode(jpeg(ours, second)).envelope?.seq).toBe(17);
  });

  it("welcomes a JPEG without an envelope, and looks for none inside the picture", () => {
    fc.assert(
      fc.property(aJpeg, (picture) => {
        expect(frameCodec.decode(picture)).toStrictEqual({ jpeg: picture });
      }),
    );
  });

  it("ignores a field of the envelope that it does not know", () => {
    const newer = comment(`beckon/1 ${JSON.stringify({ ...envelope, exposure: { iso: 400 } })}`);
    expect(frameCodec.decode(jpeg(newer)).envelope).toStrictEqual(envelope);
  });

  it("hands on the very bytes it was given, and copies them into its own when it adds to them", () => {
    const picture = jpeg(jfif);
    expect(frameCodec.decode(picture).jpeg).toBe(picture);
    expect(frameCodec.encode({ jpeg: picture })).toBe(picture);
    expect(frameCodec.encode({ jpeg: picture, envelope }).buffer).not.toBe(picture.buffer);
  });

  it.each([
    ["that is no JSON", "{"],
    ["without its fields", "{}"],
    ["that is empty", ""],
    ["of NaN", JSON.stringify(envelope).replace("17", "NaN")],
    ["of an infinite time", JSON.stringify(envelope).replace("1763632801234.5", "1e999")],
    ["with a region outside of the picture", JSON.stringify({ ...envelope, roi: [0.6, 0, 0.5, 0.5] })],
    ["with a region of no size", JSON.stringify({ ...envelope, roi: [0, 0, 0, 0.5] })],
    ["with a size of no pixels", JSON.stringify({ ...envelope, width: 0 })],
    ["that nests", `{"a":${"[".repeat(60_000)}`],
  ])("refuses an envelope %s", (_, json) => {
    expect(refusal(jpeg(jfif, comment(`beckon/1 ${json}`)))?.reason).toBe("bad-envelope");
  });

  it("refuses an envelope that is no UTF-8", () => {
    expect(refusal(jpeg(segment(0xfe, [...text("beckon/1 "), 0x22, 0xc3, 0x22])))?.reason).toBe("bad-envelope");
  });

  it.each([
    ["nothing at all", []],
    ["a GIF", text("GIF89a")],
    ["an SVG", text("<svg xmlns='http://www.w3.org/2000/svg'/>")],
    ["a PNG", [0x89, ...text("PNG\r\n")]],
    ["SOI alone", SOI],
    ["SOI twice", [...SOI, ...SOI, 0, 2, ...scan]],
    ["SOI and EOI", [...SOI, ...EOI]],
    ["half a marker", [...SOI, 0xff]],
    ["nothing but filling", [...SOI, ...Array<number>(1000).fill(0xff)]],
    ["a segment without its length", [...SOI, 0xff, 0xe0, 0x00]],
    ["a segment whose length does not count itself", [...SOI, 0xff, 0xe0, 0x00, 0x01, ...scan]],
    ["a segment that is cut off", [...SOI, ...jfif.slice(0, -1)]],
    ["bytes between the segments", [...SOI, ...jfif, 0x00, ...scan]],
    ["a stuffed zero where a marker belongs", [...SOI, 0xff, 0x00, 0, 2, ...scan]],
    ["no picture after the tables", [...SOI, ...jfif, ...dqt]],
  ])("refuses %s", (_, bytes) => {
    expect(refusal(Uint8Array.from(bytes))?.reason).toBe("bad-image");
  });

  it("says of a frame that is cut off where that is", () => {
    expect(refusal(Uint8Array.from([...SOI, ...jfif, ...dqt.slice(0, -1)]))?.message).toContain(
      `at byte ${SOI.length + jfif.length} is cut off`,
    );
  });

  it("throws nothing but a ProtocolError at a frame with a piece put elsewhere, changed or cut off", () => {
    const mutated = fc
      .tuple(aJpeg, anEnvelope, fc.uint8Array({ maxLength: 4 }), fc.nat(1000), fc.nat(4), fc.boolean())
      .map(([picture, stamped, piece, where, removed, cut]) => {
        const whole = frameCodec.encode({ jpeg: picture, envelope: stamped });
        const at = where % whole.length;
        return Uint8Array.from([...whole.subarray(0, at), ...piece, ...(cut ? [] : whole.subarray(at + removed))]);
      });
    fc.assert(
      fc.property(mutated, (payload) => {
        expect(refusal(payload)?.reason ?? "accepted").toMatch(/^(bad-image|bad-envelope|accepted)$/);
      }),
      { numRuns: 1000 },
    );
  });

  it("throws a ProtocolError when it is to put an envelope into what is no JPEG", () => {
    expect(() => frameCodec.encode({ jpeg: Uint8Array.from(text("GIF89a")), envelope })).toThrow(ProtocolError);
  });

  it("refuses one byte more than 2 MB before it looks at any", () => {
    const sized = (size: number): Uint8Array => {
      const whole = new Uint8Array(size);
      whole.set(jpeg(jfif));
      return whole;
    };
    expect(refusal(sized(MAX_FRAME_BYTES))).toBeUndefined();
    expect(refusal(sized(MAX_FRAME_BYTES + 1))?.reason).toBe("too-large");
    expect(refusal(new Uint8Array(MAX_FRAME_BYTES + 1))?.reason).toBe("too-large");
  });

  it("refuses a frame that is a crowd of segments", () => {
    const crowd = (count: number): Uint8Array => jpeg(...Array<number[]>(count).fill(segment(0xe5, [])));
    expect(refusal(crowd(1024))).toBeUndefined();
    expect(refusal(crowd(1025))?.reason).toBe("bad-image");
  });
});
