import { cp, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FILE_LIMITS, loadBundle, openClassifier } from "@beckon/vision";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { train } from "./train.ts";
import { TrainingError } from "./trainer.ts";
import { drawCounts, outcomeOf, quickOptions, SIGNS, startChild, statefulNet } from "./training-fixture.ts";
import type { TrainingEvent, TrainingResult } from "./training-run.ts";

const PER_SIGN = 20;
let folder = "";
let data = "";
let runs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-train-"));
  data = join(folder, "data");
  await drawCounts(data, PER_SIGN);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const newRun = () => join(folder, `run-${++runs}`);
type Changes = Parameters<typeof quickOptions>[2];
const run = (out: string, changes: Changes = {}) => train(quickOptions(data, out, changes));

describe("a training of a dozen epochs", () => {
  const events: TrainingEvent[] = [];
  let out = "";
  let result: TrainingResult;
  beforeAll(async () => {
    out = newRun();
    const onEvent = (event: TrainingEvent) => events.push(event);
    result = await run(out, { recipe: { epochs: 12, checkpointEvery: 5 }, onEvent });
  });

  test("learns to count fingers", () => {
    const losses = result.history.map(({ trainLoss }) => trainLoss);
    expect(losses).toHaveLength(12);
    // Guessing costs ln 6 = 1.79, and no wrong gradient comes near this.
    expect(losses.at(-1)).toBeLessThan(0.5);
    expect(result.history.at(-1)?.trainAccuracy).toBeGreaterThan(0.8);
    expect(result.best.validationAccuracy).toBeGreaterThan(0.6);
    expect(result.interrupted).toBe(false);
  });

  test("leaves the best and every fifth epoch, the history, the report and the confusions", async () => {
    const kept = (await readdir(out)).sort();
    expect(kept).toEqual([
      "best",
      "confusion.csv",
      "confusion.png",
      expect.stringMatching(/^epoch-005-loss-\d\.\d{4}$/),
      expect.stringMatching(/^epoch-010-loss-\d\.\d{4}$/),
      "history.csv",
      "last.checkpoint",
      "report.html",
    ]);
    const fifth = await loadBundle(join(out, kept[3] as string));
    expect(fifth.card.training?.summary["epoch"]).toBe(5);
    expect(kept[3]).toContain(result.history[4]?.validationLoss?.toFixed(4));
    expect((await readFile(join(out, "history.csv"), "utf8")).trim().split("\n")).toHaveLength(13);
    expect(await readFile(join(out, "report.html"), "utf8")).toContain("<svg");
    expect(await readFile(join(out, "confusion.csv"), "utf8")).toMatch(/0,1,2,3,4,5/);
    expect((await readFile(join(out, "confusion.png"))).subarray(1, 4).toString()).toBe("PNG");
  });

  test("ships a bundle whose card says how it came about, and which names the pictures it was trained on", async () => {
    const bundle = await loadBundle(result.bundle);
    expect(bundle.labels).toEqual(SIGNS);
    expect(bundle.card.training?.summary["epoch"]).toBe(result.best.epoch);
    expect(bundle.card.evaluations[0]?.macro.accuracy).toBeCloseTo(result.best.validationAccuracy ?? -1, 6);
    expect(result.evaluation?.macro.accuracy).toBe(bundle.card.evaluations[0]?.macro.accuracy);

    const classifier = await openClassifier(bundle, { engine: "onnx-cpu" });
    const named = await Promise.all(
      SIGNS.flatMap((sign) =>
        [3, 9].map(async (index) => {
          const picture = await readFile(join(data, sign, `${index}.jpg`));
          return (await classifier.classify(picture, { limits: FILE_LIMITS })).label === sign;
        }),
      ),
    );
    await classifier.close();
    expect(named.filter(Boolean).length).toBeGreaterThanOrEqual(8);
  });

  test("tells of every step and epoch", () => {
    const steps = events.filter((event) => event.type === "step");
    expect(steps).toHaveLength(12 * (steps[0]?.steps ?? 0));
    expect(events.flatMap((event) => (event.type === "epoch" ? [event.row] : []))).toEqual(result.history);
  });
});

test("the same seed gives the same weights, to the bit", async () => {
  const [first, second] = [newRun(), newRun()];
  const changes: Changes = { architecture: statefulNet, side: 32, workers: 2, recipe: { epochs: 2, stepsPerEpoch: 4 } };
  await run(first, changes);
  await run(second, changes);
  expect(await outcomeOf(second)).toEqual(await outcomeOf(first));
});

test("a class that is called as a property of every object is drawn as often as any other", async () => {
  const losses: number[][] = [];
  // Both stand last, behind the figures.
  for (const name of ["constructor", "fist"]) {
    const named = join(folder, `named-${name}`);
    await cp(data, named, { recursive: true });
    await rename(join(named, "0"), join(named, name));
    const recipe = { epochs: 2, stepsPerEpoch: 4 };
    const { history } = await train(quickOptions(named, newRun(), { side: 32, balance: true, recipe }));
    losses.push(history.map(({ trainLoss }) => trainLoss));
  }
  expect(losses[0]).toEqual(losses[1]);
});

test("two threads learn what one learns: they share each batch", async () => {
  const losses: number[][] = [];
  for (const workers of [1, 2]) {
    const { history } = await run(newRun(), { workers, recipe: { epochs: 4 } });
    losses.push(history.map(({ trainLoss }) => trainLoss));
  }
  expect(losses[0]?.at(-1)).toBeLessThan(1.5);
  losses[0]?.forEach((loss, epoch) => {
    expect(losses[1]?.[epoch]).toBeCloseTo(loss, 3);
  });
});

test("each thread gets a whole share where the batch cannot be divided, or is larger than the data", async () => {
  const starts: number[] = [];
  const onEvent = (event: TrainingEvent) => {
    if (event.type === "start") starts.push(event.stepsPerEpoch);
  };
  await run(newRun(), { workers: 2, recipe: { epochs: 1, batch: 15 }, onEvent });
  await run(newRun(), { workers: 2, recipe: { epochs: 1, batch: 5000 }, onEvent });
  const training = SIGNS.length * PER_SIGN * (1 - quickOptions(data, "").recipe.validation);
  expect(starts).toEqual([Math.floor(training / 14), 1]);
});

test("a loss that runs away is said in one line, and such an epoch is not kept", async () => {
  const out = newRun();
  const failure = run(out, { recipe: { optimiser: { type: "sgd", rate: 1e12 } } });
  await expect(failure).rejects.toThrow(TrainingError);
  await expect(failure).rejects.toThrow(
    /^the loss is no longer a number in epoch 1: train again with a learning rate below 1000000000000$/,
  );
  expect(await readdir(out)).toEqual([]);
});

test("nothing in memory grows with the number of steps", async () => {
  const child = startChild(data, newRun(), {
    workers: 2,
    side: 16,
    recipe: { epochs: 18, stepsPerEpoch: 100, batch: 2 },
  });
  const used: NodeJS.MemoryUsage[] = [];
  child.onEvent(({ memory }) => {
    if (memory) used.push(memory as NodeJS.MemoryUsage);
  });
  expect(await child.ended, child.errors()).toBe(0);
  expect(used).toHaveLength(18);
  const growth = (kind: "rss" | "heapUsed") => ((used[17]?.[kind] ?? 0) - (used[7]?.[kind] ?? 0)) / 2 ** 20;
  // 1,000 steps lie between; a reaction left on one promise at each of them is 1.3 MB.
  expect(growth("heapUsed")).toBeLessThan(0.6);
  expect(growth("rss")).toBeLessThan(30);
});
