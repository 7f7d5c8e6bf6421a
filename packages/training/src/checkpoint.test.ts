import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Recipe } from "./architecture.ts";
import { CheckpointError, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { Epoch } from "./history.ts";
import { initialState } from "./initial-weights.ts";
import { planLayers } from "./plan.ts";
import { newTrainingState, type TrainingState } from "./trainer.ts";
import { statefulNet } from "./training-fixture.ts";

const plan = planLayers(statefulNet.layers({ classes: 3 }), [3, 32, 32]);
const best: Epoch = {
  epoch: 2,
  trainAccuracy: 0.5,
  trainLoss: 1 / 3,
  validationAccuracy: 0.25,
  validationLoss: null,
  learningRate: 1e-7,
  seconds: 0.1 + 0.2,
};
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-checkpoint-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function stateOf(seed: number, recipe: Partial<Recipe> = {}): TrainingState {
  return newTrainingState(plan, { ...statefulNet.recipe, ...recipe }, initialState(plan, seed));
}

/** A state in which no two values of all its vectors are equal. */
function busyState(recipe: Partial<Recipe> = {}): TrainingState {
  const state = stateOf(1, recipe);
  const { weights, statistics, moments, average, best: kept } = state;
  let value = 0;
  for (const vector of [
    weights,
    statistics,
    moments.first,
    moments.second,
    average.weights,
    average.statistics,
    kept.weights,
    kept.statistics,
  ]) {
    vector.forEach((_, index) => {
      vector[index] = Math.sin(++value);
    });
  }
  return Object.assign(state, { step: 17, epoch: 3 });
}

test.each<[string, Partial<Recipe>]>([
  ["Adam and a moving average", { averaging: 0.9 }],
  ["Adam alone", { averaging: 0 }],
  ["plain descent", { averaging: 0, optimiser: { type: "sgd", rate: 1 } }],
  ["momentum", { averaging: 0.9, optimiser: { type: "sgd", rate: 1, momentum: 0.9 } }],
])("a state comes back to the bit: %s", async (_what, recipe) => {
  const path = join(folder, "same.checkpoint");
  const state = busyState(recipe);
  await writeCheckpoint(path, { fingerprint: "f", state, best });
  const fresh = stateOf(2, recipe);
  expect(await readCheckpoint(path, "f", fresh)).toEqual(best);
  expect(fresh).toEqual(state);
  expect(fresh.average.weights === fresh.weights).toBe(recipe.averaging === 0);
});

test("a checkpoint replaces the one before it and leaves nothing beside it", async () => {
  const into = join(folder, "twice");
  await mkdir(into);
  const path = join(into, "last.checkpoint");
  await writeCheckpoint(path, { fingerprint: "f", state: stateOf(1), best: undefined });
  await writeCheckpoint(path, { fingerprint: "f", state: busyState(), best });
  const fresh = stateOf(2);
  expect(await readCheckpoint(path, "f", fresh)).toEqual(best);
  expect(fresh.epoch).toBe(3);
  expect(await readdir(into)).toEqual(["last.checkpoint"]);
});

test("a state is not touched by a checkpoint that does not belong to it, or is damaged", async () => {
  const path = join(folder, "own.checkpoint");
  await writeCheckpoint(path, { fingerprint: "f", state: busyState(), best });
  const fresh = stateOf(2);
  await expect(readCheckpoint(path, "other", fresh)).rejects.toThrow(
    /belongs to a training with other settings or data/,
  );
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 64, bytes.length - 1);
  await writeFile(path, bytes);
  await expect(readCheckpoint(path, "f", fresh)).rejects.toThrow(CheckpointError);
  await writeFile(path, bytes.subarray(0, 1000));
  await expect(readCheckpoint(path, "f", fresh)).rejects.toThrow(/is damaged: delete it and start without --resume/);
  expect(fresh).toEqual(stateOf(2));
});

test("a place that cannot be written to, or read from, is named in one line", async () => {
  const absent = join(folder, "absent", "last.checkpoint");
  const written = writeCheckpoint(absent, { fingerprint: "f", state: stateOf(1), best });
  await expect(written).rejects.toThrow(CheckpointError);
  await expect(written).rejects.toThrow(
    /^\S+last\.checkpoint was not written: no such file or folder; make room and start again$/,
  );
  await expect(readCheckpoint(absent, "f", stateOf(1))).rejects.toThrow(/cannot be read: start without --resume$/);
});
