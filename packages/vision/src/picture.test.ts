import fc from "fast-check";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import {
  checkPicture,
  defaultRoi,
  encodeJpeg,
  encodePng,
  FILE_LIMITS,
  type PictureShape,
  readPicture,
  WIRE_LIMITS,
} from "./picture.ts";
import { PictureError } from "./picture-header.ts";
import type { Pixels } from "./pixels.ts";

const RED = [255, 0, 0] as const;
const GREEN = [0, 255, 0] as const;
const BLUE = [0, 0, 255] as const;
const WHITE = [255, 255, 255] as const;

/** Four quarters: red, green; blue, white. */
function quarters(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = y < height / 2 ? (x < width / 2 ? RED : GREEN) : x < width / 2 ? BLUE : WHITE;
      data.set(colour, (y * width + x) * 3);
    }
  }
  return { width, height, data };
}

function shape(width: number, height: number, more: Partial<PictureShape> = {}): PictureShape {
  return { width, height, fit: "stretch", kernel: "nearest", ...more };
}

function pixel({ width, data }: Pixels, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

async function refusal(bytes: Uint8Array, limits = FILE_LIMITS): Promise<PictureError> {
  const error = await readPicture(bytes, shape(8, 8), limits).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(PictureError);
  return error as PictureError;
}

/** A JPEG header that claims a size, followed by a scan of nothing. */
function claiming(width: number, height: number): Uint8Array {
  const frame = [0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0];
  return Uint8Array.from([0xff, 0xd8, ...frame, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 3, 0xff, 0xd9]);
}

let png: Uint8Array;
let jpeg: Uint8Array;

beforeAll(async () => {
  png = await encodePng(quarters(40, 20));
  jpeg = await encodeJpeg(quarters(64, 48), 90);
});

describe("reading a picture", () => {
  it("gives the pixels of a PNG as they are", async () => {
    const pixels = await readPicture(png, shape(40, 20), FILE_LIMITS);
    expect(pixels).toEqual(quarters(40, 20));
  });

  it("keeps left and right, top and bottom", async () => {
    const pixels = await readPicture(png, shape(2, 2), FILE_LIMITS);
    expect([...pixels.data]).toEqual([...RED, ...GREEN, ...BLUE, ...WHITE]);
  });

  it("takes the region of interest", async () => {
    const pixels = await readPicture(png, shape(10, 8, { roi: [0.5, 0, 0.5, 0.5] }), FILE_LIMITS);
    for (let at = 0; at < 80; at++) expect(pixel(pixels, at % 10, Math.floor(at / 10))).toEqual([...GREEN]);
  });

  it("mirrors after the crop, exactly", async () => {
    const roi = [0.25, 0, 0.75, 1] as const;
    const plain = await readPicture(jpeg, shape(9, 7, { roi, kernel: "cubic" }), WIRE_LIMITS);
    const mirrored = await readPicture(jpeg, shape(9, 7, { roi, kernel: "cubic", mirror: true }), WIRE_LIMITS);
    for (let y = 0; y < 7; y++) {
      for (let x = 0; x < 9; x++) expect(pixel(mirrored, x, y)).toEqual(pixel(plain, 8 - x, y));
    }
    expect(mirrored.data).not.toEqual(plain.data);
  });

  it("keeps a region outside the picture or without a size inside it, one pixel large at least", async () => {
    const corner = await readPicture(png, shape(8, 8, { roi: [2, 3, 0, 0] }), FILE_LIMITS);
    expect(pixel(corner, 4, 4)).toEqual([...WHITE]);
    const before = await readPicture(png, shape(8, 8, { roi: [-1, -1, 0.5, 0.5] }), FILE_LIMITS);
    expect(pixel(before, 4, 4)).toEqual([...RED]);
  });

  it("gives the same bytes without a region and with the whole as region, also where decoders could shrink", async () => {
    const noise = {
      width: 320,
      height: 240,
      data: Uint8Array.from({ length: 320 * 240 * 3 }, (_, i) => (i * 7919) % 251),
    };
    const file = await encodeJpeg(noise, 80);
    for (const kernel of ["nearest", "linear", "cubic", "lanczos3"] as const) {
      const whole = await readPicture(file, shape(16, 16, { kernel }), WIRE_LIMITS);
      const region = await readPicture(file, shape(16, 16, { kernel, roi: [0, 0, 1, 1] }), WIRE_LIMITS);
      expect(region.data).toEqual(whole.data);
    }
  });

  it("fits by distorting, cutting or padding with black", async () => {
    const stretch = await readPicture(png, shape(20, 20, { fit: "stretch" }), FILE_LIMITS);
    const cover = await readPicture(png, shape(20, 20, { fit: "cover" }), FILE_LIMITS);
    const contain = await readPicture(png, shape(20, 20, { fit: "contain" }), FILE_LIMITS);
    expect(pixel(stretch, 1, 1)).toEqual([...RED]);
    expect(pixel(cover, 9, 0)).toEqual([...RED]);
    expect(pixel(cover, 10, 0)).toEqual([...GREEN]);
    expect(pixel(contain, 10, 2)).toEqual([0, 0, 0]);
    expect(pixel(contain, 1, 7)).toEqual([...RED]);
  });

  it("gives the same to 2 of 255 whether we or a library decode, resize and pad", async () => {
    const soft = Uint8Array.from(
      { length: 200 * 120 * 3 },
      (_, i) => 60 + ((i * 31) % 7) + (Math.floor(i / 600) % 120),
    );
    const file = await encodeJpeg({ width: 200, height: 120, data: soft }, 90);
    // EXIF that turns nothing sends the very same picture the long way.
    const long = await sharp(file)
      .keepExif()
      .withExif({ IFD0: { Copyright: "none" } })
      .jpeg()
      .toBuffer();
    const app1 = long.subarray(long.indexOf(Buffer.from([0xff, 0xe1])));
    const segment = app1.subarray(0, 2 + app1.readUInt16BE(2));
    const withExif = Buffer.concat([file.subarray(0, 2), segment, file.subarray(2)]);
    expect(checkPicture(withExif, WIRE_LIMITS).hasExif).toBe(true);
    expect(checkPicture(file, WIRE_LIMITS).hasExif).toBe(false);
    for (const [width, height, roi] of [
      [96, 96, undefined],
      [64, 33, undefined],
      [31, 64, "default"],
      [128, 128, [0.1, 0.2, 0.3, 0.7]],
      [120, 120, [0.2, 0, 0.6, 1]],
      [100, 81, undefined],
    ] as const) {
      for (const fit of ["contain", "stretch", "cover"] as const) {
        const asked = shape(width, height, { fit, kernel: "linear", roi });
        const short = await readPicture(file, asked, WIRE_LIMITS);
        const other = await readPicture(withExif, asked, WIRE_LIMITS);
        expect([short.width, short.height]).toEqual([other.width, other.height]);
        expect(Math.max(...short.data.map((value, at) => Math.abs(value - (other.data[at] ?? 0))))).toBeLessThan(3);
      }
    }
  });

  it("turns as EXIF says before it crops", async () => {
    // Orientation 6: the file lies on its side and is to be turned by 90 degrees clockwise.
    const file = await sharp(quarters(40, 20).data, { raw: { width: 40, height: 20, channels: 3 } })
      .jpeg({ chromaSubsampling: "4:4:4", quality: 100 })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const turned = await readPicture(file, shape(2, 2), WIRE_LIMITS);
    const near = (found: number[], colour: readonly number[]) =>
      found.every((value, index) => Math.abs(value - (colour[index] ?? -1)) < 12);
    expect(near(pixel(turned, 0, 0), BLUE)).toBe(true);
    expect(near(pixel(turned, 1, 0), RED)).toBe(true);
    expect(near(pixel(turned, 0, 1), WHITE)).toBe(true);
    const bottom = await readPicture(file, shape(2, 2, { roi: [0.5, 0.75, 0.5, 0.25] }), WIRE_LIMITS);
    expect(near(pixel(bottom, 0, 0), GREEN)).toBe(true);
  });

  it("makes three channels of grey and black of transparency, from 16 bits too", async () => {
    const raw = { width: 8, height: 8, channels: 4 as const };
    const clear = await sharp(
      new Uint8Array(8 * 8 * 4).fill(255).map((v, i) => (i % 4 === 3 ? 0 : v)),
      { raw },
    )
      .png()
      .toBuffer();
    expect(new Set((await readPicture(clear, shape(8, 8), FILE_LIMITS)).data)).toEqual(new Set([0]));
    const flat = sharp(new Uint8Array(64).fill(100), { raw: { width: 8, height: 8, channels: 1 } });
    const greys = [
      await flat.clone().toColourspace("b-w").jpeg().toBuffer(),
      await flat.clone().toColourspace("b-w").png().toBuffer(),
      await flat.clone().toColourspace("grey16").png().toBuffer(),
    ];
    for (const grey of greys) {
      const pixels = await readPicture(grey, shape(8, 8), FILE_LIMITS);
      expect(pixels.data).toEqual(new Uint8Array(8 * 8 * 3).fill(100));
    }
  });
});

describe("the default region", () => {
  it("is the centred square of 60 % of the height", () => {
    const [x, y, w, h] = defaultRoi(640, 480);
    expect(w * 640).toBeCloseTo(288);
    expect(h * 480).toBeCloseTo(288);
    expect(x * 640).toBeCloseTo(176);
    expect(y * 480).toBeCloseTo(96);
  });

  it("stays a square inside an upright picture", () => {
    const [x, y, w, h] = defaultRoi(100, 400);
    expect([x, w * 100, h * 400]).toEqual([0, 100, 100]);
    expect(y * 400).toBeCloseTo(150);
  });

  it("can be asked for by name", async () => {
    const named = await readPicture(jpeg, shape(8, 8, { roi: "default" }), WIRE_LIMITS);
    const given = await readPicture(jpeg, shape(8, 8, { roi: defaultRoi(64, 48) }), WIRE_LIMITS);
    expect(named.data).toEqual(given.data);
  });
});

describe("refusing a picture", () => {
  it("says that a file is too large before looking into it", async () => {
    const error = await refusal(new Uint8Array(2_500_000), WIRE_LIMITS);
    expect(error).toMatchObject({ reason: "too-large", message: "2.5 MB, the limit is 2 MB" });
  });

  it("says that a picture has too many pixels before decoding it", async () => {
    const error = await refusal(claiming(20_000, 20_000));
    expect(error).toMatchObject({
      reason: "too-large",
      message: "20000x20000 is 400 megapixels, the limit is 50",
    });
    expect((await refusal(claiming(1920, 1200), WIRE_LIMITS)).reason).toBe("too-large");
    expect((await refusal(claiming(1920, 1080), WIRE_LIMITS)).reason).toBe("bad-image");
  });

  it("takes only JPEG from the wire, whatever the name", async () => {
    const error = await refusal(png, WIRE_LIMITS);
    expect(error).toMatchObject({ reason: "bad-image", message: "a PNG file, only JPEG is taken here" });
  });

  it("knows what is no picture", async () => {
    for (const bytes of [new Uint8Array(), Buffer.from("GIF89a, really"), Buffer.from("<svg/>"), new Uint8Array(500)]) {
      expect(await refusal(bytes)).toMatchObject({ reason: "bad-image", message: "not a JPEG or PNG file" });
    }
  });

  it("says that a file ends early, wherever it was cut and whatever region is asked for", async () => {
    for (const file of [jpeg, png]) {
      for (const share of [0.3, 0.6, 0.9, 0.99]) {
        const cut = file.subarray(0, Math.floor(file.length * share));
        expect((await refusal(cut)).message).toBe("the file ends early");
        const top = readPicture(cut, shape(8, 8, { roi: [0, 0, 0.1, 0.1] }), FILE_LIMITS);
        await expect(top).rejects.toThrow("the file ends early");
      }
    }
  });

  it("answers a header without a size, without a frame or with a broken segment", async () => {
    expect((await refusal(claiming(0, 100))).message).toBe("damaged JPEG: the header gives no size");
    const noFrame = Uint8Array.from([0xff, 0xd8, 0xff, 0xda, 0, 4, 0, 0, 0xff, 0xd9]);
    expect((await refusal(noFrame)).message).toBe("damaged JPEG: no frame header");
    const noLength = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0xff, 0xd9]);
    expect((await refusal(noLength)).message).toBe("damaged JPEG: a segment without a length");
  });

  it("reads a progressive JPEG, and refuses one whose scans come again and again", async () => {
    const { data, width, height } = quarters(64, 64);
    const raw = sharp(data, { raw: { width, height, channels: 3 } });
    const jpeg = await raw.jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer();
    expect(pixel(await readPicture(jpeg, shape(64, 64), WIRE_LIMITS), 0, 0)[0]).toBeGreaterThan(240);
    const lastScan = jpeg.subarray(jpeg.lastIndexOf(Buffer.from([0xff, 0xda])), -2);
    const repeated = (times: number) =>
      Buffer.concat([jpeg.subarray(0, -2), ...Array<Buffer>(times).fill(lastScan), jpeg.subarray(-2)]);
    expect(checkPicture(repeated(80), WIRE_LIMITS)).toMatchObject({ width: 64 });
    expect(() => checkPicture(repeated(100), WIRE_LIMITS)).toThrow("more than 100 scans");
  });

  it("says what a decoder stumbled on, without the names of libraries", async () => {
    const tables = Buffer.from(jpeg);
    tables.writeUInt8(0x7f, tables.indexOf(Buffer.from([0xff, 0xc4])) + 4);
    expect((await refusal(tables)).message).toMatch(/^cannot be decoded: Bogus DHT index/);
  });

  it("reads the size that the decoder will see, past fill bytes and stray bytes", () => {
    const odd = Uint8Array.from([0xff, 0xd8, 0xff, 0xff, 0xfe, 0, 4, 1, 2, 7, 7, ...claiming(300, 200).subarray(2)]);
    expect(checkPicture(odd, FILE_LIMITS)).toMatchObject({ width: 300, height: 200 });
  });
});

describe("any bytes at all", () => {
  /** Passes when the bytes give a picture or a PictureError. */
  async function survives(bytes: Uint8Array): Promise<void> {
    const result = await readPicture(bytes, shape(8, 8, { kernel: "linear" }), FILE_LIMITS).catch(
      (error: unknown) => error,
    );
    if (result instanceof Error) {
      expect(result).toBeInstanceOf(PictureError);
      expect(result.message).toMatch(/^[^\n]{4,200}$/);
    } else expect((result as Pixels).data.length).toBe(8 * 8 * 3);
  }

  it("gives a picture or a PictureError for random bytes behind either signature", async () => {
    const signature = fc.constantFrom([], [0xff, 0xd8, 0xff], [...Buffer.from("\x89PNG\r\n\x1a\n", "latin1")]);
    const bytes = fc.tuple(signature, fc.uint8Array({ maxLength: 300 })).map(([a, b]) => Uint8Array.from([...a, ...b]));
    await fc.assert(fc.asyncProperty(bytes, survives), { numRuns: 400 });
  });

  it("gives a picture or a PictureError for a real file that is cut or has bits turned", async () => {
    const broken = fc
      .tuple(
        fc.boolean(),
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(7)), { maxLength: 6 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
      )
      .map(([usePng, flips, keep]) => {
        const bytes = Uint8Array.from(usePng ? png : jpeg);
        for (const [where, bit] of flips) {
          const at = Math.floor(where * bytes.length);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        }
        return bytes.subarray(0, Math.ceil(keep * bytes.length));
      });
    await fc.assert(fc.asyncProperty(broken, survives), { numRuns: 400 });
  });
});
