/** Times decode and inference alone, in a process that does nothing else: what no service can be faster than. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadBundle, openClassifier, type PictureShape, WIRE_LIMITS } from "@beckon/vision";
import { median } from "../bars.ts";

export interface LimitsRequest {
  /** A bundle's folder. */
  readonly bundle: string;
  readonly frames: string;
  readonly roi: PictureShape["roi"];
  /** Of one run. */
  readonly threads: number;
  readonly pictures: number;
  /** Pictures a second; one after another without a pause when left out. A core that rests between two is slower at each. */
  readonly rate?: number;
}

/** Medians, ms. */
export interface Limits {
  readonly decode: number;
  readonly infer: number;
  readonly engine: string;
}

const WARM_UP = 30;

async function measure({ bundle, frames, roi, threads, pictures, rate }: LimitsRequest): Promise<Limits> {
  const names = (await readdir(frames)).filter((name) => name.endsWith(".jpg")).sort();
  const jpegs = await Promise.all(names.map(async (name) => new Uint8Array(await readFile(join(frames, name)))));
  const classifier = await openClassifier(await loadBundle(bundle), { engine: "onnx-cpu", threads });
  const taken: { decode: number; infer: number }[] = [];
  const start = performance.now();
  for (let index = 0; index < pictures + WARM_UP; index++) {
    if (rate !== undefined) await sleep(Math.max(0, start + (index * 1000) / rate - performance.now()));
    const jpeg = jpegs[index % jpegs.length] ?? new Uint8Array();
    const { ms } = await classifier.classify(jpeg, { limits: WIRE_LIMITS, roi });
    if (index >= WARM_UP) taken.push(ms);
  }
  const engine = classifier.engineName;
  await classifier.close();
  return { decode: median(taken.map((ms) => ms.decode)), infer: median(taken.map((ms) => ms.infer)), engine };
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? "{}") as LimitsRequest)));
