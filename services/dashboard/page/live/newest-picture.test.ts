import { describe, expect, it } from "vitest";
import { createNewestPicture } from "./newest-picture.ts";

/** A sink whose decoder and screen are worked by hand. */
function handSink() {
  const decoding: { jpeg: Uint8Array; done: (picture: string) => void; failed: (error: Error) => void }[] = [];
  const frames: (() => void)[] = [];
  const drawn: string[] = [];
  const discarded: string[] = [];
  const pictures = createNewestPicture<string>({
    decode: (jpeg) => new Promise((done, failed) => decoding.push({ jpeg, done, failed })),
    draw: (picture) => drawn.push(picture),
    discard: (picture) => discarded.push(picture),
    nextFrame: (draw) => frames.push(draw),
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  return {
    ...{ pictures, decoding, frames, drawn, discarded },
    decoded: async () => {
      const job = decoding.shift();
      job?.done(`picture ${job.jpeg[0]}`);
      await settle();
    },
    failed: async () => {
      decoding.shift()?.failed(new Error("no picture"));
      await settle();
    },
    screen: () => frames.splice(0).forEach((draw) => void draw()),
  };
}

const jpeg = (number: number): Uint8Array => Uint8Array.of(number);

describe("the newest picture", () => {
  it("decodes one at a time and keeps only the newest of those that wait", async () => {
    const { pictures, decoding, decoded, screen, drawn } = handSink();
    for (const number of [1, 2, 3, 4]) pictures.offer(jpeg(number));
    expect(decoding).toHaveLength(1);
    await decoded();
    expect(decoding.map((job) => job.jpeg[0])).toEqual([4]);
    await decoded();
    screen();
    expect(drawn).toEqual(["picture 4"]);
    expect(pictures.counts).toEqual({ offered: 4, drawn: 1, superseded: 3, unreadable: 0 });
  });

  it("draws once for each time the screen is drawn, and frees what came between", async () => {
    const { pictures, decoded, frames, screen, drawn, discarded } = handSink();
    for (const number of [1, 2, 3]) {
      pictures.offer(jpeg(number));
      await decoded();
    }
    expect(frames).toHaveLength(1);
    screen();
    expect(drawn).toEqual(["picture 3"]);
    expect(discarded).toEqual(["picture 1", "picture 2"]);
  });

  it("counts what is no picture, and goes on", async () => {
    const { pictures, decoded, failed, screen, drawn } = handSink();
    pictures.offer(jpeg(1));
    await failed();
    pictures.offer(jpeg(2));
    await decoded();
    screen();
    expect(drawn).toEqual(["picture 2"]);
    expect(pictures.counts.unreadable).toBe(1);
  });

  it("draws nothing that was in work when it was no longer wanted, and frees it", async () => {
    const { pictures, decoded, screen, drawn, discarded } = handSink();
    pictures.offer(jpeg(1));
    await decoded();
    pictures.offer(jpeg(2));
    pictures.offer(jpeg(3));
    pictures.forget();
    await decoded();
    screen();
    expect(drawn).toEqual([]);
    expect(discarded).toEqual(["picture 1", "picture 2"]);
    expect(pictures.counts).toEqual({ offered: 3, drawn: 0, superseded: 3, unreadable: 0 });
    pictures.offer(jpeg(4));
    await decoded();
    screen();
    expect(drawn).toEqual(["picture 4"]);
  });
});
