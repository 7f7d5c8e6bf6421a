import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceFailure } from "@beckon/runtime";
import { debianProgram, withDebian } from "@beckon/runtime/testing";
import { checkPicture, FILE_LIMITS, readPicture, WIRE_LIMITS } from "@beckon/vision";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { childFrames } from "../child-frames.ts";
import { CameraPublisherConfig, type FfmpegCamera } from "../config.ts";
import { SourceError } from "../frame-source.ts";
import { type FakePrograms, fakePrograms } from "../testing/fake-programs.ts";
import { colourJpeg } from "../testing/pictures.ts";
import { sourceContext } from "../testing/source-context.ts";
import { ffmpegArguments, ffmpegFrames } from "./ffmpeg.ts";

function cameraOf(section: Record<string, unknown>): FfmpegCamera {
  const { cameras } = CameraPublisherConfig.parse({ cameras: { desk: { source: "ffmpeg", ...section } } });
  return cameras["desk"] as FfmpegCamera;
}

/** @returns frames until the source ends, and how it ended */
async function read(camera: FfmpegCamera) {
  const { context, said } = sourceContext();
  const frames: Uint8Array[] = [];
  const error: unknown = await (async () => {
    for await (const { jpeg } of ffmpegFrames(() => camera, context)) frames.push(jpeg);
  })().catch((cause: unknown) => cause);
  return { frames, error, message: error instanceof Error ? error.message : undefined, said };
}

const DHT = Buffer.from([0xff, 0xc4]);

/** How many segments of Huffman tables there are; FF C4 is never part of entropy-coded data. */
function huffmanTables(bytes: Uint8Array): number {
  let count = 0;
  for (let at = Buffer.from(bytes).indexOf(DHT); at >= 0; at = Buffer.from(bytes).indexOf(DHT, at + 2)) count += 1;
  return count;
}

function withoutHuffmanTables(bytes: Buffer): Buffer {
  const at = bytes.indexOf(DHT);
  if (at < 0) return bytes;
  const rest = bytes.subarray(at + 2 + bytes.readUInt16BE(at + 2));
  return Buffer.concat([bytes.subarray(0, at), withoutHuffmanTables(rest)]);
}

/** What a USB camera's stream goes through, of a file that stands in for the device. */
function asCamera(file: string): { args: readonly string[] } {
  const args = ffmpegArguments(cameraOf({ device: "/dev/video0" }));
  const output = args.slice(args.indexOf("-map"));
  return { args: ["-loglevel", "error", "-f", "mjpeg", "-i", file, ...output] };
}

describe("what ffmpeg is asked to do", () => {
  const QUIET = "-hide_banner -loglevel error -nostdin";
  const LIVE = "-fflags nobuffer -flags low_delay";
  const SIZE = "scale=640:480:force_original_aspect_ratio=decrease:force_divisible_by=2";
  const PACE = `-vf select='isnan(prev_selected_t)+lt(t\\,prev_selected_t)+gte(t-prev_selected_t\\,0.0500)',${SIZE} -fps_mode passthrough`;
  const SCALE = `-vf fps=15,${SIZE}`;
  const MJPEG = "-c:v mjpeg -threads 1 -q:v 6";
  const OUT = "-f mjpeg pipe:1";

  it.each([
    [
      "a USB camera's JPEGs pass as they are, with their Huffman tables",
      { device: "/dev/video0" },
      `${QUIET} ${LIVE} -f v4l2 -input_format mjpeg -video_size 640x480 -framerate 15 -i /dev/video0 -map 0:v:0 -c:v copy -bsf:v mjpeg2jpeg ${OUT}`,
    ],
    [
      "a USB camera without JPEGs is encoded",
      { device: "/dev/video0", copy: false },
      `${QUIET} ${LIVE} -f v4l2 -video_size 640x480 -framerate 15 -i /dev/video0 -map 0:v:0 ${PACE} ${MJPEG} ${OUT}`,
    ],
    [
      "RTSP goes over TCP, and to no other protocol",
      { url: "rtsp://me:secret@camera/stream" },
      `${QUIET} ${LIVE} -protocol_whitelist rtsp,rtsps,rtp,srtp,tcp,tls,crypto -rtsp_transport tcp -i rtsp://me:secret@camera/stream -map 0:v:0 ${PACE} ${MJPEG} ${OUT}`,
    ],
    [
      "HTTP cannot be led to a file of this machine",
      { url: "https://camera/stream" },
      `${QUIET} ${LIVE} -protocol_whitelist http,https,httpproxy,tcp,tls,crypto -use_wallclock_as_timestamps 1 -threads 1 -i https://camera/stream -map 0:v:0 ${PACE} ${MJPEG} ${OUT}`,
    ],
    [
      "a video file runs at its own speed, again and again",
      { path: "/videos/-i clip.mp4" },
      `${QUIET} -protocol_whitelist file -re -stream_loop -1 -i file:/videos/-i clip.mp4 -map 0:v:0 ${SCALE} ${MJPEG} ${OUT}`,
    ],
    [
      "a video file runs once",
      { path: "/videos/clip.mp4", loop: false, fps: 5, quality: 100 },
      `${QUIET} -protocol_whitelist file -re -i file:/videos/clip.mp4 -map 0:v:0 ${SCALE.replace("15", "5")} ${MJPEG.replace("6", "2")} ${OUT}`,
    ],
  ])("%s", (_, section, wanted) => expect(ffmpegArguments(cameraOf(section)).join(" ")).toBe(wanted));
});

describe("a machine with another ffmpeg", () => {
  let programs: FakePrograms;
  let device: string;

  beforeEach(async () => {
    programs = await fakePrograms();
    await writeFile(join(programs.folder, "picture.jpg"), await colourJpeg(16, 16, [9, 9, 9]));
    device = join(programs.folder, "video0");
    await writeFile(device, "");
  });

  afterEach(() => programs.remove());

  /** Below the grammar of devices, which a test has none of. */
  const camera = (): FfmpegCamera => ({ ...cameraOf({ device: "/dev/video0" }), device });

  it("says how to install it when it is absent, and does not try again", async () => {
    programs.alone(true);
    const { error, message } = await read(camera());
    expect(error).toBeInstanceOf(ServiceFailure);
    expect(message).toBe("ffmpeg is not installed: sudo apt-get install ffmpeg");
  });

  it("says that a camera is not there, without starting anything", async () => {
    await programs.add("ffmpeg", "process.exit(1)");
    const { error, message } = await read({ ...camera(), device: `${device}-absent` });
    expect(error).toBeInstanceOf(SourceError);
    expect(message).toBe(`${device}-absent is not there; plug it in, or name another in the configuration`);
  });

  it.skipIf(process.getuid?.() === 0)("says what to do about a camera that may not be read", async () => {
    await programs.add("ffmpeg", "process.exit(1)");
    await chmod(device, 0);
    expect((await read(camera())).message).toMatch(/may not be read; for a camera: sudo usermod -aG video/);
  });

  it("encodes itself what a camera without JPEGs gives", async () => {
    await programs.add(
      "ffmpeg",
      `if (process.argv.includes("-input_format")) {
         console.error("[video4linux2,v4l2 @ 0x1] Cannot find a proper format for codec 'mjpeg'");
         console.error("/dev/video0: Invalid argument");
         process.exitCode = 1;
       } else {
         process.stdout.write(require("node:fs").readFileSync(__dirname + "/picture.jpg"));
         console.error("/dev/video0: No such device");
         process.exitCode = 1;
       }`,
    );
    const { frames, message, said } = await read(camera());
    expect(frames).toHaveLength(1);
    expect(said).toEqual([
      `${device} gives no JPEGs of this size by itself; they are encoded here, which takes more of the CPU`,
    ]);
    expect(message).toBe(`${device}: ffmpeg ended: /dev/video0: No such device`);
  });

  it("says which camera failed, why, and what helps, without its password", async () => {
    await programs.add("ffmpeg", `console.error(process.argv.at(-9) + ": Connection refused"); process.exitCode = 1;`);
    const { message } = await read(cameraOf({ url: "rtsp://me:secret@192.0.2.1/stream" }));
    expect(message).toMatch(
      /^rtsp:\/\/192\.0\.2\.1\/stream: ffmpeg ended: .*refused; is the camera on, and the address right\?$/,
    );
    expect(message).not.toContain("secret");
  });
});

withDebian("ffmpeg")("the real ffmpeg", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "beckon-ffmpeg-"));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const make = (name: string, ...output: string[]): string => {
    const file = join(folder, name);
    const input = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1"];
    execFileSync(debianProgram("ffmpeg") ?? "", ["-loglevel", "error", ...input, ...output, "-y", file]);
    return file;
  };

  it("plays a video once, at its own speed and without distorting it", async () => {
    const begin = performance.now();
    const { frames, error } = await read(
      cameraOf({ path: make("clip.mp4"), loop: false, fps: 10, width: 160, height: 160 }),
    );
    expect(error).toBeUndefined();
    expect(frames.length).toBeGreaterThanOrEqual(9);
    expect(frames.length).toBeLessThanOrEqual(11);
    expect(performance.now() - begin).toBeGreaterThan(700);
    for (const frame of frames) expect(checkPicture(frame, WIRE_LIMITS)).toMatchObject({ width: 160, height: 90 });
  });

  it("puts the Huffman tables into the JPEGs of a camera that leaves them out", async () => {
    const clip = make("clip.mjpeg", "-c:v", "mjpeg", "-q:v", "5", "-huffman", "default");
    const bare = join(folder, "bare.mjpeg");
    await writeFile(bare, withoutHuffmanTables(await readFile(clip)));
    expect(huffmanTables(await readFile(clip))).toBe(25);
    expect(huffmanTables(await readFile(bare))).toBe(0);
    const { args } = asCamera(bare);
    const frames: Uint8Array[] = [];
    for await (const { jpeg } of childFrames({ program: "ffmpeg", args, finite: true }, sourceContext().context))
      frames.push(jpeg);
    expect(frames).toHaveLength(25);
    for (const frame of frames) {
      expect(checkPicture(frame, WIRE_LIMITS)).toMatchObject({ width: 320, height: 180 });
      expect(huffmanTables(frame)).toBe(1);
    }
  });

  it("does not wait for the next picture of a live stream before it lets one go", async () => {
    const pictures = await Promise.all([...Array(12).keys()].map((index) => colourJpeg(32, 32, [20 * index, 0, 0])));
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=frame" });
      const rest = [...pictures];
      // After the last picture the camera says no more, and does not hang up.
      const timer = setInterval(() => {
        const jpeg = rest.shift();
        if (!jpeg) return clearInterval(timer);
        response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
        response.write(jpeg);
        return response.write("\r\n");
      }, 50);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const camera = cameraOf({ url, fps: 120, width: 32, height: 32 });
      for await (const { jpeg } of ffmpegFrames(() => camera, sourceContext().context)) {
        const { data } = await readPicture(
          jpeg,
          { width: 1, height: 1, fit: "stretch", kernel: "linear" },
          FILE_LIMITS,
        );
        if (Math.abs((data[0] ?? 0) - 220) < 10) break;
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("says what is no video", async () => {
    const file = join(folder, "notes.txt");
    await writeFile(file, "no video at all");
    expect((await read(cameraOf({ path: file }))).message).toMatch(/notes\.txt: ffmpeg ended: .*Invalid data/);
  });
});
