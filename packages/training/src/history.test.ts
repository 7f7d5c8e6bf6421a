import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appendHistory, type Epoch, formatHistory, parseHistory, readHistory } from "./history.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-history-"));
});
afterAll(() => rm(folder, { recursive: true }));

const HEADER = "epoch,train_accuracy,train_loss,validation_accuracy,validation_loss,learning_rate,seconds\n";

function epochAt(epoch: number, trainLoss = 1 / epoch): Epoch {
  return {
    epoch,
    trainAccuracy: 0.5,
    trainLoss,
    validationAccuracy: 0.25,
    validationLoss: 2,
    learningRate: 1e-7,
    seconds: 12.5,
  };
}

test("epochs come back as they were written", async () => {
  const path = join(folder, "plain.csv");
  const unjudged = { ...epochAt(3), validationAccuracy: null, validationLoss: null };
  for (const epoch of [epochAt(1), epochAt(2), unjudged]) await appendHistory(path, epoch);
  expect(await readHistory(path)).toEqual([epochAt(1), epochAt(2), unjudged]);
  expect(await readFile(path, "utf8")).toBe(formatHistory([epochAt(1), epochAt(2), unjudged]));
});

test("no file is no history", async () => {
  expect(await readHistory(join(folder, "absent.csv"))).toEqual([]);
});

test("a torn last line is ignored, and cut off before the next is written", async () => {
  const path = join(folder, "torn.csv");
  await appendHistory(path, epochAt(1));
  await appendFile(path, "2,0.5,0.5,0.25,2,1e-7,1");
  expect(await readHistory(path)).toEqual([epochAt(1)]);
  await appendHistory(path, epochAt(2));
  expect(await readHistory(path)).toEqual([epochAt(1), epochAt(2)]);
});

test("a torn header is written anew", async () => {
  const path = join(folder, "header.csv");
  await appendFile(path, "epoch,tra");
  await appendHistory(path, epochAt(1));
  expect(await readFile(path, "utf8")).toBe(formatHistory([epochAt(1)]));
});

test("a resumed training replaces the epochs it repeats", () => {
  const text = formatHistory([epochAt(1), epochAt(2), epochAt(3), epochAt(2, 9)]);
  expect(parseHistory(text)).toEqual([epochAt(1), epochAt(2, 9)]);
});

test("a loss that ran away survives", () => {
  const epochs = [epochAt(1, Number.NaN), epochAt(2, Number.POSITIVE_INFINITY)];
  expect(parseHistory(formatHistory(epochs))).toEqual(epochs);
});

test("an epoch 0 is an epoch", () => {
  expect(parseHistory(`${HEADER}0,1,1,1,1,1,1\n`)).toHaveLength(1);
});

test.each(["1,2,3", "1.5,0,0,0,0,0,0", "1,0,,0,0,0,0", "1,0,x,0,0,0,0", "1,0,0,0,0,0,0,0"])(
  "the line %s is refused by number",
  (line) => {
    expect(() => parseHistory(`${HEADER}${line}\n`, "history.csv")).toThrow("history.csv, line 2: expected 7 numbers");
  },
);
