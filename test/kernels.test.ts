import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { expect, it } from "vitest";

it.each([
  ["vision", "src/jpeg/kernels.wasm"],
  ["training", "src/augment/kernels.wasm"],
])("the kernels of packages/%s are what their sources compile to", async (name, path) => {
  const folder = new URL(`../packages/${name}/`, import.meta.url);
  const compiled: Uint8Array[] = [];
  const { error } = await asc.main(["--config", "asconfig.json", "--baseDir", fileURLToPath(folder)], {
    writeFile: (_: string, contents: Uint8Array | string) => {
      if (typeof contents !== "string") compiled.push(contents);
    },
  });
  expect(error).toBeNull();
  const committed = await readFile(new URL(path, folder));
  expect(Buffer.from(compiled[0] ?? []).equals(committed), "run: npm run kernels").toBe(true);
});
