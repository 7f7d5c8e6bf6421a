import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, describe as group, test } from "vitest";
import { describe, matchLabels, requireTrainable, scanDataset } from "./dataset.ts";
import { DatasetError, parseDataInput } from "./dataset-folder.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "beckon-dataset-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Makes empty files; scanning never opens them. */
function files(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
}

const named = (dataset: Awaited<ReturnType<typeof scanDataset>>) =>
  dataset.samples.map(({ path, label, source }) => `${source} ${dataset.classes[label]} ${basename(path)}`);

group("scanDataset", () => {
  test("reads <source>/<class>/* in natural order", async () => {
    files("d/ann/B/1.jpg", "d/ann/A/10.jpg", "d/ann/A/9.jpg", "d/bob/A/1.PNG", "d/bob/B/x.jpeg");
    const dataset = await scanDataset([{ folder: join(root, "d") }]);
    expect(dataset.classes).toEqual(["A", "B"]);
    expect(named(dataset)).toEqual(["ann A 9.jpg", "ann A 10.jpg", "ann B 1.jpg", "bob A 1.PNG", "bob B x.jpeg"]);
    expect(dataset.problems).toEqual([]);
  });

  test.runIf(process.platform === "linux")("passes over pipes, which would be waited for without end", async () => {
    files("d/fist/1.jpg", "d/open/1.jpg");
    expect(spawnSync("bash", ["-c", 'mkfifo "$0"', join(root, "d/open/2.jpg")]).status).toBe(0);
    expect(named(await scanDataset([{ folder: join(root, "d") }]))).toEqual(["d fist 1.jpg", "d open 1.jpg"]);
  });

  test("takes a plain <class>/* folder for one source with the folder's name", async () => {
    files("mine/open/1.jpg", "mine/fist/1.jpg");
    expect(named(await scanDataset([{ folder: join(root, "mine") }]))).toEqual(["mine fist 1.jpg", "mine open 1.jpg"]);
  });

  test("gives every picture of an input the class of `as`, in any layout", async () => {
    files("hands/ann/A/1.jpg", "rooms/r1/others/1.jpg", "flat/1.jpg");
    const dataset = await scanDataset([
      { folder: join(root, "hands") },
      { folder: join(root, "rooms"), as: "nothing" },
      { folder: join(root, "flat"), as: "nothing" },
    ]);
    expect(named(dataset)).toEqual(["ann A 1.jpg", "r1 nothing 1.jpg", "flat nothing 1.jpg"]);
  });

  test("drops a class, a class of one source and a whole source, and names an entry that drops nothing", async () => {
    files("d/a/A/1.jpg", "d/a/J/1.jpg", "d/a/nothing/1.jpg", "d/b/nothing/1.jpg", "d/b/J/1.jpg", "d/c/A/1.jpg");
    const dataset = await scanDataset([{ folder: join(root, "d") }], { drop: ["J", "a/nothing", "c/*", "a/K"] });
    expect(named(dataset)).toEqual(["a A 1.jpg", "b nothing 1.jpg"]);
    expect(dataset.problems.map(({ kind, path }) => `${kind} ${path}`)).toEqual(["unused-drop a/K"]);
  });

  test("keeps the order of the classes asked for, counts the others and names the empty ones", async () => {
    files("d/C/1.jpg", "d/C/2.jpg", "d/A/1.jpg", "d/B/1.jpg");
    const dataset = await scanDataset([{ folder: join(root, "d") }], { classes: ["B", "A", "D"] });
    expect(named(dataset)).toEqual(["d A 1.jpg", "d B 1.jpg"]);
    expect(dataset.samples.map((sample) => sample.label)).toEqual([1, 0]);
    expect(dataset.problems.map((problem) => problem.message)).toEqual([
      'left out 2 pictures of "C": not among the classes asked for',
      'no pictures of class "D"',
    ]);
  });

  test("names other files, files outside class folders and empty class folders in one line each", async () => {
    files("d/ann/A/1.jpg", "d/ann/A/a.bmp", "d/ann/A/b.bmp", "d/ann/notes.txt", "d/ann/.hidden", "d/ann/B/readme");
    const { problems, classes } = await scanDataset([{ folder: join(root, "d") }]);
    expect(problems.map((problem) => problem.kind).sort()).toEqual([
      "empty-class",
      "extension",
      "extension",
      "misplaced",
    ]);
    expect(problems.map((problem) => problem.message)).toContainEqual(expect.stringMatching(/a\.bmp and 1 more: only/));
    expect(problems.every((problem) => !problem.message.includes("\n"))).toBe(true);
    expect(classes).toEqual(["A"]);
  });

  test.each([
    ["a missing folder", "absent", /absent does not exist: check/],
    ["a file instead of a folder", "d/x.jpg", /x\.jpg is not a folder: give/],
    ["an empty folder", "empty", /no class folders in .*empty: lay it out/],
    ["class folders without a picture", "bare", /no \.jpg or \.png picture in .*bare: check/],
    ["pictures without class folders", "d", /no class folders in .*d: lay it out/],
  ])("refuses %s with one line", async (_, folder, message) => {
    files("d/x.jpg", "bare/A/readme.txt");
    mkdirSync(join(root, "empty"));
    const scanning = scanDataset([{ folder: join(root, folder) }]);
    await expect(scanning).rejects.toThrow(DatasetError);
    await expect(scanning).rejects.toThrow(message);
  });
});

test("one class is enough to scan and too few to train", async () => {
  files("d/A/1.jpg");
  const dataset = await scanDataset([{ folder: join(root, "d") }]);
  expect(() => requireTrainable(dataset)).toThrow(/only the class "A" has pictures: training needs two classes/);
});

test("matchLabels takes the indices of the model and counts the classes that it lacks", async () => {
  files("d/A/1.jpg", "d/B/1.jpg", "d/J/1.jpg", "d/J/2.jpg");
  const dataset = await scanDataset([{ folder: join(root, "d") }]);
  const { samples, missing } = matchLabels(dataset, ["B", "nothing", "A"]);
  expect(samples.map((sample) => sample.label)).toEqual([2, 0]);
  expect(missing).toEqual([{ name: "J", count: 2 }]);
});

test("describe prints the counts per source and class, and their sums", async () => {
  files("d/ann/A/1.jpg", "d/ann/A/2.jpg", "d/bob/A/1.jpg", "d/bob/B/1.jpg");
  const dataset = await scanDataset([{ folder: join(root, "d") }]);
  expect(describe(dataset)).toEqual([
    "4 pictures, 2 classes, 2 sources",
    "    total A B",
    "ann     2 2 -",
    "bob     2 1 1",
    "all     4 3 1",
  ]);
});

test("describe cuts a wide table into parts", async () => {
  const classes = Array.from({ length: 30 }, (_, i) => `class-${i}`);
  files(...classes.map((name) => `d/${name}/1.jpg`));
  const lines = describe(await scanDataset([{ folder: join(root, "d") }]));
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(101);
  for (const name of classes) expect(lines.join("\n")).toContain(name);
});

test("parseDataInput splits a folder from its class, and leaves an = inside a path alone", () => {
  expect(parseDataInput("letters/train")).toEqual({ folder: "letters/train" });
  expect(parseDataInput("others/train=nothing")).toEqual({ folder: "others/train", as: "nothing" });
  expect(parseDataInput("a=b/train")).toEqual({ folder: "a=b/train" });
  expect(() => parseDataInput("others=")).toThrow(/names no folder or no class/);
});
