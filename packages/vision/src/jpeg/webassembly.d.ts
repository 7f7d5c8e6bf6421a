/** The part of the WebAssembly JavaScript interface that `kernels.ts` uses: only the library of browsers declares it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: unknown;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** @throws RangeError when there is no more */
    grow(pages: number): number;
  }
}
