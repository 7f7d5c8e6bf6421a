import { readFileSync } from "node:fs";

/**
 * What `packages/vision/kernels` exports, compiled. All numbers are whole; addresses are of its memory. The parameters are
 * described there.
 */
export interface KernelFunctions {
  decodeScan(
    file: number,
    length: number,
    from: number,
    components: number,
    componentCount: number,
    unitsAcross: number,
    units: number,
    restart: number,
    clean: number,
  ): number;
  inverseDct(block: number, to: number, stride: number): void;
  inverseDctHalf(block: number, to: number, stride: number): void;
  inverseDctQuarter(block: number, to: number, stride: number): void;
  resample(
    plane: number,
    stride: number,
    columns: number,
    firstRow: number,
    rowWeights: number,
    rowTaps: number,
    height: number,
    firstColumn: number,
    columnWeights: number,
    columnTaps: number,
    width: number,
    line: number,
    into: number,
  ): void;
  toRgb(bright: number, blue: number, red: number, colours: number, pixels: number, to: number): void;
}

/** Below it lies what the kernels keep for themselves (`kernels/places.ts`). */
const FIRST_ADDRESS = 8192;
const PAGE_BYTES = 65_536;
/** Kernels read and write whole vectors: what lies behind the end of something is there to be read. */
const VECTOR_BYTES = 16;

/**
 * The kernels of this thread and their memory, which is given out from its beginning for each picture: a thread decodes one
 * at a time, from beginning to end.
 */
export class Kernels {
  readonly run: KernelFunctions;
  readonly #memory: WebAssembly.Memory;
  #next = FIRST_ADDRESS;

  constructor(module: WebAssembly.Module) {
    const exported: unknown = new WebAssembly.Instance(module).exports;
    const { memory, ...functions } = exported as KernelFunctions & { memory: WebAssembly.Memory };
    this.run = functions;
    this.#memory = memory;
  }

  /** Takes back all memory that was given out. */
  clear(): void {
    this.#next = FIRST_ADDRESS;
  }

  /**
   * Memory for so many bytes, at a multiple of 16, with whatever was there before.
   *
   * @throws RangeError when there is no more
   */
  reserve(bytes: number): number {
    const address = this.#next;
    this.#next = Math.ceil((address + bytes + VECTOR_BYTES) / VECTOR_BYTES) * VECTOR_BYTES;
    const missing = this.#next + VECTOR_BYTES - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    return address;
  }

  /** Memory that holds a copy of the array. */
  place(array: Uint8Array | Int16Array | Int32Array): number {
    const address = this.reserve(array.byteLength);
    this.bytes(address, array.byteLength).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return address;
  }

  /** A view of memory; the next `reserve` may make it useless. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, length);
  }
}

let opened: { readonly kernels: Kernels | undefined } | undefined;

/** @returns undefined where there is no WebAssembly: with `node --jitless` */
export function openKernels(): Kernels | undefined {
  opened ??= { kernels: instantiate() };
  return opened.kernels;
}

function instantiate(): Kernels | undefined {
  if (typeof WebAssembly === "undefined") return undefined;
  return new Kernels(new WebAssembly.Module(readFileSync(new URL("./kernels.wasm", import.meta.url))));
}
