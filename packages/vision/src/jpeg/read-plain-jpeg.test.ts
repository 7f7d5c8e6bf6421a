import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Pixels } from "../pixels.ts";
import { readPlainJpeg } from "./header.ts";
import { pixelsOfPlainJpeg, type Region } from "./read-plain-jpeg.ts";

/** A picture with flat parts, edges, soft changes of colour and grain: what a cosine transform finds easy and hard. */
function scene(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grain = ((x * 7919 + y * 104_729) % 61) - 30;
      const inside = Math.hypot(x - width / 2, y - height / 3) < height / 4;
      const at = (y * width + x) * 3;
      data[at] = inside ? 200 : Math.min(255, Math.max(0, 128 + 100 * Math.sin(x / 9) + grain));
      data[at + 1] = inside ? 150 + (y % 40) : Math.min(255, Math.max(0, (y * 255) / height + grain));
      data[at + 2] = inside ? 130 : Math.min(255, Math.max(0, 128 + 100 * Math.cos((x + y) / 13)));
    }
  }
  return { width, height, data };
}

// ffmpeg's test picture, 48x40, 4:2:0 in slices with restart markers, and 40x32 in 4:2:2: sharp can write neither.
const RESTARTS =
  "/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAgoKC8oLzc3Nzc3N0E8QUNDQ0FBQUFDQ0NISEhVVVVISEhDQ0hIUFBVVVxfXFdXVVdfX2RkZHh4c3OMjJGsrM//3QAEAAP/xAGiAAABBQEBAQEBAQAAAAAAAAAAAQIDBAUGBwgJCgsBAAMBAQEBAQEBAQEAAAAAAAABAgMEBQYHCAkKCxAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6EQACAQIEBAMEBwUEBAABAncAAQIDEQQFITEGEkFRB2FxEyIygQgUQpGhscEJIzNS8BVictEKFiQ04SXxFxgZGiYnKCkqNTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqCg4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2dri4+Tl5ufo6ery8/T19vf4+fr/wAARCAAoADADASIAAhEAAxEA/9oADAMBAAIRAxEAPwDy75yxC/Xtx+Jrod8+cZ7Z/hxj1z0xVVcHzFxknadvqByf0rfyPL2Y567M843Zx9cfjXk1qrqPVddE9bX/AEPXq0ot+9rbm/PbruPNzOvVv0X/AAry1QzHA+vbp7mvQ242D7pBJ+mTxmufjOfNU4ckg4H8WGycVrRk6ak4+7e22nW19Pv3OdxV7f1te39IkzLnHtn+HGPXPTFa5nmXq36L/hVzI8vZj5uuzPON2cZ9cfjVB+PLA+Ugk4P8OTxmupVZyevd/lvvt/VwrwU0ubW219d2tNT/0PIJPvGpKjk+8akrzOiO/EfG/WX5mnXHV2NcdXp0evyOBmnWlWbWlXeyKvT5n//R8rdGLHitXyJP7v6j/GrdelV8hKo422OzMP3Tg19rmvf5f5nGfZJ/7n6r/jXlODX2rXx1X1+X/v8A2nNpy8u3nfvfscctLGj5T+n6iug+zy/3f1H+NbdelV9bOmlbc58f+49ny635t/K3ax//2Q==";
const HALVED_ACROSS =
  "/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAgoKC8oLzc3Nzc3N0E8QUNDQ0FBQUFDQ0NISEhVVVVISEhDQ0hIUFBVVVxfXFdXVVdfX2RkZHh4c3OMjJGsrM//xAB/AAADAQEAAAAAAAAAAAAAAAADBAUGBwEAAgMBAQEAAAAAAAAAAAAAAAYEBQECBwMQAAIBAgQFBAMBAAAAAAAAABEBAAMCQSExEhNxgUJRMpEioVME0VIRAAEDAgUEAQUBAAAAAAAAAAECABEDQXExMiESgrEE8IHhYaEjkVH/wAARCAAgACgDASIAAhIAAxIA/9oADAMBAAIRAxEAPwDl3zdzVvPDLq5qLatdXa5g6WgeToJOtD4loLe17fKWb+pok1s2DPXZiNxHMdZ35SgtUK348oaWqfyD8QH9KiCtSTGR2beuAo9Q+ZeU/ZqVbtu9kEZLEeJHpO/PbzemHOXq2XCSFrTbz7S0DA02eKmLm2mF3Blieh0qhp0QAYSJ7tdA/WP7P25y1lMhc3+jmjX7nxde2pXXxOB7QPJ0EPxa3+7fenGkOHsGeuw5jcRzHWTgvw3e938lsaw/1rSTxmTEkkbWaSrx+alKjcqM73lt9QciIEwIO93jKnqcZWsWqepxlayVYYMsMGV9fUe7K+vqPdq1MIhbH6mEQtjEjQPbsRoHt3BGbBm660hINaQk4euiVmcS8VmcS//Z";

type Options = NonNullable<Parameters<ReturnType<typeof sharp>["jpeg"]>[0]>;

function jpegOf({ width, height, data }: Pixels, options: Options): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg(options)
    .toBuffer();
}

/** The region as sharp decodes and resizes it. */
function bySharp(file: Uint8Array, region: Region, width: number, height: number): Promise<Buffer> {
  const size = { width, height, fit: "fill", kernel: "linear", fastShrinkOnLoad: false } as const;
  return sharp(file).extract(region).resize(size).toColourspace("srgb").raw().toBuffer();
}

function own(file: Uint8Array, region: Region, width: number, height: number): Uint8Array {
  const size = { width, height, factorX: region.width / width, factorY: region.height / height };
  const pixels = pixelsOfPlainJpeg(file, region, size);
  if (pixels === undefined) throw new Error("not taken");
  return pixels.data;
}

function taken(file: Uint8Array): boolean {
  const size = { width: 32, height: 32, factorX: 1, factorY: 1 };
  return pixelsOfPlainJpeg(file, { left: 0, top: 0, width: 32, height: 32 }, size) !== undefined;
}

/** The file with some of its bytes replaced by as many others. */
function swapped(file: Buffer, from: readonly number[], to: readonly number[]): Buffer {
  const at = file.indexOf(Buffer.from(from));
  if (at < 0) throw new Error("no such bytes");
  const out = Buffer.from(file);
  out.set(to, at);
  return out;
}

/** With ones throughout in a part of its data, which are no code of any table. */
function withOnes(file: Buffer, from: number): Buffer {
  const out = Buffer.from(file);
  for (let at = from; at < from + 80; at += 2) out.set([0xff, 0], at);
  return out;
}

const kinds: readonly [name: string, options: Options][] = [
  ["4:2:0", { quality: 80 }],
  ["4:2:0 of the highest quality", { quality: 100, chromaSubsampling: "4:2:0" }],
  ["4:4:4", { quality: 90, chromaSubsampling: "4:4:4" }],
  ["4:2:0 with tables made for it", { quality: 60, optimiseCoding: true }],
];

describe("a plain JPEG", () => {
  for (const [name, options] of kinds) {
    it(`gives the bytes of libjpeg where nothing is resized: ${name}`, async () => {
      for (const [width, height] of [
        [96, 64],
        [101, 77],
      ] as const) {
        const file = await jpegOf(scene(width, height), options);
        for (const region of [
          { left: 0, top: 0, width, height },
          { left: 17, top: 9, width: 40, height: 31 },
          { left: width - 23, top: height - 19, width: 23, height: 19 },
          { left: 16, top: 16, width: 1, height: 1 },
        ]) {
          const reference = await bySharp(file, region, region.width, region.height);
          expect(Buffer.compare(own(file, region, region.width, region.height), reference)).toBe(0);
        }
      }
    });
  }

  it("gives the bytes of libjpeg with restart markers, and with colours halved across only", async () => {
    for (const [text, width, height] of [
      [RESTARTS, 48, 40],
      [HALVED_ACROSS, 40, 32],
    ] as const) {
      const file = Buffer.from(text, "base64");
      for (const region of [
        { left: 0, top: 0, width, height },
        { left: 11, top: 17, width: 21, height: 13 },
      ]) {
        const reference = await bySharp(file, region, region.width, region.height);
        expect(Buffer.compare(own(file, region, region.width, region.height), reference)).toBe(0);
      }
    }
  });

  it("differs from libvips' linear kernel by 1 of 255 at most wherever no colour is cut off", async () => {
    const soft = scene(320, 240);
    const file = await jpegOf({ ...soft, data: soft.data.map((value) => 64 + (value >> 1)) }, { quality: 85 });
    for (const [region, width, height] of [
      [{ left: 0, top: 0, width: 320, height: 240 }, 64, 48],
      [{ left: 0, top: 0, width: 320, height: 240 }, 96, 96],
      [{ left: 33, top: 17, width: 201, height: 200 }, 64, 64],
      [{ left: 88, top: 48, width: 144, height: 144 }, 128, 128],
      [{ left: 100, top: 90, width: 30, height: 30 }, 48, 48],
    ] as const) {
      const reference = await bySharp(file, region, width, height);
      const found = own(file, region, width, height);
      const differences = found.map((value, index) => Math.abs(value - (reference[index] ?? 0)));
      expect(differences.length).toBe(reference.length);
      expect(differences.filter((difference) => difference > 1).length / found.length).toBeLessThan(0.001);
      expect(Math.max(...differences)).toBeLessThan(4);
    }
  });

  it("stays within 2 where it decodes fewer samples, and within 4 where these lie across the region's border", async () => {
    const soft = scene(640, 480);
    const dull = { ...soft, data: soft.data.map((value) => 64 + (value >> 1)) };
    for (const chromaSubsampling of ["4:2:0", "4:4:4"]) {
      const file = await jpegOf(dull, { quality: 85, chromaSubsampling });
      for (const [region, width, height, most] of [
        [{ left: 0, top: 0, width: 640, height: 480 }, 128, 96, 2],
        [{ left: 0, top: 0, width: 640, height: 480 }, 64, 48, 2],
        [{ left: 33, top: 17, width: 601, height: 460 }, 131, 99, 4],
        [{ left: 7, top: 3, width: 399, height: 401 }, 31, 41, 4],
      ] as const) {
        const reference = await bySharp(file, region, width, height);
        const differences = own(file, region, width, height).map((value, at) => Math.abs(value - (reference[at] ?? 0)));
        expect(differences.filter((difference) => difference > 1).length / differences.length).toBeLessThan(0.02);
        expect(Math.max(...differences)).toBeLessThanOrEqual(most);
      }
    }
  });

  it("makes three equal channels of grey", async () => {
    const file = await sharp(
      new Uint8Array(64 * 64).map((_, index) => index % 251),
      {
        raw: { width: 64, height: 64, channels: 1 },
      },
    )
      .toColourspace("b-w")
      .jpeg({ quality: 90 })
      .toBuffer();
    const region = { left: 5, top: 6, width: 50, height: 40 };
    const reference = await sharp(file).extract(region).toColourspace("b-w").raw().toBuffer();
    const found = own(file, region, 50, 40);
    expect([...found]).toEqual([...reference].flatMap((value) => [value, value, value]));
    expect(own(file, region, 25, 20).every((value, index, all) => value === all[index - (index % 3)])).toBe(true);
  });

  it("gives the same for the same picture, whatever was decoded before", async () => {
    const small = await jpegOf(scene(64, 48), { quality: 80 });
    const large = await jpegOf(scene(300, 200), { quality: 90, chromaSubsampling: "4:4:4" });
    const region = { left: 3, top: 5, width: 50, height: 40 };
    const before = own(small, region, 25, 20);
    own(large, { left: 0, top: 0, width: 300, height: 200 }, 100, 100);
    expect(own(small, region, 25, 20)).toEqual(before);
  });

  it("gives the same behind a picture that broke off anywhere in a block", async () => {
    const file = await jpegOf(scene(64, 48), { quality: 80 });
    const scan = file.indexOf(Buffer.from([0xff, 0xda]));
    const region = { left: 0, top: 0, width: 64, height: 48 };
    const before = own(file, region, 64, 48);
    for (let from = scan + 100; from < scan + 140; from++) {
      expect(taken(withOnes(file, from))).toBe(false);
      expect(own(file, region, 64, 48)).toEqual(before);
    }
  });
});

describe("what is left to a library", () => {
  it("is every file of another kind", async () => {
    const plain = scene(64, 48);
    expect(taken(await jpegOf(plain, { quality: 80 }))).toBe(true);
    expect(taken(await jpegOf(plain, { progressive: true }))).toBe(false);
    expect(
      taken(
        await sharp(await jpegOf(plain, {}))
          .withMetadata({ orientation: 6 })
          .toBuffer(),
      ),
    ).toBe(false);
    expect(
      taken(
        await sharp(await jpegOf(plain, {}))
          .withIccProfile("p3")
          .toBuffer(),
      ),
    ).toBe(false);
    expect(
      taken(
        await sharp(await jpegOf(plain, {}))
          .toColourspace("cmyk")
          .jpeg()
          .toBuffer(),
      ),
    ).toBe(false);
    expect(
      taken(
        await sharp(await jpegOf(plain, {}))
          .png()
          .toBuffer(),
      ),
    ).toBe(false);
  });

  it("is every file with more blocks a unit than there may be", async () => {
    const file = await jpegOf(scene(64, 48), { quality: 80, chromaSubsampling: "4:4:4" });
    const components = (sampling: number) => [1, sampling, 0, 2, sampling, 1, 3, sampling, 1];
    const readable = (sampling: number) => readPlainJpeg(swapped(file, components(0x11), components(sampling)));
    // Three, six and twelve blocks.
    expect(readable(0x11)).toBeDefined();
    expect(readable(0x12)).toBeDefined();
    expect(readable(0x22)).toBeUndefined();
  });

  it("is every file whose only scan does not hold all components, so that no number of scans can hold us up", async () => {
    const file = await jpegOf(scene(64, 48), { quality: 80 });
    const scan = [0xff, 0xda, 0, 12, 3];
    expect(taken(swapped(file, scan, [0xff, 0xda, 0, 12, 1]))).toBe(false);
    expect(taken(swapped(file, scan, [0xff, 0xda, 0, 8, 1]))).toBe(false);
  });

  it("is every file that is not flawless", async () => {
    const file = await jpegOf(scene(64, 48), { quality: 80 });
    const scan = file.indexOf(Buffer.from([0xff, 0xda]));
    expect(taken(file.subarray(0, scan + 200))).toBe(false);
    const cut = Buffer.concat([file.subarray(0, scan + 200), Buffer.from([0xff, 0xd9])]);
    expect(taken(cut)).toBe(false);
    expect(taken(swapped(file, [0xff, 0xc4], [0xff, 0xef]))).toBe(false);
    const restarts = Buffer.from(RESTARTS, "base64");
    expect(taken(restarts)).toBe(true);
    expect(taken(swapped(restarts, [0xff, 0xd0], [0xff, 0xd1]))).toBe(false);
    expect(taken(withOnes(file, scan + 100))).toBe(false);
  });
});
