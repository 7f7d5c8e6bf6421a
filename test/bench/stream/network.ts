/** The network that the Python peer runs: imported from its ONNX file where it is here, else one of the same size. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { saveBundle } from "@beckon/vision";
import { buildInferenceModel } from "../../../packages/training/src/graph/inference.ts";
import { initialState } from "../../../packages/training/src/initial-weights.ts";
import type { Layer } from "../../../packages/training/src/layers.ts";
import { planLayers } from "../../../packages/training/src/plan.ts";
import type { Bench } from "../bench.ts";
import { BECKON } from "./services.ts";

const run = promisify(execFile);

/** Debian's, which has torch, cv2 and paho. */
export const PYTHON = "/usr/bin/python3";
const PEER = resolve("../shared/peer");
const NEEDED = "import torch, cv2, onnx, paho.mqtt.client";

/** Name of its bundle. */
export const NETWORK = "gesture128";
const SIDE = 128;
const LABELS = ["none", "gesture"];

/** A copy of the Python peer with its network and its frames. */
export interface PeerKit {
  readonly folder: string;
  readonly onnx: string;
  readonly frames: string;
}

/** @returns undefined, having said why, where it cannot run */
export async function preparePeer({ folder, signal }: Bench): Promise<PeerKit | undefined> {
  if (!existsSync(PEER)) {
    console.log("The Python peer: not at ../shared/peer, so nothing to compare with");
    return undefined;
  }
  const missing = await run(PYTHON, ["-c", NEEDED], { signal }).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  if (missing !== undefined) {
    const packages = "python3-torch python3-opencv python3-onnx python3-paho-mqtt";
    console.log(`The Python peer cannot run: ${PYTHON} lacks something of: ${NEEDED}; apt-get install ${packages}`);
    return undefined;
  }
  const copy = join(folder, "peer");
  await cp(PEER, copy, { recursive: true });
  const kit = { folder: copy, onnx: join(copy, `${NETWORK}.onnx`), frames: join(copy, "frames") };
  await run(PYTHON, [join(copy, "make_model.py"), kit.onnx], { signal });
  await run(PYTHON, [join(copy, "make_frames.py"), kit.frames], { signal });
  return kit;
}

/** @returns a folder of bundles that holds `NETWORK` */
export async function prepareNetwork(kit: PeerKit | undefined, { folder, signal }: Bench): Promise<string> {
  const models = join(folder, "models");
  const bundle = join(models, NETWORK);
  if (existsSync(bundle)) return models;
  if (!kit) {
    await saveRandomBundle(bundle);
    return models;
  }
  const labels = join(folder, "labels.txt");
  await writeFile(labels, `${LABELS.join("\n")}\n`);
  const form = ["--size", String(SIDE), "--layout", "NCHW", "--colours", "RGB", "--scale", "0..1", "--fit", "stretch"];
  const files = ["--onnx", kit.onnx, "--labels", labels, "--name", NETWORK, "--out", bundle];
  await run(process.execPath, [BECKON, "models", "import", ...files, ...form, "--probabilities"], { signal });
  return models;
}

/** 518 million operations a frame, as the peer's. */
async function saveRandomBundle(folder: string): Promise<void> {
  const block = (filters: number): Layer[] => [
    { type: "conv", filters, kernel: 3 },
    { type: "relu" },
    { type: "max-pool", size: 2 },
  ];
  const dense: Layer[] = [
    { type: "flatten" },
    { type: "dense", units: 128 },
    { type: "relu" },
    { type: "dense", units: LABELS.length },
  ];
  const plan = planLayers([...block(64), ...block(64), ...block(128), ...dense], [3, SIDE, SIDE]);
  const { weights, statistics } = initialState(plan, 1);
  await saveBundle(folder, {
    card: {
      format: "beckon-model/1",
      name: NETWORK,
      version: "0.0.0",
      architecture: "random",
      input: {
        ...{ width: SIDE, height: SIDE, layout: "NCHW", colours: "RGB" },
        ...{ mean: [0, 0, 0], std: [1, 1, 1], fit: "stretch", kernel: "linear" },
      },
      thresholds: { default: 0 },
    },
    labels: LABELS,
    onnx: buildInferenceModel(plan, weights, statistics),
  });
}
