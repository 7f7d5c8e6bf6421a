import { describe, expect, it } from "vitest";
import { CameraPublisherConfig } from "./config.ts";

const parse = (desk: Record<string, unknown>) => CameraPublisherConfig.safeParse({ cameras: { desk } });

const complaint = (desk: Record<string, unknown>): string =>
  parse(desk)
    .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
    .join("; ") ?? "none";

describe("the section of the camera publisher", () => {
  it("is by default one camera, the first that is found, and no snapshots", () => {
    expect(CameraPublisherConfig.parse({})).toMatchObject({
      snapshots: false,
      cameras: { desk: { source: "auto", fps: 15, roi: "default", mirror: false, rotation: 0 } },
    });
  });

  it("takes each source with what it needs and no more", () => {
    for (const desk of [
      { source: "ffmpeg", device: "/dev/video0" },
      { source: "ffmpeg", device: "/dev/v4l/by-id/usb-046d_C920-video-index0" },
      { source: "ffmpeg", url: "rtsp://me:secret@camera:554/stream?channel=1" },
      { source: "ffmpeg", path: "clip.mp4" },
      { source: "rpicam" },
      { source: "node-webcam" },
      { source: "folder", path: "pictures" },
      { source: "synthetic" },
      {},
    ])
      expect(complaint(desk)).toBe("none");
  });

  it("wants exactly one of device, url and path for ffmpeg", () => {
    expect(complaint({ source: "ffmpeg" })).toContain("exactly one of device, url and path");
    expect(complaint({ source: "ffmpeg", device: "/dev/video0", path: "a.mp4" })).toContain("exactly one of");
  });

  it("refuses addresses that ffmpeg would open in another way", () => {
    for (const url of [
      "file:///etc/passwd",
      "concat:a|b",
      "pipe:0",
      "rtmp://x/y",
      "-i",
      "subfile,,start,0,end,9,,:/etc/passwd",
    ])
      expect(complaint({ source: "ffmpeg", url })).toContain("cameras.desk.url: must begin with");
    for (const device of ["/etc/passwd", "video0", "/dev/video0 -i x", "/dev/video0\n"])
      expect(complaint({ source: "ffmpeg", device })).toContain("must be a device");
  });

  it("refuses a text that cannot be signed, naming the letter", () => {
    expect(complaint({ source: "synthetic", text: "JAZZ" })).toContain('character 1 is "J"');
    expect(complaint({ text: "HI!" })).toContain('character 3 is "!"');
    expect(complaint({ text: "A".repeat(65) })).not.toBe("none");
  });

  it("refuses a region outside of the frame, and an angle that is no quarter turn", () => {
    expect(complaint({ roi: [0.5, 0.5, 0.6, 0.5] })).toContain("inside the frame");
    expect(complaint({ rotation: 45 })).not.toBe("none");
  });

  it("refuses names that are no part of a topic", () => {
    for (const name of ["relay", "Desk", "a/b", "+", ""])
      expect(CameraPublisherConfig.safeParse({ cameras: { [name]: {} } }).success).toBe(false);
  });
});
