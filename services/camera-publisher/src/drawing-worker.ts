/** A thread that draws: a scene comes in, its pixels go out. */
import { parentPort } from "node:worker_threads";
import { drawScene, type Scene } from "@beckon/synthetic";

const port = parentPort;
port?.on("message", (scene: Scene) => {
  const pixels = drawScene(scene);
  port.postMessage(pixels, [pixels.data.buffer as ArrayBuffer]);
});
