import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encodeJpeg } from "@beckon/vision";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DatasetError } from "./dataset-folder.ts";
import { inputOf } from "./network.ts";
import { prepareData } from "./prepare-data.ts";
import { quickOptions } from "./training-fixture.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-prepare-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function put(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), content);
}

test("what is dropped from the training folder alone is no problem of the validation folder", async () => {
  const classes = ["train/eve/A", "train/eve/B", "train/eve/J", "validation/bob/A", "validation/bob/B"];
  for (const [index, folder] of classes.entries()) {
    const data = new Uint8Array(16 * 16 * 3).fill(40 * index);
    await put(`${folder}/1.jpg`, await encodeJpeg({ width: 16, height: 16, data }));
  }
  const problems: string[] = [];
  const options = quickOptions(join(root, "train"), "", {
    validation: [{ folder: join(root, "validation") }],
    drop: ["J", "Z"],
    onEvent: (event) => {
      if (event.type === "problem") problems.push(event.problem.message);
    },
  });
  const data = await prepareData(options, inputOf(options, undefined));
  data.store.close();
  expect(data.classes).toEqual(["A", "B"]);
  expect(problems.join()).toContain('"Z"');
  expect(problems.join()).not.toContain('"J"');
});

test.each([
  ["fist\nopen", /^the class "fist\\nopen" holds control characters, unlike plain UTF-8 text: rename its folder, or /],
  [" fist", /^the class " fist" has space around it: rename its folder, or name the class with <folder>=<class>$/],
])("a class %j, which no bundle could hold, is refused before any picture is read", async (name, message) => {
  for (const label of ["hand", name]) await put(`${name.length}/${label}/1.jpg`, "no picture");
  const events: string[] = [];
  const options = quickOptions(join(root, String(name.length)), "", { onEvent: ({ type }) => events.push(type) });
  const failure = prepareData(options, inputOf(options, undefined));
  await expect(failure).rejects.toThrow(DatasetError);
  await expect(failure).rejects.toThrow(message);
  expect(events).toEqual([]);
});
