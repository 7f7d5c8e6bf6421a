import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AutoCamera, CameraPublisherConfig } from "../config.ts";
import { type FakePrograms, fakePrograms } from "../testing/fake-programs.ts";
import { chooseSource, type Machine, thisMachine } from "./auto.ts";

const auto = CameraPublisherConfig.parse({ cameras: { desk: { text: "BYE", fps: 10 } } }).cameras["desk"] as AutoCamera;

const WEBCAM = { path: "/dev/video2", name: "HD Webcam C525", readable: true };

function machine({
  devices = [],
  programs = [],
  pi = false,
}: {
  devices?: (typeof WEBCAM)[];
  programs?: string[];
  pi?: boolean;
}): Machine {
  return {
    videoDevices: async () => devices,
    hasProgram: async (name) => programs.includes(name),
    hasPiCamera: async () => pi,
  };
}

describe("the choice of a camera", () => {
  it("takes the first USB camera that may be read, and says which", async () => {
    const locked = { path: "/dev/video0", name: "Other", readable: false };
    const { camera, why } = await chooseSource(
      auto,
      machine({ devices: [locked, WEBCAM], programs: ["ffmpeg"], pi: true }),
    );
    expect(camera).toMatchObject({
      source: "ffmpeg",
      device: "/dev/video2",
      copy: true,
      width: 640,
      height: 480,
      fps: 10,
    });
    expect(why).toBe("/dev/video2 (HD Webcam C525), through ffmpeg");
  });

  it("takes the camera at the ribbon cable where there is no other", async () => {
    const { camera, why } = await chooseSource(auto, machine({ programs: ["ffmpeg"], pi: true }));
    expect(camera).toMatchObject({ source: "rpicam", camera: 0, fps: 10 });
    expect(why).toContain("ribbon cable");
  });

  it("takes the drawn hand where there is no camera, and says so", async () => {
    const { camera, why } = await chooseSource(auto, machine({ programs: ["ffmpeg"] }));
    expect(camera).toMatchObject({ source: "synthetic", text: "BYE", fps: 10, width: 320, height: 240 });
    expect(why).toBe('a drawn hand that signs "BYE" (no camera found)');
  });

  it("says what a camera lacks that it has passed over", async () => {
    expect((await chooseSource(auto, machine({ devices: [WEBCAM] }))).why).toContain(
      "/dev/video2 needs ffmpeg: sudo apt-get install ffmpeg",
    );
    const locked = { ...WEBCAM, readable: false };
    expect((await chooseSource(auto, machine({ devices: [locked], programs: ["ffmpeg"] }))).why).toContain(
      "/dev/video2 may not be read: sudo usermod",
    );
  });
});

describe("this machine", () => {
  let programs: FakePrograms;

  beforeEach(async () => {
    programs = await fakePrograms();
    programs.alone(true);
  });

  afterEach(() => programs.remove());

  it("has a camera at the ribbon cable only when the Pi's program lists one", async () => {
    await expect(thisMachine.hasPiCamera()).resolves.toBe(false);
    await programs.add("rpicam-vid", `console.log("No cameras available!")`);
    await expect(thisMachine.hasPiCamera()).resolves.toBe(false);
    await programs.add(
      "rpicam-vid",
      `if (process.argv[2] === "--list-cameras") console.log("Available cameras\\n-----\\n0 : imx708 [4608x2592]")`,
    );
    await expect(thisMachine.hasPiCamera()).resolves.toBe(true);
  });

  it("finds only programs that may be started", async () => {
    await expect(thisMachine.hasProgram("ffmpeg")).resolves.toBe(false);
    await programs.add("ffmpeg", "");
    await expect(thisMachine.hasProgram("ffmpeg")).resolves.toBe(true);
  });

  it("names its video devices by their path", async () => {
    for (const { path } of await thisMachine.videoDevices()) expect(path).toMatch(/^\/dev\/video\d+$/);
  });
});
