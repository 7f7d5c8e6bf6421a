import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceFailure } from "@beckon/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CameraPublisherConfig, type RpicamCamera } from "../config.ts";
import { type FakePrograms, fakePrograms } from "../testing/fake-programs.ts";
import { colourJpeg } from "../testing/pictures.ts";
import { sourceContext } from "../testing/source-context.ts";
import { rpicamArguments, rpicamFrames } from "./rpicam.ts";

const camera = CameraPublisherConfig.parse({ cameras: { desk: { source: "rpicam", camera: 1 } } }).cameras[
  "desk"
] as RpicamCamera;

let programs: FakePrograms;

beforeEach(async () => {
  programs = await fakePrograms();
  programs.alone(true);
});

afterEach(() => programs.remove());

async function read() {
  let frames = 0;
  const error: unknown = await (async () => {
    for await (const _ of rpicamFrames(() => camera, sourceContext().context)) frames += 1;
  })().catch((cause: unknown) => cause);
  return { frames, error, message: (error as Error).message };
}

describe("the camera at the ribbon cable", () => {
  it("is asked for JPEGs without end", () => {
    expect(rpicamArguments(camera).join(" ")).toBe(
      "--timeout 0 --nopreview --camera 1 --codec mjpeg --quality 85 --width 640 --height 480 --framerate 15 --flush --output -",
    );
  });

  it("is also found under the program's older name, and says why it ends", async () => {
    await writeFile(join(programs.folder, "picture.jpg"), await colourJpeg(16, 16, [9, 9, 9]));
    await programs.add(
      "libcamera-vid",
      `process.stdout.write(require("node:fs").readFileSync(__dirname + "/picture.jpg"));
       console.error("ERROR: *** Camera frontend has timed out! ***"); process.exitCode = 255;`,
    );
    const { frames, message } = await read();
    expect(frames).toBe(1);
    expect(message).toBe("libcamera-vid ended: ERROR: *** Camera frontend has timed out! ***");
  });

  it("that is not connected is told so with what to check", async () => {
    await programs.add("rpicam-vid", `console.error("ERROR: *** no cameras available ***"); process.exitCode = 255;`);
    expect((await read()).message).toMatch(/no cameras available \*\*\*; check the ribbon cable, then: rpicam-hello/);
  });

  it("without its program is given up, with the command that installs it", async () => {
    const { error, message } = await read();
    expect(error).toBeInstanceOf(ServiceFailure);
    expect(message).toMatch(/^rpicam-vid or libcamera-vid is not installed: sudo apt-get install rpicam-apps/);
  });
});
