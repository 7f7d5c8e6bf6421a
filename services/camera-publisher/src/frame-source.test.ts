import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianProgram, withDebian } from "@beckon/runtime/testing";
import { afterAll, beforeAll } from "vitest";
import { CameraPublisherConfig, type ChosenCamera } from "./config.ts";
import { openSource } from "./sources/catalogue.ts";
import { type FakePrograms, fakePrograms } from "./testing/fake-programs.ts";
import { testFrameSource } from "./testing/frame-source-contract.ts";
import { colourJpeg } from "./testing/pictures.ts";

const SIZE = { width: 64, height: 48 };

let folder: string;
let programs: FakePrograms;
let server: ReturnType<typeof createServer>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "beckon-sources-"));
  const jpeg = await colourJpeg(SIZE.width, SIZE.height, [200, 60, 30]);
  for (const name of ["1.jpg", "2.jpg", "10.jpg"]) writeFileSync(join(folder, name), jpeg);
  server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=frame" });
    const timer = setInterval(() => {
      response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
      response.write(jpeg);
      response.write("\r\n");
    }, 20);
    response.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  programs = await fakePrograms();
  // What stands in for a Pi's program takes the same arguments and writes to the same place.
  await programs.add(
    "rpicam-vid",
    `const jpeg = require("node:fs").readFileSync(${JSON.stringify(join(folder, "1.jpg"))});
     if (process.argv.at(-1) !== "-") process.exit(2);
     setInterval(() => process.stdout.write(jpeg), 20);`,
  );
});

afterAll(async () => {
  await programs.remove();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A camera as a configuration would have it. */
function camera(section: Record<string, unknown>): ChosenCamera {
  const { cameras } = CameraPublisherConfig.parse({ cameras: { desk: { ...SIZE, fps: 30, ...section } } });
  return cameras["desk"] as ChosenCamera;
}

function testSource(name: string, section: () => Record<string, unknown>): void {
  testFrameSource({ name, ...SIZE, open: (context) => openSource(() => camera(section()), context) });
}

testSource("synthetic", () => ({ source: "synthetic", text: "HI" }));
testSource("folder", () => ({ source: "folder", path: folder }));
testSource("rpicam", () => ({ source: "rpicam" }));

withDebian("ffmpeg")("with ffmpeg", () => {
  const video = (): string => join(folder, "clip.mp4");

  beforeAll(() => {
    const input = ["-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25:duration=1"];
    execFileSync(debianProgram("ffmpeg") ?? "", ["-loglevel", "error", ...input, "-y", video()]);
  });

  testSource("ffmpeg on a video file", () => ({ source: "ffmpeg", path: video() }));
  testSource("ffmpeg on an MJPEG stream over HTTP", () => ({
    source: "ffmpeg",
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  }));
});

withDebian("fswebcam")("with fswebcam", () => {
  testSource("node-webcam", () => ({ source: "node-webcam", device: "TEST", every: 100 }));
});
