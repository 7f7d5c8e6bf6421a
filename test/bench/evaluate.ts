/**
 * Speed of judging a bundle on a folder of JPEGs, files and decoding included.
 *
 *   npm run bench:evaluate -- [--model models/letters] [--rounds 3] [--quick]
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drawSyntheticSource } from "@beckon/training";
import { saveBundle } from "@beckon/vision";
import { own } from "../../packages/training/src/architectures/own.ts";
import { buildInferenceModel } from "../../packages/training/src/graph/inference.ts";
import { initialState } from "../../packages/training/src/initial-weights.ts";
import { inputOf } from "../../packages/training/src/network.ts";
import { planLayers } from "../../packages/training/src/plan.ts";
import { median } from "./bars.ts";
import { type Bench, BenchFailure, measureApart, positive, runBench } from "./bench.ts";
import { LETTERS } from "./drawn-pictures.ts";
import type { EvaluationRequest, EvaluationRound } from "./evaluate-round.ts";

const SHIPPED = fileURLToPath(new URL("../../models/letters/", import.meta.url));
const SIDE = 128;
/** Pictures of each letter: 1,512 of them all. */
const PER_LETTER = 63;
const BAR = 300;

await runBench(async (bench) => {
  const { values } = parseArgs({
    options: { model: { type: "string" }, rounds: { type: "string" }, quick: { type: "boolean", default: false } },
  });
  const rounds = Math.ceil(positive("rounds", values.rounds ?? (values.quick ? "1" : "3")));
  const model = await modelOf(values.model, bench);
  const { folder: data, signal } = bench;
  await drawSyntheticSource({
    folder: join(data, "pictures"),
    signs: LETTERS,
    perSign: PER_LETTER,
    side: SIDE,
    seed: 1,
    signal,
  });
  const request: EvaluationRequest = { model, data: join(data, "pictures") };
  const rates: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const entry = new URL("./evaluate-round.ts", import.meta.url);
    const { picturesPerSecond, pictures, engine } = await measureApart<EvaluationRound>(entry, request, signal);
    rates.push(picturesPerSecond);
    console.log(
      `round ${round}: ${pictures} pictures of ${SIDE} x ${SIDE}, ${engine}, ${picturesPerSecond.toFixed(0)}/s`,
    );
  }
  const rate = median(rates);
  return [{ what: `${rate.toFixed(0)} pictures a second`, bar: `at least ${BAR}`, passed: rate >= BAR }];
});

/** The bundle that was named, else the shipped one, else one of the same network that has learned nothing. */
async function modelOf(named: string | undefined, { folder }: Bench): Promise<string> {
  const model = named ?? SHIPPED;
  if (existsSync(join(model, "model.json"))) {
    console.log(`Model: ${model}`);
    return model;
  }
  if (named !== undefined) throw new BenchFailure(`${named} is no model bundle: it holds no model.json`);
  console.log(
    "Model: no models/letters here, so a network of own with random weights takes its place: as fast, never right",
  );
  return saveRandomBundle(join(folder, "random"));
}

async function saveRandomBundle(folder: string): Promise<string> {
  const labels = [...LETTERS, "nothing"];
  const { side } = own;
  const plan = planLayers(own.layers({ classes: labels.length }), [3, side, side]);
  const { weights, statistics } = initialState(plan, 1);
  await saveBundle(folder, {
    card: {
      format: "beckon-model/1",
      name: "random",
      version: "0.0.0",
      architecture: own.name,
      input: inputOf({ architecture: own, freeze: false }, undefined),
      thresholds: { default: 0 },
    },
    labels,
    onnx: buildInferenceModel(plan, weights, statistics),
  });
  return folder;
}
