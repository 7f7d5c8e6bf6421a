/** A thread of the pool: decodes a frame, crops, and runs each model on it. A run blocks, so it must not be the main thread. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { Roi } from "@beckon/protocol";
import {
  checkPicture,
  defaultRoi,
  type Engine,
  encodeJpeg,
  openEngine,
  PictureError,
  type PictureLimits,
  type PictureShape,
  type Pixels,
  readPicture,
  tensorLength,
  WIRE_LIMITS,
  writeTensor,
} from "@beckon/vision/inference";
import type {
  FromThread,
  Job,
  ModelAnswer,
  ModelRefusal,
  ThreadModel,
  ThreadSetup,
  ToThread,
} from "./inference-messages.ts";

interface OpenModel extends ThreadModel {
  readonly opened: Engine;
  /** Used again for each frame: the thread looks at one at a time. */
  readonly tensor: Float32Array;
}

interface Decoded {
  readonly pixels: Pixels;
  readonly ms: number;
}

async function open(model: ThreadModel): Promise<OpenModel> {
  const { engine } = await openEngine(model.bundle, model.engine, model.threads);
  return { ...model, opened: engine, tensor: new Float32Array(tensorLength(model.bundle.card.input)) };
}

/** Models that want the same picture share one decoding. */
function decoder(job: Job, limits: PictureLimits): (shape: PictureShape) => Promise<Decoded> {
  const decoded = new Map<string, Promise<Decoded>>();
  return ({ width, height, fit, kernel }) => {
    const key = `${width} ${height} ${fit} ${kernel}`;
    const known = decoded.get(key) ?? decode(job, { width, height, fit, kernel }, limits);
    decoded.set(key, known);
    return known;
  };
}

async function decode({ jpeg, roi, mirror }: Job, shape: PictureShape, limits: PictureLimits): Promise<Decoded> {
  const start = performance.now();
  const pixels = await readPicture(jpeg, { ...shape, roi, mirror }, limits);
  return { pixels, ms: performance.now() - start };
}

async function ask(
  { name, bundle, opened, tensor }: OpenModel,
  pictureOf: (shape: PictureShape) => Promise<Decoded>,
  roi: Roi | undefined,
): Promise<ModelAnswer | ModelRefusal> {
  try {
    const { pixels, ms } = await pictureOf(bundle.card.input);
    const start = performance.now();
    writeTensor(pixels, bundle.card.input, tensor);
    const written = performance.now();
    const row = await opened.run(tensor, 1);
    return { model: name, row, roi, decode: ms + written - start, infer: performance.now() - written };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { model: name, refused: error instanceof PictureError ? error.reason : "engine-failed", message };
  }
}

function shownRoi({ jpeg, roi }: Job, limits: PictureLimits): Roi | undefined {
  if (roi !== "default") return roi;
  try {
    const { width, height, hasExif } = checkPicture(jpeg, limits);
    return hasExif ? undefined : [...defaultRoi(width, height)];
  } catch {
    // The decoder refuses the picture for the same reason, and says it.
    return undefined;
  }
}

/** As a camera sends them. */
const REHEARSED = { width: 640, height: 480, quality: 80, times: 20 };

/**
 * Decodes a picture of noise a few times for each model. The decoder is our own code, ten times slower until the engine has
 * compiled it, and a camera's first frame must not wait for that.
 */
async function rehearse(models: readonly OpenModel[]): Promise<void> {
  const { width, height, quality, times } = REHEARSED;
  // Any noise will do; this one is the same at every start (a linear congruence, as in ISO C's rand).
  let seed = 1;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return 96 + (seed >>> 26);
  });
  const jpeg = await encodeJpeg({ width, height, data }, quality);
  for (const { bundle, tensor } of models)
    for (let time = 0; time < times; time++)
      writeTensor(
        await readPicture(jpeg, { ...bundle.card.input, roi: "default" }, WIRE_LIMITS),
        bundle.card.input,
        tensor,
      );
}

async function serve(port: MessagePort, { models: wanted }: ThreadSetup): Promise<void> {
  const tell = (message: FromThread): void => port.postMessage(message);
  const models: OpenModel[] = [];
  for (const model of wanted) models.push(await open(model));
  await rehearse(models);
  port.on("message", async (message: ToThread) => {
    if (message.type === "close") {
      for (const { opened } of models) await opened.close();
      port.close();
      return;
    }
    const { job } = message;
    const limits = { ...WIRE_LIMITS, megapixels: job.megapixels };
    const pictureOf = decoder(job, limits);
    const roi = shownRoi(job, limits);
    for (const model of models)
      if (job.models.includes(model.name)) tell({ type: "answer", answer: await ask(model, pictureOf, roi) });
    tell({ type: "done" });
  });
  tell({ type: "ready", engines: Object.fromEntries(models.map(({ name, opened }) => [name, opened.name])) });
}

const port = parentPort;
if (port === null) throw new Error("this file is the entry of a worker thread");
const { data } = workerData as { data: ThreadSetup };
await serve(port, data).catch((error: unknown) => {
  port.postMessage({
    type: "failed",
    message: error instanceof Error ? error.message : String(error),
  } satisfies FromThread);
  port.close();
});
