import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { ServiceFailure } from "@beckon/runtime";
import { withDebian } from "@beckon/runtime/testing";
import { checkPicture, WIRE_LIMITS } from "@beckon/vision";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CameraPublisherConfig, type WebcamCamera } from "../config.ts";
import { SourceError } from "../frame-source.ts";
import { type FakePrograms, fakePrograms } from "../testing/fake-programs.ts";
import { colourJpeg } from "../testing/pictures.ts";
import { sourceContext } from "../testing/source-context.ts";
import { webcamFrames } from "./node-webcam.ts";

function cameraOf(section: Record<string, unknown>): WebcamCamera {
  const { cameras } = CameraPublisherConfig.parse({
    cameras: { desk: { source: "node-webcam", device: "TEST", every: 100, width: 320, height: 240, ...section } },
  });
  return cameras["desk"] as WebcamCamera;
}

async function shots(camera: WebcamCamera, most: number): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const { jpeg } of webcamFrames(() => camera, sourceContext().context)) if (all.push(jpeg) === most) break;
  return all;
}

const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("beckon-webcam-"));

withDebian("fswebcam")("node-webcam with the real fswebcam", () => {
  it("takes pictures of the size that was asked for, and leaves no file behind", async () => {
    const before = leftovers();
    for (const jpeg of await shots(cameraOf({ skip: 1 }), 3))
      expect(checkPicture(jpeg, WIRE_LIMITS)).toMatchObject({ width: 320, height: 240 });
    expect(leftovers()).toEqual(before);
  });

  it("says which camera gives no picture", async () => {
    const failing = shots(cameraOf({ device: "/dev/video999" }), 1);
    await expect(failing).rejects.toThrow(SourceError);
    await expect(failing).rejects.toThrow(/^fswebcam took no picture from \/dev\/video999: is it plugged in/);
  });
});

describe("node-webcam", () => {
  let programs: FakePrograms;

  beforeEach(async () => {
    programs = await fakePrograms();
  });

  afterEach(() => programs.remove());

  it("refuses a hostile device where the command is built, whatever the configuration let through", async () => {
    await programs.add("fswebcam", `require("node:fs").writeFileSync(__dirname + "/ran", "")`);
    const hostile = { ...cameraOf({}), device: `TEST; touch ${programs.folder}/owned` };
    await expect(shots(hostile, 1)).rejects.toThrow(/must be \/dev\/video0/);
    expect(readdirSync(programs.folder)).toEqual(["fswebcam"]);
  });

  it("gives fswebcam nothing but what the grammar knows", async () => {
    await programs.add(
      "fswebcam",
      `require("node:fs").writeFileSync(__dirname + "/arguments", process.argv.slice(2, -1).join(" "));
       require("node:fs").copyFileSync(__dirname + "/picture.jpg", process.argv.at(-1));`,
    );
    const { writeFile, readFile } = await import("node:fs/promises");
    await writeFile(`${programs.folder}/picture.jpg`, await colourJpeg(16, 16, [1, 2, 3]));
    await shots(cameraOf({ device: "/dev/v4l/by-id/usb-cam_1.0", quality: 70, skip: 2 }), 1);
    expect(await readFile(`${programs.folder}/arguments`, "utf8")).toBe(
      "-q -r 320x240 --jpeg 70 -d /dev/v4l/by-id/usb-cam_1.0 --no-banner --skip 2",
    );
  });

  it("without fswebcam is given up, with the command that installs it", async () => {
    programs.alone(true);
    const failing = shots(cameraOf({}), 1);
    await expect(failing).rejects.toThrow(ServiceFailure);
    await expect(failing).rejects.toThrow("fswebcam is not installed: sudo apt-get install fswebcam");
  });
});
