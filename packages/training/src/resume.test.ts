import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBundle } from "@beckon/vision";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CheckpointError } from "./checkpoint.ts";
import { train } from "./train.ts";
import { drawCounts, outcomeOf, quickOptions, startChild, statefulNet, stopIn } from "./training-fixture.ts";
import type { TrainingEvent } from "./training-run.ts";

type Changes = NonNullable<Parameters<typeof quickOptions>[2]>;
/** Batch norm, dropout, augmentation, moving averages, a cosine, two threads: all that a checkpoint must carry on. */
const stateful = { workers: 2, side: 32, recipe: { epochs: 4, batch: 8, stepsPerEpoch: 4 } };
const changes: Changes = { ...stateful, architecture: statefulNet };

let folder = "";
let data = "";
let runs = 0;
/** Folder of a training that never stopped. */
let whole = "";

const newRun = () => join(folder, `run-${++runs}`);
const run = (out: string, more: Changes = {}) => train(quickOptions(data, out, { ...changes, ...more }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-resume-"));
  data = join(folder, "data");
  await drawCounts(data, 8, 32);
  whole = newRun();
  await run(whole);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("resuming after an abort in the middle of an epoch gives the weights of never having stopped", async () => {
  const out = newRun();
  const stopped = await run(out, stopIn(3));
  expect(stopped.interrupted).toBe(true);
  // Only the epoch under way is lost.
  expect(stopped.history.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect((await outcomeOf(out)).epoch).toBe(2);
  expect(await readdir(out)).toContain("report.html");

  const starts: number[] = [];
  const onEvent = (event: TrainingEvent) => {
    if (event.type === "start") starts.push(event.resumedAt);
  };
  const resumed = await run(out, { resume: true, onEvent });
  expect(starts).toEqual([2]);
  expect(resumed.interrupted).toBe(false);
  expect(resumed.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
  expect(await outcomeOf(out)).toEqual(await outcomeOf(whole));
});

test("resuming after kill -9 goes on from the last whole epoch, to the same weights", async () => {
  const out = newRun();
  const holdAt = { epoch: 3, step: 2 };
  const child = startChild(data, out, { ...stateful, architecture: "stateful", holdAt });
  await child.until(({ type, epoch, step }) => type === "step" && epoch === holdAt.epoch && step === holdAt.step);
  child.process.kill("SIGKILL");
  await child.ended;

  expect((await outcomeOf(out)).epoch).toBe(2);
  await loadBundle(join(out, "best"));
  await run(out, { resume: true });
  expect(await outcomeOf(out)).toEqual(await outcomeOf(whole));
});

test("resuming puts right what a kill between an epoch and its checkpoint left", async () => {
  const out = newRun();
  await run(out, stopIn(3));
  const before = await outcomeOf(out);
  // As if the process had died while it wrote the checkpoint of epoch 4, with the best bundle between two renames.
  await cp(join(whole, "history.csv"), join(out, "history.csv"));
  await cp(join(whole, "best"), join(out, ".best.new-123-0badcafe"), { recursive: true });
  await rm(join(out, "best"), { recursive: true });
  await writeFile(join(out, "last.checkpoint.tmp"), "half");

  const { history } = await run(out, { resume: true, ...stopIn(3) });
  expect(history.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(await outcomeOf(out)).toEqual(before);
  expect((await readdir(out)).filter((name) => name.startsWith("."))).toEqual([]);
  expect((await loadBundle(join(out, "best"))).card.training?.summary["epoch"]).toBe(before.bestEpoch);
});

test("resuming a finished training changes nothing", async () => {
  const before = await outcomeOf(whole);
  const result = await run(whole, { resume: true });
  expect(result.history).toHaveLength(4);
  expect(await outcomeOf(whole)).toEqual(before);
});

test.each<[string, Changes]>([
  ["another seed", { seed: 9 }],
  ["another number of threads", { workers: 1 }],
  ["more epochs", { recipe: { ...stateful.recipe, epochs: 5 } }],
  ["another rate", { recipe: { ...stateful.recipe, optimiser: { type: "adam", rate: 0.5 } } }],
  ["other classes", { classes: ["0", "1", "2"] }],
  [
    "another network",
    {
      architecture: { ...statefulNet, layers: ({ classes }) => [...statefulNet.layers({ classes }), { type: "relu" }] },
    },
  ],
])("resuming with %s is refused in one line", async (_what, other) => {
  const before = await outcomeOf(whole);
  const failure = run(whole, { ...other, resume: true });
  await expect(failure).rejects.toThrow(CheckpointError);
  await expect(failure).rejects.toThrow(/last\.checkpoint belongs to a training with other settings or data: .*--out$/);
  expect(await outcomeOf(whole)).toEqual(before);
});

test("resuming must be asked for where there is a training, and is refused where there is none", async () => {
  await expect(run(whole)).rejects.toThrow(/holds a training already: add --resume to go on with it/);
  await expect(run(newRun(), { resume: true })).rejects.toThrow(/holds nothing to resume/);
});

test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
  ["cut short", (bytes) => bytes.subarray(0, bytes.length - 100), /is damaged: delete it/],
  ["with a flipped bit", (bytes) => flipped(bytes, bytes.length - 77), /is damaged: delete it/],
  ["of another kind", () => Buffer.from("not json\nand more"), /is no checkpoint of this version: delete it/],
  ["that is empty", () => Buffer.alloc(0), /is no checkpoint of this version: delete it/],
])("a checkpoint %s is refused in one line", async (_what, damage, message) => {
  const out = newRun();
  await cp(whole, out, { recursive: true });
  const file = join(out, "last.checkpoint");
  await writeFile(file, damage(await readFile(file)));
  const failure = run(out, { resume: true });
  await expect(failure).rejects.toThrow(CheckpointError);
  await expect(failure).rejects.toThrow(message);
});

test("no space for a checkpoint is said in one line, and the one before stays good", async () => {
  const out = newRun();
  const own = { ...stateful, workers: 1 };
  await run(out, { ...own, ...stopIn(2) });
  const before = await readFile(join(out, "last.checkpoint"));
  // Blocks of 512 bytes in some shells and 1,024 in others: too few for the checkpoint, enough for the bundle before it.
  const blocks = Math.floor(before.length / 1024) - 1;
  expect((await stat(join(out, "best", "model.onnx"))).size).toBeLessThan(blocks * 512);
  const child = startChild(data, out, { ...own, architecture: "stateful", resume: true }, `ulimit -f ${blocks}`);
  expect(await child.ended).toBe(1);
  expect(child.errors()).toMatch(
    /^\S+last\.checkpoint was not written: the file would be larger than is allowed here; the checkpoint before it is as it was: make room and go on with --resume\n$/,
  );
  expect(await readFile(join(out, "last.checkpoint"))).toEqual(before);
  expect((await readdir(out)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  const resumed = await run(out, { ...own, resume: true });
  expect(resumed.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
});

function flipped(bytes: Buffer, index: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
  return copy;
}
