import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import type { AutoCamera, ChosenCamera } from "../config.ts";
import { findProgram, may } from "../programs.ts";
import { RPICAM_PROGRAMS } from "./rpicam.ts";

/** A V4L2 device that may be a camera. */
export interface VideoDevice {
  /** `/dev/video0` */
  readonly path: string;
  /** By its driver; empty when that is unknown. */
  readonly name: string;
  readonly readable: boolean;
}

/** What of this machine the choice depends on. */
export interface Machine {
  videoDevices(): Promise<readonly VideoDevice[]>;
  hasProgram(name: string): Promise<boolean>;
  /** Whether Raspberry Pi's program sees a camera at the ribbon cable. */
  hasPiCamera(): Promise<boolean>;
}

export interface Choice {
  readonly camera: ChosenCamera;
  /** In words: which, and why none before it. */
  readonly why: string;
}

/** The first camera that exists, else the drawn hand. */
export async function chooseSource(auto: AutoCamera, machine: Machine = thisMachine): Promise<Choice> {
  const { text, letter, rest, space, pause, loop, source: _, ...common } = auto;
  const passed: string[] = [];
  const devices = await machine.videoDevices();
  const device = devices.find(({ readable }) => readable);
  if (device && (await machine.hasProgram("ffmpeg"))) {
    const camera = { ...common, source: "ffmpeg", device: device.path, copy: true, loop: true } as const;
    return { camera, why: `${device.path}${device.name ? ` (${device.name})` : ""}, through ffmpeg` };
  }
  if (device) passed.push(`${device.path} needs ffmpeg: sudo apt-get install ffmpeg`);
  const [locked] = devices;
  if (locked && !device) passed.push(`${locked.path} may not be read: sudo usermod -aG video $USER, and log in again`);
  if (await machine.hasPiCamera())
    return {
      camera: { ...common, source: "rpicam", camera: 0 },
      why: "the camera at the ribbon cable, through rpicam-vid",
    };
  const { width: _width, height: _height, ...rested } = common;
  const camera = {
    ...rested,
    source: "synthetic",
    width: 320,
    height: 240,
    text,
    letter,
    rest,
    space,
    pause,
    loop,
  } as const;
  const none = passed.length > 0 ? passed.join("; ") : "no camera found";
  return { camera, why: `a drawn hand that signs ${JSON.stringify(text)} (${none})` };
}

/** Nodes of /dev/video* that give no pictures ffmpeg can read: decoders, image processors, and raw sensors. */
const NO_CAMERA = /codec|isp|unicam|rp1-cfe|hevc|image_fx|pispbe|loopback-out/i;

const PROBE_MS = 5000;

export const thisMachine: Machine = {
  videoDevices: async () => {
    const names = await readdir("/dev").catch(() => []);
    const numbers = names.flatMap((name) => /^video(\d+)$/.exec(name)?.[1] ?? []).map(Number);
    const devices = await Promise.all(numbers.sort((a, b) => a - b).map(videoDevice));
    return devices.filter((device) => device !== undefined);
  },
  hasProgram: async (name) => (await findProgram(name)) !== undefined,
  hasPiCamera: async () => {
    for (const name of RPICAM_PROGRAMS) {
      const program = await findProgram(name);
      if (program !== undefined) return listsCamera(program);
    }
    return false;
  },
};

async function videoDevice(number: number): Promise<VideoDevice | undefined> {
  const about = `/sys/class/video4linux/video${number}`;
  const [name, index] = await Promise.all(
    ["name", "index"].map((file) =>
      readFile(`${about}/${file}`, "utf8").then(
        (text) => text.trim(),
        () => "",
      ),
    ),
  );
  // A USB camera's second node (index 1) carries what it says about its pictures, not the pictures.
  if (NO_CAMERA.test(name ?? "") || (index !== "" && index !== "0")) return undefined;
  const path = `/dev/video${number}`;
  return { path, name: (name ?? "").replace(/\p{C}/gu, ""), readable: await may(path, constants.R_OK) };
}

/** `0 : imx708 [4608x2592] ...` */
function listsCamera(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ["--list-cameras"], { timeout: PROBE_MS, killSignal: "SIGKILL" }, (_, stdout, stderr) =>
      resolve(/^\s*\d+\s*:/m.test(stdout + stderr)),
    );
  });
}
