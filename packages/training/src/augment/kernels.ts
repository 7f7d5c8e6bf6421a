import { readFileSync } from "node:fs";

/** What `packages/training/kernels` exports, compiled; addresses are of its memory, and the parameters are described there. */
interface KernelFunctions {
  warp(
    source: number,
    width: number,
    height: number,
    spreadOut: number,
    into: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
    g: number,
    h: number,
    beyond: number,
  ): void;
  recolour(
    pixels: number,
    width: number,
    height: number,
    curves: number,
    across: number,
    down: number,
    ...matrix: readonly [number, number, number, number, number, number, number, number, number]
  ): void;
}

/** The kernels and room for one picture, what becomes of it and the curves of its colours. */
export interface Kernels {
  readonly run: KernelFunctions;
  /** Addresses. */
  readonly picture: number;
  /** Room for the picture as the warp reads it. */
  readonly spreadOut: number;
  readonly result: number;
  readonly curves: number;
  /** Memory at an address. */
  bytes(address: number, length: number): Uint8Array;
}

const CURVES = 1024;
const PICTURE = CURVES + 3 * 256;
const PAGE_BYTES = 65_536;
/** Bytes of a pixel as the warp reads it; as in `kernels/warp.ts`. */
const SPREAD = 16;

/** Whether there is WebAssembly; with `node --jitless` there is none. */
export function canAugment(): boolean {
  return typeof WebAssembly !== "undefined";
}

let opened: { readonly run: KernelFunctions; readonly memory: WebAssembly.Memory } | undefined;

/**
 * The kernels of this thread, with room for a picture of `width` times `height`; whatever was in their memory may be gone.
 * They want WebAssembly: see `canAugment`.
 */
export function kernelsFor(width: number, height: number): Kernels {
  opened ??= instantiate();
  const { run, memory } = opened;
  const result = PICTURE + width * height * 3;
  // At a multiple of what a pixel takes, so that none lies across two lines of the cache.
  const spreadOut = Math.ceil((result + width * height * 3) / SPREAD) * SPREAD;
  // The pixels below and to the right of the last one are read too.
  const missing = spreadOut + (width * (height + 1) + 1) * SPREAD - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  const bytes = (address: number, length: number) => new Uint8Array(memory.buffer, address, length);
  return { run, picture: PICTURE, spreadOut, result, curves: CURVES, bytes };
}

function instantiate() {
  const bytes = readFileSync(new URL("./kernels.wasm", import.meta.url));
  const exported: unknown = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  const { memory, ...run } = exported as KernelFunctions & { memory: WebAssembly.Memory };
  return { run, memory };
}
