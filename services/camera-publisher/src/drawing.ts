import type { Worker } from "node:worker_threads";
import type { Scene } from "@beckon/synthetic";
import { type Pixels, startTsWorker } from "@beckon/vision";

/** Draws scenes in a thread of its own, one at a time, so that no other stream waits for a drawing. */
export interface Drawing {
  /** @throws {Error} when the thread has failed or was closed */
  draw(scene: Scene): Promise<Pixels>;
  close(): Promise<void>;
}

export function startDrawing(): Drawing {
  let worker: Worker | undefined;
  const start = (): Worker => {
    const started = startTsWorker(new URL("./drawing-worker.ts", import.meta.url));
    started.unref();
    return started;
  };
  return {
    draw: (scene) => {
      worker ??= start();
      return answer(worker, scene);
    },
    close: async () => {
      await worker?.terminate();
    },
  };
}

function answer(worker: Worker, scene: Scene): Promise<Pixels> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      worker.off("message", drawn).off("error", failed).off("exit", gone);
      outcome();
    };
    const drawn = (pixels: Pixels): void => settle(() => resolve(pixels));
    const failed = (error: Error): void => settle(() => reject(error));
    const gone = (): void => settle(() => reject(new Error("the drawing thread has ended")));
    worker.on("message", drawn).on("error", failed).on("exit", gone);
    worker.postMessage(scene);
  });
}
