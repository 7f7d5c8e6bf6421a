import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../bundle.ts";
import { BundleError } from "../bundle-error.ts";
import { tensorLength } from "../tensor.ts";
import { type Engine, EngineUnavailable } from "./engine.ts";
import { onnxEngine } from "./onnx.ts";
import type { TfjsBackend } from "./tfjs-backend.ts";

/** What a user may ask for. `auto` takes the fastest of all, `onnx` the fastest of those of onnxruntime, `tfjs` the best that is installed. */
export type EngineChoice = "auto" | "onnx" | "onnx-cpu" | "onnx-webgpu" | "onnx-cuda" | "tfjs" | TfjsBackend;
/** All that a user may ask for, for messages. */
export const ENGINE_CHOICES: readonly EngineChoice[] = [
  "auto",
  "onnx",
  "onnx-cpu",
  "onnx-webgpu",
  "onnx-cuda",
  "tfjs",
  "tfjs-node-gpu",
  "tfjs-node",
  "tfjs-wasm",
];

/** One engine that was considered: its median time for one picture, or why it was not taken. */
export interface TriedEngine {
  readonly name: string;
  /** Median of ten runs of one picture, in ms. */
  readonly ms?: number;
  readonly refused?: string;
}

/** The engine that was taken, and those that were looked at. */
export interface OpenedEngine {
  readonly engine: Engine;
  /** Every engine that was considered, in that order. An engine that was asked for by name is not timed. */
  readonly tried: readonly TriedEngine[];
}

/** An engine that could be opened. */
export interface Candidate {
  readonly name: string;
  open(): Promise<Engine>;
}

/**
 * Opens a bundle in the engine asked for, or in the fastest.
 *
 * @param threads of one run on the CPU, see `OnnxOptions`
 * @throws EngineUnavailable when it cannot be had here
 * @throws BundleError when the model itself cannot be used
 */
export async function openEngine(
  bundle: Bundle,
  choice: EngineChoice = "auto",
  threads?: number,
): Promise<OpenedEngine> {
  const all = candidates(bundle, threads);
  if (choice === "auto") return fastest(all.map(withoutSoftwareGpu), tensorLength(bundle.card.input));
  if (choice === "onnx") {
    const onnx = all.filter(({ name }) => name.startsWith("onnx-"));
    return fastest(onnx.map(withoutSoftwareGpu), tensorLength(bundle.card.input));
  }
  const candidate = [...all, ...tfjsBackends(bundle)].find(({ name }) => name === choice);
  if (candidate === undefined) throw new EngineUnavailable(choice, `not one of ${ENGINE_CHOICES.join(", ")}`);
  const engine = await candidate.open();
  return { engine, tried: [{ name: engine.name }] };
}

/** The CPU comes first: it is always there, and it tells whether the model is sound. */
function candidates(bundle: Bundle, threads: number | undefined): Candidate[] {
  return [
    { name: "onnx-cpu", open: () => onnxEngine(bundle, { provider: "cpu", threads }) },
    { name: "onnx-cuda", open: () => onnxEngine(bundle, { provider: "cuda", threads }) },
    { name: "onnx-webgpu", open: () => onnxEngine(bundle, { provider: "webgpu", threads }) },
    { name: "tfjs", open: () => openTfjs(bundle) },
  ];
}

/** These are not timed one by one: a process has one current backend, and `tfjs` takes the fastest that is installed. */
function tfjsBackends(bundle: Bundle): Candidate[] {
  const names: readonly TfjsBackend[] = ["tfjs-node-gpu", "tfjs-node", "tfjs-wasm"];
  return names.map((name) => ({ name, open: () => openTfjs(bundle, name) }));
}

/** TensorFlow.js is large, so it is loaded only for bundles that have a model for it. */
async function openTfjs(bundle: Bundle, backend: TfjsBackend | "auto" = "auto"): Promise<Engine> {
  if (!existsSync(join(bundle.folder, "tfjs", "model.json"))) {
    throw new EngineUnavailable("tfjs", `${bundle.folder} has no tfjs/ folder`);
  }
  const { tfjsEngine } = await import("./tfjs.ts");
  return tfjsEngine(bundle, backend);
}

/**
 * Opens each candidate, times ten runs of one picture after a warm one, and keeps the fastest.
 *
 * @param length values of one input tensor
 * @param now a clock in ms
 * @throws BundleError of the first candidate, and EngineUnavailable when none can be had
 */
export async function fastest(
  candidates: readonly Candidate[],
  length: number,
  now: () => number = () => performance.now(),
): Promise<OpenedEngine> {
  const tried: TriedEngine[] = [];
  let best: { engine: Engine; ms: number } | undefined;
  for (const candidate of candidates) {
    const result = await timed(candidate, length, now);
    if ("refused" in result) {
      if (tried.length === 0 && result.error instanceof BundleError) throw result.error;
      tried.push({ name: candidate.name, refused: result.refused });
      continue;
    }
    tried.push({ name: result.engine.name, ms: result.ms });
    const loser = best !== undefined && best.ms <= result.ms ? result : best;
    if (loser !== result) best = result;
    await loser?.engine.close();
  }
  if (best === undefined) {
    throw new EngineUnavailable("auto", tried.map(({ name, refused }) => `${name}: ${refused}`).join("; "));
  }
  return { engine: best.engine, tried };
}

type Timed = { engine: Engine; ms: number } | { refused: string; error: unknown };

async function timed(candidate: Candidate, length: number, now: () => number): Promise<Timed> {
  let engine: Engine | undefined;
  try {
    engine = await candidate.open();
    return { engine, ms: await medianMs(engine, length, now) };
  } catch (error) {
    await engine?.close();
    return { refused: error instanceof Error ? error.message : String(error), error };
  }
}

async function medianMs(engine: Engine, length: number, now: () => number): Promise<number> {
  const batch = new Float32Array(length).fill(0.5);
  await engine.run(batch, 1);
  const times: number[] = [];
  for (let round = 0; round < 10; round++) {
    const start = now();
    await engine.run(batch, 1);
    times.push(now() - start);
  }
  times.sort((a, b) => a - b);
  return ((times[4] ?? 0) + (times[5] ?? 0)) / 2;
}

function withoutSoftwareGpu(candidate: Candidate): Candidate {
  if (candidate.name !== "onnx-webgpu") return candidate;
  const reason = softwareGpuReason();
  if (reason === undefined) return candidate;
  return { name: candidate.name, open: () => Promise.reject(new EngineUnavailable(candidate.name, reason)) };
}

/**
 * Why WebGPU could only be drawn by the CPU here, or undefined. onnxruntime does not say which adapter
 * it took, so we look at what the system has: Linux without a graphics device has software adapters
 * (lavapipe, SwiftShader) at best. A software adapter that slips through loses on time.
 */
export function softwareGpuReason(
  platform: string = process.platform,
  environment: Readonly<Partial<Record<"VK_DRIVER_FILES" | "VK_ICD_FILENAMES", string | undefined>>> = process.env,
  devices: () => readonly string[] = graphicsDevices,
): string | undefined {
  const driver = environment.VK_DRIVER_FILES ?? environment.VK_ICD_FILENAMES ?? "";
  if (/lvp|lavapipe|llvmpipe|swiftshader/i.test(driver)) return `${driver} is a software adapter`;
  if (platform === "linux" && devices().length === 0) return "no graphics device, software adapters are not taken";
  return undefined;
}

/** Nodes of graphics devices: Mesa's drivers, NVIDIA's, and Windows' own under WSL. */
function graphicsDevices(): string[] {
  const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
  return [
    ...list("/dev/dri").filter((name) => name.startsWith("renderD")),
    ...list("/dev").filter((name) => /^(nvidia\d+|dxg)$/.test(name)),
  ];
}
