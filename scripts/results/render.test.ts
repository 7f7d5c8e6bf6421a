import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { shellLine, shownCommands, testArguments, trainArguments } from "./commands.ts";
import { ROOT } from "./execute.ts";
import type { MeasuredRun, MeasuredTest } from "./measured.ts";
import { renderResults } from "./render.ts";
import { type Row, type Run, rows, runs } from "./rows.ts";

const run: Run = {
  name: "theirs",
  train: ["--arch", "signs-cnn", "--data", "$DATA/signs/train", "--drop", "a/*"],
  judged: "best",
  tests: [{ name: "test", evaluate: ["--data", "$DATA/signs/test", "--unlike", "$DATA/signs/train"] }],
};
const row: Row = {
  architecture: "signs-cnn",
  data: "signs",
  reported: "84.2 %",
  run: "theirs",
  own: ["ours"],
  pretraining: "none",
  remarks: "short",
};

function measured(name: string, accuracy: number, changes: Partial<MeasuredTest> = {}): MeasuredRun {
  return {
    name,
    commands: [],
    training: {
      seconds: 150,
      machine: "2 cores",
      epochs: 3,
      steps: 20,
      batch: 16,
      pictures: 960,
      epoch: 2,
      trainAccuracy: 0.99,
      validationAccuracy: 0.95,
    },
    tests: [
      {
        name: "test",
        seconds: 1,
        macro: { accuracy, low: accuracy - 0.1, high: accuracy + 0.1 },
        count: 97,
        sources: [{ name: "official", accuracy, count: 97 }],
        alike: 0,
        sharedSources: [],
        ...changes,
      },
    ],
  };
}

function page(...results: MeasuredRun[]): string {
  const named = new Map(results.map((one) => [one.name, one]));
  return renderResults([row], [run, { ...run, name: "ours" }], named);
}

test("a row that was not run says so, and nothing is read out of it", () => {
  const text = page();
  expect(text).toContain("| `signs-cnn` | signs | 84.2 % | not run | not run | not run | not run | none | short |");
  expect(text).toContain("Nothing was run yet.");
  expect(text).not.toContain("NaN");
});

test("a row shows both figures with their intervals, and the sentences say who is ahead", () => {
  const text = page(measured("theirs", 0.6, { alike: 23 }), measured("ours", 0.7));
  expect(text).toContain(
    "| 84.2 % | 95.0 % | test: **60.0 %** (50.0 % to 70.0 %, 23 of 120 left out) | test: **70.0 %** (60.0 % to 80.0 %) | 2.5 min: 3 epochs of 20 steps of 16 |",
  );
  expect(text).toContain("(validation, then test): `signs-cnn` 95.0 % and 60.0 %.");
  expect(text).toContain("ahead in 1 of 1 (theirs, then `own`): `signs-cnn` 60.0 % and 70.0 % (test).");
  expect(page(measured("theirs", 0.8), measured("ours", 0.7))).toContain("ahead in 0 of 1");
  expect(page(measured("theirs", 0.8))).not.toContain("is ahead");
});

test("commands name no folder of this machine, and a shell reads them as they are meant", () => {
  expect(shownCommands(run)).toEqual([
    "npx beckon train --arch signs-cnn --data $DATA/signs/train --drop 'a/*' --seed 1 --workers 2 --out runs/results/theirs",
    "npx beckon evaluate --model runs/results/theirs/best --data $DATA/signs/test --unlike $DATA/signs/train --threads 2 --json",
  ]);
  const places = { data: "/photos", runs: "elsewhere" };
  expect(trainArguments(run, places)).toContain("/photos/signs/train");
  expect(testArguments({ name: "", evaluate: ["--data", "$DATA/x"] }, "b", places)).toContain("/photos/x");
  expect(shellLine(["it's"])).toBe("npx beckon 'it'\\''s'");
});

test("every row names runs that exist, and every run comes after those it needs", () => {
  const names = runs.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { run: theirs, own } of rows) expect(names).toEqual(expect.arrayContaining([theirs, ...own]));
  for (const { name, needs = [] } of runs)
    for (const needed of needs) expect(names.indexOf(needed)).toBeLessThan(names.indexOf(name));
});

test("models/RESULTS.md says what models/results.json holds: npm run results -- --render writes it again", () => {
  const file = join(ROOT, "models", "results.json");
  if (!existsSync(file)) return;
  const results: MeasuredRun[] = JSON.parse(readFileSync(file, "utf8"));
  const named = new Map(results.map((one) => [one.name, one]));
  expect(readFileSync(join(ROOT, "models", "RESULTS.md"), "utf8")).toBe(renderResults(rows, runs, named));
});
