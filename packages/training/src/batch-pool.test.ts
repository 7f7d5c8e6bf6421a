import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BatchPool, type PoolSetup } from "./batch-pool.ts";
import { buildInferenceModel } from "./graph/inference.ts";
import { initialState } from "./initial-weights.ts";
import { newMoments } from "./optimiser.ts";
import { planLayers } from "./plan.ts";
import { sharedCopy } from "./shared-floats.ts";

const SAMPLES = 5;
const plan = planLayers([{ type: "dense", units: 2 }], [3]);
const optimiser = { type: "adam", rate: 0.1, weightDecay: 0.1 } as const;
const { weights, statistics } = initialState(plan, 1);
let folder = "";
let shared: Omit<PoolSetup, "vectors">;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-pool-"));
  const path = join(folder, "features.f32");
  await writeFile(path, new Uint8Array(Float32Array.from({ length: SAMPLES * 3 }, (_, i) => Math.sin(i)).buffer));
  shared = {
    plan,
    batch: 4,
    workers: 2,
    labelSmoothing: 0,
    seed: 1,
    threads: 1,
    optimiser,
    feed: { kind: "features", path, size: 3 },
    labels: Int32Array.of(0, 1, 0, 1, 0),
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A pool that begins with the weights of this file. */
function setupOf(rest: Partial<PoolSetup> = {}): PoolSetup {
  const vectors = { weights: sharedCopy(weights), moments: newMoments(optimiser, plan), average: sharedCopy(weights) };
  return { ...shared, vectors, ...rest };
}

const step = (pool: BatchPool, samples: readonly number[]) =>
  pool.step({ samples: Int32Array.from(samples), epoch: 1, position: 0 }, undefined, new Float32Array(0));

test("a batch shared by several threads gives the loss and the weights of one", async () => {
  const found: { correct: number; values: number[] }[] = [];
  // Parts of three threads begin and end in the middle of parameters.
  const samples = [0, 1, 2, 4, 3, 0];
  for (const workers of [1, 2, 3]) {
    const setup = setupOf({ workers, batch: samples.length });
    await using pool = await BatchPool.open(setup);
    const { loss, correct } = await step(pool, samples);
    await pool.update({ rate: 0.1, step: 1, kept: 0.5 });
    const second = await step(pool, samples);
    await pool.update({ rate: 0.1, step: 2, kept: 0.5 });
    const { weights: after, moments, average } = setup.vectors;
    const values = [loss, second.loss, ...after, ...(average ?? []), ...moments.first, ...moments.second];
    found.push({ correct, values });
  }
  const [alone, ...together] = found;
  for (const { correct, values } of together) {
    expect(correct).toBe(alone?.correct);
    expect(values).toHaveLength(2 + 4 * plan.weightCount);
    values.forEach((value, index) => {
      expect(value).toBeCloseTo(alone?.values[index] as number, 5);
    });
  }
  expect(alone?.values[1]).toBeLessThan(alone?.values[0] as number);
});

test("scores come in the order of the samples, for any number of them", async () => {
  await using pool = await BatchPool.open(setupOf());
  const onnx = buildInferenceModel(plan, weights, statistics);
  const all = await pool.score(onnx, Int32Array.of(0, 1, 2, 3, 4));
  expect(all).toHaveLength(SAMPLES * 2);
  expect(await pool.score(onnx, Int32Array.of(3))).toEqual(all.slice(6, 8));
  expect(await pool.score(onnx, Int32Array.of(4, 0, 2))).toEqual(
    Float32Array.of(...all.slice(8, 10), ...all.slice(0, 2), ...all.slice(4, 6)),
  );
  expect(await pool.score(onnx, new Int32Array(0))).toHaveLength(0);
});

test("a thread that cannot start says why, at once", async () => {
  const feed = { kind: "features", path: join(folder, "absent.f32"), size: 3 } as const;
  await expect(BatchPool.open(setupOf({ feed }))).rejects.toThrow(/ENOENT.*absent\.f32/);
});

test("a sample that cannot be read fails its batch, not the pool", async () => {
  await using pool = await BatchPool.open(setupOf());
  await expect(step(pool, [0, 1, 2, SAMPLES])).rejects.toThrow(/ends before sample 5/);
  await expect(pool.score(new Uint8Array(8), Int32Array.of(0, 1))).rejects.toThrow();
  expect((await step(pool, [0, 1, 2, 3])).loss).toBeGreaterThan(0);
});

test("a sample of the next batch that cannot be read fails that one, and neither this nor the change of the weights", async () => {
  const setup = setupOf();
  await using pool = await BatchPool.open(setup);
  const batch = (samples: readonly number[], position: number) => ({
    samples: Int32Array.from(samples),
    epoch: 1,
    position,
  });
  const broken = batch([0, 1, 2, SAMPLES], 4);
  const measured = new Float32Array(0);
  expect((await pool.step(batch([0, 1, 2, 3], 0), broken, measured)).loss).toBeGreaterThan(0);
  const before = setup.vectors.weights.slice();
  await pool.update({ rate: 0.1, step: 1, kept: 0.5 });
  expect(setup.vectors.weights).not.toEqual(before);
  await expect(pool.step(broken, undefined, measured)).rejects.toThrow(/ends before sample 5/);
  expect((await pool.step(batch([0, 1, 2, 3], 8), undefined, measured)).loss).toBeGreaterThan(0);
});

test("a pool that is closed answers nobody, and can be closed again", async () => {
  const pool = await BatchPool.open(setupOf());
  await pool[Symbol.asyncDispose]();
  await expect(step(pool, [0, 1, 2, 3])).rejects.toThrow("a training thread ended by itself");
  await expect(pool.update({ rate: 0.1, step: 1, kept: 0.5 })).rejects.toThrow("a training thread ended by itself");
  await pool[Symbol.asyncDispose]();
});
