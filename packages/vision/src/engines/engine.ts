/** Runs one loaded model. Made by a function per implementation: `onnxEngine`, `tfjsEngine`. */
export interface Engine {
  /** What really computes, for results and logs: `onnx-cpu`, `onnx-cuda`, `onnx-webgpu`, `tfjs-wasm`, `tfjs-node`, ... */
  readonly name: string;
  /**
   * @param batch the input tensors of `count` pictures, one after another, in the layout of the card
   * @returns class probabilities, `count` rows of one value per label
   */
  run(batch: Float32Array, count: number): Promise<Float32Array>;
  /** Frees what the engine holds. Calling it twice is allowed. */
  close(): Promise<void>;
}

/** An engine that cannot be had here; the message says why and, where there is one, the command that changes it. */
export class EngineUnavailable extends Error {
  constructor(engine: string, reason: string, options?: ErrorOptions) {
    super(`engine ${engine}: ${reason}`, options);
    this.name = "EngineUnavailable";
  }
}
