/** Ours and the Python peer, the peer in the settings that it may choose from: one frame topic in, one result topic out. */

import { join } from "node:path";
import { createTopics } from "@beckon/protocol";
import { NETWORK, type PeerKit, PYTHON } from "./network.ts";
import type { Program, Start } from "./programs.ts";
import { CAMERA } from "./scenario.ts";
import { startBeckon } from "./services.ts";

/** The whole frame, as the peer looks at it. */
export const WHOLE = [0, 0, 1, 1] as const;

/** One system in one setting. */
export interface Contestant {
  readonly side: "ours" | "peer";
  readonly setting: string;
  /** Where its results go. */
  readonly results: string;
  start(port: number, start: Start): Promise<Program>;
}

export const FRAMES = createTopics().frame({ camera: CAMERA }).path;

/** As it comes: who compares us has set nothing. @param models a folder of bundles @param folder where it works */
export function ours(models: string, folder: string): Contestant {
  return {
    side: "ours",
    setting: "as it comes",
    results: createTopics().result({ camera: CAMERA, model: NETWORK }).path,
    start: (port, start) => startBeckon("classifier", { port, folder, settings: networkSettings(models) }, start),
  };
}

/** Of a classifier that serves the network to every camera that the benchmark plays. */
export function networkSettings(models: string, cameras: readonly string[] = [CAMERA]) {
  return {
    "classifier.modelsFolder": models,
    "classifier.models": [NETWORK],
    "classifier.rois": Object.fromEntries(cameras.map((camera) => [camera, WHOLE])),
  };
}

export interface PeerSetting {
  readonly engine: "torch" | "cv2";
  readonly threads: number;
  readonly decode: "reduced" | "full";
}

/** As its README says: the fastest of these is its best. */
export const PEER_SETTINGS: readonly PeerSetting[] = [
  { engine: "torch", threads: 1, decode: "reduced" },
  { engine: "torch", threads: 2, decode: "reduced" },
  { engine: "cv2", threads: 1, decode: "reduced" },
  { engine: "cv2", threads: 2, decode: "reduced" },
  { engine: "torch", threads: 1, decode: "full" },
];

export function peer({ engine, threads, decode }: PeerSetting, kit: PeerKit): Contestant {
  const results = `bench/peer/${engine}`;
  return {
    side: "peer",
    setting: `${engine}, ${threads} thread${threads === 1 ? "" : "s"}, decode ${decode}`,
    results,
    start: (port, start) =>
      start({
        name: "the Python peer",
        command: PYTHON,
        args: [
          ...[join(kit.folder, "peer.py"), "--port", String(port), "--model", kit.onnx],
          ...["--in", FRAMES, "--out", results, "--engine", engine, "--mode", "latest"],
          ...["--decode", decode, "--threads", String(threads), "--nodelay", "1"],
        ],
        ready: /peer ready/,
        cwd: kit.folder,
      }),
  };
}
