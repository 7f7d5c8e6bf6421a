import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const require = createRequire(import.meta.url);
const repository = fileURLToPath(new URL("..", import.meta.url));

// Inside the repository, so that the planted files find vitest; git and the suite itself look past a dot folder.
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(repository, "node_modules", ".closing-line-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs vitest with this repository's reporters on the given test files. */
function run(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(
    join(folder, "vitest.config.ts"),
    `import config from ${JSON.stringify(join(repository, "vitest.config.ts"))};
     export default { test: { ...config.test, include: ["*.case.ts"], exclude: [], root: ${JSON.stringify(folder)} } };`,
  );
  const vitest = join(require.resolve("vitest/package.json"), "../vitest.mjs");
  const { stdout, status } = spawnSync(process.execPath, [vitest, "run"], { cwd: folder, encoding: "utf8" });
  return { status, lastLine: stdout.trimEnd().split("\n").at(-1) };
}

it("counts what passed, failed and was skipped on the last line", () => {
  const tests = `import { expect, it } from "vitest";
    it("holds", () => {});
    it.skip("waits", () => {});
    it.todo("comes");
    it("does not hold", () => { expect(1).toBe(2); });`;
  expect(run({ "a.case.ts": tests })).toEqual({ status: 1, lastLine: "1 passed, 1 failed, 2 skipped" });
});

it("leaves the skipped out where there are none", () => {
  const tests = 'import { it } from "vitest"; it("holds", () => {});';
  expect(run({ "a.case.ts": tests, "b.case.ts": tests })).toEqual({ status: 0, lastLine: "2 passed, 0 failed" });
});

it("counts a file that cannot be run and an error outside any test as failures", () => {
  const broken = "throw new Error('no tests here');";
  const loose =
    'import { it } from "vitest"; it("holds", async () => { void Promise.reject(new Error("loose")); await new Promise((done) => setTimeout(done, 50)); });';
  expect(run({ "a.case.ts": broken, "b.case.ts": loose })).toEqual({ status: 1, lastLine: "1 passed, 2 failed" });
});
