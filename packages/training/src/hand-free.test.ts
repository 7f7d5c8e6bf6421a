import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawScene } from "@beckon/synthetic";
import { encodeJpeg, FILE_LIMITS, readPicture } from "@beckon/vision";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cutHandFree } from "./hand-free.ts";

/** Where the drawn hand is in the frame, in fractions. */
const HAND = [0.05, 0.2, 0.36, 0.64] as const;
const WHOLE = { fit: "stretch", kernel: "linear" } as const;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-hand-free-"));
  await mkdir(join(folder, "frames/eve/A"), { recursive: true });
  await mkdir(join(folder, "crops/eve/A"), { recursive: true });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function frameWithHand(name: string): Promise<Uint8Array> {
  const frame = await encodeJpeg(drawScene({ sign: "A", width: 256, height: 144, roi: HAND }));
  await writeFile(join(folder, "frames/eve/A", name), frame);
  return frame;
}

test("squares are cut beside the hand that was cut from the frame, never over it", async () => {
  const frame = await frameWithHand("1.jpg");
  const crop = await readPicture(frame, { ...WHOLE, width: 96, height: 96, roi: HAND }, FILE_LIMITS);
  await writeFile(join(folder, "crops/eve/A/1.jpg"), await encodeJpeg(crop));
  const out = join(folder, "out");
  const outcome = await cutHandFree({ frames: join(folder, "frames"), crops: join(folder, "crops"), out });
  expect(outcome.skipped).toBe(0);
  const squares = await readdir(join(out, "eve/hand-free"));
  expect(squares.length).toBe(outcome.squares);
  expect(squares.length).toBeGreaterThan(0);
  // Beside the hand the same scene without it looks the same; over it, it would not.
  const empty = await encodeJpeg(drawScene({ sign: "none", width: 256, height: 144 }));
  const room = await readPicture(empty, { ...WHOLE, width: 96, height: 54 }, FILE_LIMITS);
  for (const name of squares) {
    const square = await readPicture(
      await readFile(join(out, "eve/hand-free", name)),
      { ...WHOLE, width: 27, height: 27 },
      FILE_LIMITS,
    );
    expect(nearest(room, square)).toBeLessThan(6);
  }
});

test("a frame whose crop is missing, or another picture, is skipped and counted", async () => {
  await frameWithHand("1.jpg");
  await frameWithHand("2.jpg");
  const noise = Uint8Array.from({ length: 96 * 96 * 3 }, (_, index) => (index * 7919) % 256);
  await writeFile(join(folder, "crops/eve/A/2.jpg"), await encodeJpeg({ width: 96, height: 96, data: noise }));
  const outcome = await cutHandFree({
    frames: join(folder, "frames"),
    crops: join(folder, "crops"),
    out: join(folder, "out"),
  });
  expect(outcome).toEqual({ squares: 0, skipped: 2 });
});

/** Smallest mean absolute difference of the square to any place of the room. */
function nearest(
  room: { width: number; height: number; data: Uint8Array },
  square: { width: number; data: Uint8Array },
): number {
  const side = square.width;
  let least = 255;
  for (let y = 0; y + side <= room.height; y++) {
    for (let x = 0; x + side <= room.width; x++) {
      let sum = 0;
      for (let row = 0; row < side; row++) {
        for (let i = 0; i < side * 3; i++) {
          const here = room.data[((y + row) * room.width + x) * 3 + i] as number;
          sum += Math.abs(here - (square.data[row * side * 3 + i] as number));
        }
      }
      least = Math.min(least, sum / (side * side * 3));
    }
  }
  return least;
}
