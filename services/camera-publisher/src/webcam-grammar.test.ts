import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { picturePath, WebcamDevice, webcamOptions } from "./webcam-grammar.ts";

const OPTIONS = { device: "/dev/video0", width: 640, height: 480, quality: 85, skip: 0 };

describe("the grammar of what node-webcam is given", () => {
  it.each([
    "TEST",
    "/dev/video0",
    "/dev/video12",
    "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0",
    "/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0",
  ])("takes %s", (device) => expect(WebcamDevice.parse(device)).toBe(device));

  it.each([
    "/dev/video0; reboot",
    "/dev/video0\nreboot",
    "/dev/video0\n",
    "$(reboot)",
    "`reboot`",
    "/dev/video0 --exec reboot",
    "/dev/video0|cat",
    "/dev/video0&",
    "/dev/video0>x",
    "/dev/v4l/by-id/../../../etc/passwd",
    "/dev/v4l/by-id/-x",
    "/dev/v4l/by-id/a/b",
    "/dev/v4l/by-id/a b",
    "/dev/v4l/by-id/$IFS",
    "/dev/v4l/by-id/kamera\u00e4",
    "--exec",
    "-",
    "",
    "FILE:/etc/passwd",
    "/etc/passwd",
    "test",
  ])("refuses %j", (device) => {
    expect(() => webcamOptions({ ...OPTIONS, device })).toThrow();
  });

  it("refuses numbers that are not whole numbers within their range, and what is no number", () => {
    for (const width of [
      "640; reboot",
      "640",
      640.5,
      -1,
      0,
      1e9,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      null,
      undefined,
    ])
      for (const key of ["width", "height", "quality", "skip"])
        if (!(key === "skip" && width === 0))
          expect(() => webcamOptions({ ...OPTIONS, [key]: width } as never), `${key}: ${width}`).toThrow();
  });

  it("passes on nothing that it does not know", () => {
    expect(webcamOptions({ ...OPTIONS, title: "$(reboot)", setValues: { a: "b" } } as never)).toEqual(OPTIONS);
  });

  it("lets through no character that means something to a shell", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (tail) => {
        for (const head of ["", "/dev/video", "/dev/v4l/by-id/a"]) {
          const { success, data } = WebcamDevice.safeParse(head + tail);
          if (success) expect(data).toMatch(/^[A-Za-z0-9/._:-]+$/);
        }
      }),
    );
  });

  it.each(["/tmp/a b/shot.jpg", "/tmp/$(x)/shot.jpg", "shot.jpg", "/tmp/a;b", "/tmp/a\n"])(
    "refuses %j as the place of a picture",
    (path) => {
      expect(() => picturePath(path)).toThrow();
    },
  );
});
