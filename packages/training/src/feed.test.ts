import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultStyle, drawScene, drawSilhouette } from "@beckon/synthetic";
import {
  encodeJpeg,
  encodePng,
  FILE_LIMITS,
  type InputSpec,
  readPicture,
  tensorLength,
  writeTensor,
} from "@beckon/vision";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Feed, openFeed, type PixelSource } from "./feed.ts";
import { inputOf } from "./network.ts";
import { storePixels } from "./pixel-store.ts";
import { quickOptions } from "./training-fixture.ts";

const SIDE = 48;
/** Samples: a photograph, a photograph that is not square, a cut-out hand, a red wall, a blue wall. */
const [PHOTOGRAPH, WIDE, CUT_OUT, RED, BLUE] = [0, 1, 2, 3, 4];
const COUNT = 5;
let folder = "";
let paths: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-feed-"));
  await mkdir(folder, { recursive: true });
  const hand = drawScene({ sign: "5", width: 90, height: 90 });
  const silhouette = drawSilhouette({ sign: "5", style: defaultStyle, width: 90, height: 90 });
  const cutOut = {
    ...hand,
    data: hand.data.map((value, index) => ((silhouette[Math.floor(index / 3)] ?? 0) > 127 ? value : 0)),
  };
  const wall = (...colour: number[]) => ({ ...hand, data: hand.data.map((_, index) => colour[index % 3] as number) });
  const files: [string, Uint8Array][] = [
    ["hand.jpg", await encodeJpeg(hand)],
    ["wide.jpg", await encodeJpeg(drawScene({ sign: "2", width: 160, height: 90 }))],
    ["cut-out.png", await encodePng(cutOut)],
    ["red.png", await encodePng(wall(250, 10, 10))],
    ["blue.png", await encodePng(wall(10, 10, 250))],
  ];
  paths = files.map(([name]) => join(folder, name));
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a training takes for a network of this side. */
const input: InputSpec = inputOf(quickOptions("", "", { side: SIDE }), undefined);

async function open(changes: Partial<PixelSource> = {}): Promise<Feed> {
  const shape = changes.input ?? input;
  const { store } = await storePixels(
    paths.map((path) => ({ path })),
    shape,
    { folder: join(folder, "stores") },
  );
  store.close();
  return openFeed({
    kind: "pixels",
    path: store.path,
    input: shape,
    augmentation: "strong",
    cutOut: Uint8Array.from({ length: COUNT }, (_, index) => (index === CUT_OUT ? 1 : 0)),
    backgrounds: Int32Array.of(RED, BLUE),
    ...changes,
  });
}

function plain(feed: Feed, sample: number): Float32Array {
  const values = new Float32Array(feed.size);
  feed.plain(sample, values, 0);
  return values;
}

function varied(feed: Feed, sample: number, ...seed: number[]): Float32Array {
  const values = new Float32Array(feed.size);
  feed.varied(sample, seed, values, 0);
  return values;
}

describe("the one image path", () => {
  test.each<[string, Partial<InputSpec>]>([
    ["as trained here", {}],
    [
      "channels last, BGR, ImageNet's scale",
      { layout: "NHWC", colours: "BGR", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    ],
    ["stretched", { fit: "stretch", kernel: "cubic" }],
    ["cut", { fit: "cover", width: 56, kernel: "lanczos3" }],
  ])("the trainer and the classifier see the same numbers, to the bit: %s", async (_what, changes) => {
    const own = { ...input, ...changes };
    const feed = await open({ input: own });
    for (const [sample, path] of paths.entries()) {
      // As `openClassifier` does it.
      const expected = new Float32Array(tensorLength(own));
      writeTensor(await readPicture(await readFile(path), own, FILE_LIMITS), own, expected);
      expect(plain(feed, sample)).toEqual(expected);
    }
    feed.close();
  });

  test("a recipe without augmentation trains on the same numbers too", async () => {
    const feed = await open({ augmentation: "none" });
    for (let sample = 0; sample < COUNT; sample++) {
      expect(varied(feed, sample, 1, 2, 3)).toEqual(plain(feed, sample));
    }
    feed.close();
  });
});

describe("augmented samples", () => {
  test("differ from draw to draw, and are the same for the same draw", async () => {
    const feed = await open();
    const first = varied(feed, PHOTOGRAPH, 1, 1, 0);
    expect(varied(feed, PHOTOGRAPH, 1, 1, 0)).toEqual(first);
    varied(feed, WIDE, 5, 5, 5);
    expect(varied(feed, PHOTOGRAPH, 1, 1, 0)).toEqual(first);
    expect(varied(feed, PHOTOGRAPH, 1, 2, 0)).not.toEqual(first);
    expect(varied(feed, PHOTOGRAPH, 1, 1, 1)).not.toEqual(first);
    expect(first).not.toEqual(plain(feed, PHOTOGRAPH));
    feed.close();
  });

  test("are written where they are asked for, and nowhere else", async () => {
    const feed = await open();
    const batch = new Float32Array(3 * feed.size).fill(7);
    feed.varied(PHOTOGRAPH, [1, 1, 0], batch, feed.size);
    expect(batch.slice(feed.size, 2 * feed.size)).toEqual(varied(feed, PHOTOGRAPH, 1, 1, 0));
    expect([...new Set([...batch.slice(0, feed.size), ...batch.slice(2 * feed.size)])]).toEqual([7]);
    feed.close();
  });

  /** How often of 40 draws a corner region is mostly red or mostly blue. */
  async function walls(changes: Partial<PixelSource>, sample = CUT_OUT): Promise<{ red: number; blue: number }> {
    const feed = await open({ augmentation: "light", ...changes });
    const found = { red: 0, blue: 0 };
    for (let draw = 0; draw < 40; draw++) {
      const values = varied(feed, sample, 1, draw, 0);
      const area = SIDE * SIDE;
      const mean = [0, 1, 2].map((channel) =>
        values.subarray(channel * area, channel * area + SIDE * 4).reduce((sum, value) => sum + value, 0),
      );
      const [red = 0, , blue = 0] = mean;
      // A row of bright red against none: far beyond what a change of colour does to black.
      if (red - blue > SIDE * 4) found.red++;
      if (blue - red > SIDE * 4) found.blue++;
    }
    feed.close();
    return found;
  }

  test("put cut-out hands before the backgrounds there are, each of them at times", async () => {
    const { red, blue } = await walls({});
    expect(red).toBeGreaterThan(5);
    expect(blue).toBeGreaterThan(5);
    expect(red + blue).toBeLessThan(40);
  });

  test("leave a hand alone that is not said to be cut out, and where there is no background", async () => {
    expect(await walls({ cutOut: new Uint8Array(COUNT) })).toEqual({ red: 0, blue: 0 });
    expect(await walls({ backgrounds: new Int32Array(0) })).toEqual({ red: 0, blue: 0 });
    expect(await walls({}, PHOTOGRAPH)).toEqual({ red: 0, blue: 0 });
  });
});

describe("features", () => {
  test("are read back as they were written, never varied", async () => {
    const path = join(folder, "features.f32");
    const values = Float32Array.from({ length: 12 }, (_, index) => index / 7);
    await writeFile(path, new Uint8Array(values.buffer));
    const feed = openFeed({ kind: "features", path, size: 4 });
    expect(plain(feed, 1)).toEqual(values.slice(4, 8));
    expect(varied(feed, 2, 1, 2, 3)).toEqual(values.slice(8, 12));
    const batch = new Float32Array(8);
    feed.plain(0, batch.subarray(2), 1);
    expect(batch).toEqual(Float32Array.of(0, 0, 0, ...values.slice(0, 4), 0));
    expect(() => plain(feed, 3)).toThrow(/ends before sample 3/);
    feed.close();
  });
});
