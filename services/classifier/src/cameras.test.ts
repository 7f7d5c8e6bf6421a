import { createBoot } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { Cameras } from "./cameras.ts";

const START = 1_763_632_801_000;

describe("the cameras", () => {
  it("numbers the frames of one that does not, from its own boot, by their arrival", () => {
    const cameras = new Cameras({ maxAge: 1000 });
    const sightings = [0, 40].map((ms) => cameras.judge("esp", undefined, START + ms));
    expect(sightings).toMatchObject([
      { stamp: { seq: 0, at: START }, foreign: true, age: 0, gap: 0 },
      { stamp: { seq: 1, at: START + 40 }, foreign: true },
    ]);
  });

  it("judges each by its own clock", () => {
    const cameras = new Cameras({ maxAge: 1000 });
    const boot = createBoot(START);
    const envelope = (seq: number, at: number) => ({ seq, at, boot, width: 1, height: 1 });
    cameras.judge("desk", envelope(0, 500_000), START);
    expect(cameras.judge("desk", envelope(1, 500_040), START + 60)).toMatchObject({ age: expect.closeTo(20, 0) });
    expect(cameras.judge("desk", envelope(2, 500_080), START + 2000)).toEqual({ untimely: "stale", gap: 0 });
    expect(cameras.judge("hall", envelope(5, START), START + 2000)).toMatchObject({ age: 0, gap: 0 });
  });

  it("are 256 at most, and one that is silent gives up its place", () => {
    const cameras = new Cameras({ maxAge: 1000 });
    for (let index = 0; index < 256; index++)
      expect(cameras.judge(`camera-${index}`, undefined, START + index).untimely).toBeUndefined();
    expect(cameras.judge("one-more", undefined, START + 1000)).toMatchObject({ untimely: "too-many-cameras" });
    expect(cameras.judge("one-more", undefined, START + 20_000).untimely).toBeUndefined();
  });
});
