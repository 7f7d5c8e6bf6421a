import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeJpeg } from "@beckon/vision";
import { afterAll, beforeAll, expect, test } from "vitest";
import { own } from "./architectures/own.ts";
import { prepareData } from "./prepare-data.ts";
import type { TrainingEvent, TrainingOptions } from "./training-run.ts";

let folder: string;
const input = {
  width: 16,
  height: 16,
  layout: "NCHW",
  colours: "RGB",
  mean: [0, 0, 0],
  std: [1, 1, 1],
  fit: "contain",
  kernel: "linear",
} as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-prepare-"));
  for (const [index, name] of [
    "train/eve/A",
    "train/eve/B",
    "train/eve/J",
    "validation/bob/A",
    "validation/bob/B",
  ].entries()) {
    await mkdir(join(folder, name), { recursive: true });
    const data = new Uint8Array(16 * 16 * 3).fill(40 * index);
    await writeFile(join(folder, name, "1.jpg"), await encodeJpeg({ width: 16, height: 16, data }));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("what is dropped from the training folder alone is no problem of the validation folder", async () => {
  const problems: string[] = [];
  const options: TrainingOptions = {
    architecture: own,
    data: [{ folder: join(folder, "train") }],
    validation: [{ folder: join(folder, "validation") }],
    drop: ["J", "Z"],
    recipe: own.recipe,
    seed: 1,
    workers: 1,
    balance: false,
    cutouts: [],
    backgroundClasses: [],
    freeze: false,
    out: folder,
    name: "letters",
    resume: false,
    command: "",
    onEvent: (event: TrainingEvent) => {
      if (event.type === "problem") problems.push(event.problem.message);
    },
  };
  const data = await prepareData(options, { ...input, mean: [0, 0, 0], std: [1, 1, 1] });
  data.store.close();
  expect(data.classes).toEqual(["A", "B"]);
  expect(problems.join()).toContain('"Z"');
  expect(problems.join()).not.toContain('"J"');
});
