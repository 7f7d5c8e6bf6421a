import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import util from "node:util";
import type * as core from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { firstLine } from "../first-line.ts";
import { EngineUnavailable } from "./engine.ts";

/** What computes for TensorFlow.js: one of two optional packages with its C library, or WebAssembly. */
export type TfjsBackend = "tfjs-node-gpu" | "tfjs-node" | "tfjs-wasm";

/** TensorFlow.js with a backend that was really started. */
export interface Tfjs {
  readonly name: TfjsBackend;
  readonly core: typeof core;
  readonly layers: typeof layers;
  /** Makes this backend the current one; the current backend is one setting of the whole process. */
  activate(): Promise<void>;
}

/** Where things are found; tests give others. */
export interface TfjsSources {
  readonly importPackage?: (name: string) => Promise<unknown>;
  /** Folder with the `.wasm` files. */
  readonly wasmFolder?: string;
}

/** All packages of TensorFlow.js must be of one version, that of tfjs-core in our package.json. */
const TFJS_VERSION = "4.22.0";
/** What tfjs itself calls the backend that both packages register. */
const NATIVE = "tensorflow";
const started = new Map<TfjsBackend, Promise<Tfjs>>();

/**
 * Starts a backend, once in a process.
 *
 * @param wanted `auto`: tfjs-node-gpu or tfjs-node where installed, else wasm. A package that is installed and broken is an
 *   error and not a reason to take the next: a camera that suddenly takes ten times longer should say why.
 * @throws EngineUnavailable when it is not installed or does not start
 */
export async function startTfjs(wanted: TfjsBackend | "auto" = "auto", sources: TfjsSources = {}): Promise<Tfjs> {
  if (wanted !== "auto") return startOnce(wanted, sources);
  for (const name of ["tfjs-node-gpu", "tfjs-node"] as const) {
    try {
      return await startOnce(name, sources);
    } catch (error) {
      if (!(error instanceof NotInstalled)) throw error;
    }
  }
  return startOnce("tfjs-wasm", sources);
}

class NotInstalled extends EngineUnavailable {}

function startOnce(name: TfjsBackend, sources: TfjsSources): Promise<Tfjs> {
  const known = started.get(name);
  if (known) return known;
  const fresh = name === "tfjs-wasm" ? startWasm(sources) : startNative(name, sources);
  started.set(name, fresh);
  // What failed may be installed later.
  fresh.catch(() => started.delete(name));
  return fresh;
}

async function startWasm({ wasmFolder = packagedWasm() }: TfjsSources): Promise<Tfjs> {
  await access(join(wasmFolder, "tfjs-backend-wasm-simd.wasm")).catch((cause) => {
    throw new EngineUnavailable("tfjs-wasm", `its files are missing from ${wasmFolder}; run: npm ci`, { cause });
  });
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  // No threads: tfjs switches them off in Node, and forced on they fail and leave the plain-JavaScript backend.
  wasm.setWasmPaths(wasmFolder.endsWith(sep) ? wasmFolder : wasmFolder + sep);
  return withoutNewListeners(() => withBackend("tfjs-wasm", "wasm"));
}

/**
 * The loader of the wasm file (Emscripten) throws again whatever nobody caught, from listeners of the process:
 * a service would then die without its own last words. Takes them away after `start`.
 */
async function withoutNewListeners<T>(start: () => Promise<T>): Promise<T> {
  const before = CRASHES.map((event) => new Set<unknown>(process.rawListeners(event)));
  try {
    return await start();
  } finally {
    CRASHES.forEach((event, i) => {
      for (const listener of process.rawListeners(event)) {
        const emscripten = /ExitStatus|throw reason/.test(String(listener));
        if (emscripten && !before[i]?.has(listener)) process.removeListener(event, listener as () => void);
      }
    });
  }
}

const CRASHES = ["uncaughtException", "unhandledRejection"] as const;

async function startNative(name: "tfjs-node" | "tfjs-node-gpu", { importPackage }: TfjsSources): Promise<Tfjs> {
  restoreOldUtil(util);
  const load = importPackage ?? ((specifier: string) => import(specifier));
  try {
    await load(`@tensorflow/${name}`);
  } catch (cause) {
    // Not saved: its installer downloads, and a project that lists it can no longer be installed offline.
    const command = `npm install --no-save @tensorflow/${name}@${TFJS_VERSION}`;
    if (isMissing(cause)) throw new NotInstalled(name, `not installed; run: ${command}`, { cause });
    const reason = `installed but does not start: ${firstLine(cause)}`;
    throw new EngineUnavailable(name, `${reason}; run: ${command}, or use tfjs-wasm`, { cause });
  }
  return withBackend(name, NATIVE);
}

async function withBackend(name: TfjsBackend, id: string): Promise<Tfjs> {
  const [core, layers] = await Promise.all([import("@tensorflow/tfjs-core"), import("@tensorflow/tfjs-layers")]);
  const start = async () => {
    // It answers false for a backend that failed, whose name getBackend() then still gives; and it may
    // leave another backend without an error, one that is 40 times slower.
    const ready = await core.setBackend(id);
    const found = core.getBackend();
    if (found !== id)
      throw new EngineUnavailable(name, `does not start, TensorFlow.js took ${found || "none"} instead`);
    if (!ready) throw new EngineUnavailable(name, "does not start");
  };
  const activate = async () => {
    if (core.getBackend() !== id) await start();
  };
  try {
    await start();
  } catch (cause) {
    if (cause instanceof EngineUnavailable) throw cause;
    throw new EngineUnavailable(name, `does not start: ${firstLine(cause)}`, { cause });
  }
  return { name, core, layers, activate };
}

/**
 * Puts back two functions that Node 23 took out of `util` and that tfjs-node 4.22 still calls
 * (tensorflow/tfjs#8425: mended, never released).
 */
export function restoreOldUtil(target: object): void {
  const old = target as { isNullOrUndefined?: unknown; isArray?: unknown };
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  old.isArray ??= Array.isArray;
}

function packagedWasm(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist");
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
