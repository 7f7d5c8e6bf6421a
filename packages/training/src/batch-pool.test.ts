import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BatchPool, type PoolSetup } from "./batch-pool.ts";
import { buildInferenceModel } from "./graph/inference.ts";
import { initialState } from "./initial-weights.ts";
import { planLayers } from "./plan.ts";

const SAMPLES = 5;
const plan = planLayers([{ type: "dense", units: 2 }], [3]);
const { weights, statistics } = initialState(plan, 1);
let folder = "";
let setup: PoolSetup;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-pool-"));
  const path = join(folder, "features.f32");
  await writeFile(path, new Uint8Array(Float32Array.from({ length: SAMPLES * 3 }, (_, i) => Math.sin(i)).buffer));
  setup = {
    plan,
    batch: 4,
    workers: 2,
    labelSmoothing: 0,
    seed: 1,
    threads: 1,
    feed: { kind: "features", path, size: 3 },
    labels: Int32Array.of(0, 1, 0, 1, 0),
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const step = (pool: BatchPool, samples: readonly number[], gradients = new Float32Array(plan.weightCount)) =>
  pool.step({ samples: Int32Array.from(samples), epoch: 1, position: 0 }, undefined, gradients, new Float32Array(0));

test("a batch shared by two threads gives the loss and the gradients of one", async () => {
  const found: { correct: number; values: number[] }[] = [];
  for (const workers of [1, 2]) {
    await using pool = await BatchPool.open({ ...setup, workers });
    pool.weights.set(weights);
    const gradients = new Float32Array(plan.weightCount);
    const { loss, correct } = await step(pool, [0, 1, 2, 4], gradients);
    found.push({ correct, values: [loss, ...gradients] });
  }
  expect(found[1]?.correct).toBe(found[0]?.correct);
  found[0]?.values.forEach((value, index) => {
    expect(found[1]?.values[index]).toBeCloseTo(value, 6);
  });
  expect(Math.hypot(...(found[0]?.values.slice(1) ?? []))).toBeGreaterThan(0.1);
});

test("scores come in the order of the samples, for any number of them", async () => {
  await using pool = await BatchPool.open(setup);
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
  await expect(BatchPool.open({ ...setup, feed })).rejects.toThrow(/ENOENT.*absent\.f32/);
});

test("a sample that cannot be read fails its batch, not the pool", async () => {
  await using pool = await BatchPool.open(setup);
  pool.weights.set(weights);
  await expect(step(pool, [0, 1, 2, SAMPLES])).rejects.toThrow(/ends before sample 5/);
  await expect(pool.score(new Uint8Array(8), Int32Array.of(0, 1))).rejects.toThrow();
  expect((await step(pool, [0, 1, 2, 3])).loss).toBeGreaterThan(0);
});

test("a pool that is closed answers nobody, and can be closed again", async () => {
  const pool = await BatchPool.open(setup);
  await pool[Symbol.asyncDispose]();
  await expect(step(pool, [0, 1, 2, 3])).rejects.toThrow("a training thread ended by itself");
  await pool[Symbol.asyncDispose]();
});
