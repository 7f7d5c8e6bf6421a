/** Judges a bundle once in this process; see `measureApart`. */
import { evaluateBundle } from "@beckon/training";
import { loadBundle } from "@beckon/vision";

export interface EvaluationRequest {
  /** Folder of the bundle. */
  readonly model: string;
  /** Folder of pictures. */
  readonly data: string;
}

export interface EvaluationRound {
  /** Over everything `beckon evaluate` does once it is loaded: reading the bundle, scanning, decoding, judging. */
  readonly picturesPerSecond: number;
  readonly pictures: number;
  readonly engine: string;
}

async function measure({ model, data }: EvaluationRequest): Promise<EvaluationRound> {
  const began = performance.now();
  const bundle = await loadBundle(model);
  const { evaluation, engineName } = await evaluateBundle({ bundle, data: [{ folder: data }] });
  const seconds = (performance.now() - began) / 1000;
  const pictures = evaluation.micro.count;
  return { picturesPerSecond: pictures / seconds, pictures, engine: engineName };
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? "{}") as EvaluationRequest)));
