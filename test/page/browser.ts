/** Debian's Chromium, whose camera is a clip of the drawn hand. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianProgram } from "@beckon/runtime/testing";
import { type Browser, chromium } from "playwright-core";
import { type ClipLook, type ClipPart, placeClip, spelled } from "./hand-clip.ts";

export interface HandBrowser {
  readonly browser: Browser;
  /** Of its main process; the others are its children. */
  readonly pid: number;
  /** What its camera shows, from the next time on that a page opens it. */
  shows(parts: readonly ClipPart[], look?: ClipLook): Promise<void>;
  close(): Promise<void>;
}

export interface BrowserOptions {
  /** What its camera shows at first. */
  readonly clip?: readonly ClipPart[];
  readonly look?: ClipLook;
  /** No camera at all, or one that the user must be asked for, and nobody answers for her. */
  readonly camera?: "clip" | "none" | "asked";
  readonly args?: readonly string[];
}

/** @throws where Chromium is not installed; tests are kept from that by `withDebian("chromium")` */
export async function openBrowser(options: BrowserOptions = {}): Promise<HandBrowser> {
  const { clip = spelled("A", { restMs: 0, pauseMs: 0, letterMs: 4000 }), look, camera = "clip", args = [] } = options;
  const executablePath = debianProgram("chromium");
  if (!executablePath) throw new Error("chromium is not installed: apt-get install chromium");
  const folder = await mkdtemp(join(tmpdir(), "beckon-browser-"));
  const file = join(folder, "camera.mjpeg");
  if (camera !== "none") await placeClip(file, clip, look);
  const server = await chromium.launchServer({
    executablePath,
    // Playwright leaves the sandbox away unless it is asked for; where root runs the tests there can be none.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [...cameraFlags(camera, file), ...args],
    handleSIGINT: false,
  });
  const browser = await chromium.connect(server.wsEndpoint());
  return {
    browser,
    pid: server.process().pid ?? 0,
    shows: (parts, otherLook = look) => placeClip(file, parts, otherLook),
    close: async () => {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function cameraFlags(camera: "clip" | "none" | "asked", file: string): string[] {
  if (camera === "none") return ["--use-fake-device-for-media-stream=device-count=0"];
  const device = ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${file}`];
  return camera === "asked" ? device : [...device, "--use-fake-ui-for-media-stream"];
}
