import { statSync } from "node:fs";
import { UsageError } from "../usage.ts";

const KINDS = ["auto", "synthetic", "rpicam"];

/**
 * What `--camera` says, as a camera of the section `camera-publisher`.
 *
 * @param text a source that needs no more, a device, a URL, a video file or a folder
 * @returns YAML
 * @throws UsageError when it is none of them
 */
export function sourceFlag(text: string): string {
  return JSON.stringify(sourceOf(text));
}

function sourceOf(text: string): Readonly<Record<string, string>> {
  if (KINDS.includes(text)) return { source: text };
  if (text.startsWith("/dev/")) return { source: "ffmpeg", device: text };
  if (/^(rtsps?|https?):\/\//.test(text)) return { source: "ffmpeg", url: text };
  const found = statSync(text, { throwIfNoEntry: false });
  if (found?.isDirectory()) return { source: "folder", path: text };
  if (found?.isFile()) return { source: "ffmpeg", path: text };
  throw new UsageError(
    `--camera "${text}": ${KINDS.join(", ")}, /dev/video0, a URL (rtsp, http), or a video file or folder that exists is wanted`,
  );
}
