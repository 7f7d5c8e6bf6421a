import { scriptOf } from "@beckon/synthetic";
import { describe, expect, it } from "vitest";
import { CameraPublisherConfig, type SyntheticCamera } from "../config.ts";
import { sourceContext } from "../testing/source-context.ts";
import { handAt, syntheticFrames } from "./synthetic.ts";

const FAST = { source: "synthetic", width: 32, height: 32, fps: 60, letter: 100, rest: 100, pause: 0 };

function cameraOf(section: Record<string, unknown>): SyntheticCamera {
  const { cameras } = CameraPublisherConfig.parse({ cameras: { desk: { ...FAST, ...section } } });
  return cameras["desk"] as SyntheticCamera;
}

const hex = (jpeg: Uint8Array): string => Buffer.from(jpeg).toString("hex");

describe("the drawn hand", () => {
  it("has few different pictures, so that each is drawn once", () => {
    const script = scriptOf("HELLO");
    const keys = new Set(Array.from({ length: script.duration }, (_, time) => handAt(script, time).key));
    // Rest and H, E, L, O; eight pictures there and back for each, L's twice the same.
    expect(keys.size).toBe(5 + 4 * 16);
    const poses = new Map(
      Array.from({ length: script.duration }, (_, time) => {
        const { key, pose } = handAt(script, time);
        return [`${key} ${JSON.stringify(pose)}`, key];
      }),
    );
    expect(poses.size).toBe(keys.size);
  });

  it("shows the same picture as long as a sign is held, and others while it moves", async () => {
    const pictures = new Set<string>();
    let frames = 0;
    for await (const { jpeg } of syntheticFrames(() => cameraOf({ text: "L" }), sourceContext().context)) {
      pictures.add(hex(jpeg));
      if (++frames === 150) break;
    }
    expect(pictures.size).toBeGreaterThan(6);
    expect(pictures.size).toBeLessThanOrEqual(18);
  });

  it("signs another text from its beginning as soon as it is told", async () => {
    let camera = cameraOf({ text: "" });
    const still = new Set<string>();
    const moving = new Set<string>();
    let frames = 0;
    for await (const { jpeg } of syntheticFrames(() => camera, sourceContext().context)) {
      frames += 1;
      (frames <= 20 ? still : moving).add(hex(jpeg));
      if (frames === 20) camera = cameraOf({ text: "L" });
      if (frames === 120) break;
    }
    expect(still.size).toBe(1);
    expect(moving.size).toBeGreaterThan(6);
  });

  it("rests when the text is signed and was not to be repeated", async () => {
    const last: string[] = [];
    let first: string | undefined;
    for await (const { jpeg } of syntheticFrames(() => cameraOf({ text: "L", loop: false }), sourceContext().context)) {
      first ??= hex(jpeg);
      last.push(hex(jpeg));
      if (last.length === 160) break;
    }
    expect(new Set(last.slice(-20))).toEqual(new Set([first]));
  });

  it("is drawn where it is looked for", async () => {
    const first = async (section: Record<string, unknown>): Promise<string | undefined> => {
      for await (const { jpeg } of syntheticFrames(() => cameraOf(section), sourceContext().context)) return hex(jpeg);
      return undefined;
    };
    expect(await first({ text: "L", roi: [0, 0, 0.5, 0.5] })).not.toBe(await first({ text: "L" }));
  });
});
