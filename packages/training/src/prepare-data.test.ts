import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test.each([
  [
    "fist\nopen",
    /^the class "fist\\nopen" holds control characters, unlike plain UTF-8 text: rename its folder, or .*<folder>=<class>$/,
  ],
  [" fist", /^the class " fist" has space around it: rename its folder, or .*<folder>=<class>$/],
])("a class %j, which no bundle could hold, is refused before any picture is read", async (name, message) => {
  const folder = join(root, String(name.length));
  for (const label of ["hand", name]) {
    await mkdir(join(folder, label), { recursive: true });
    await writeFile(join(folder, label, "1.jpg"), "no picture");
  }
  const events: string[] = [];
  const options = quickOptions(folder, "", { onEvent: ({ type }) => events.push(type) });
  const failure = prepareData(options, inputOf(options, undefined));
  await expect(failure).rejects.toThrow(DatasetError);
  await expect(failure).rejects.toThrow(message);
  expect(events).toEqual([]);
});
