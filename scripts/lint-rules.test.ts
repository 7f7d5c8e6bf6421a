import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

// The arrows between the packages hold only as long as the linter refuses what breaks them: each fault is planted, and must be found.
const faults = {
  "packages/vision/src/undeclared.ts": {
    text: 'export { plan } from "@beckon/training";\n',
    rule: "lint/correctness/noUndeclaredDependencies",
  },
  "packages/vision/src/undeclared.test.ts": {
    text: 'export { plan } from "@beckon/training";\n',
    rule: "lint/correctness/noUndeclaredDependencies",
  },
  "packages/vision/src/engines/around-the-name.ts": {
    text: 'export { plan } from "../../../training/src/plan.ts";\n',
    rule: "lint/style/noRestrictedImports",
  },
  "packages/vision/src/hen.ts": {
    text: 'import { egg } from "./egg.ts";\n\nexport const hen = () => egg;\n',
    rule: "lint/suspicious/noImportCycles",
  },
  "packages/vision/src/egg.ts": {
    text: 'import { hen } from "./hen.ts";\n\nexport const egg = () => hen;\n',
    rule: "lint/suspicious/noImportCycles",
  },
  "packages/vision/src/floating.ts": {
    text: "async function later(): Promise<void> {}\n\nexport function go(): void {\n  later();\n}\n",
    rule: "lint/nursery/noFloatingPromises",
  },
  "packages/vision/src/misused.ts": {
    text: "export const odd = (items: number[]) => items.filter(async (item) => item % 2 === 1);\n",
    rule: "lint/nursery/noMisusedPromises",
  },
};

const sound = {
  "packages/vision/src/index.ts": 'export { side } from "./side.ts";\n',
  "packages/vision/src/side.ts": "export const side = 96;\n",
  "packages/training/src/plan.ts": 'import { side } from "@beckon/vision";\n\nexport const plan = [side];\n',
};

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "beckon-lint-"));
  cpSync(new URL("../biome.json", import.meta.url), join(root, "biome.json"));
  write(".gitignore", "node_modules/\n");
  write("packages/vision/package.json", '{ "name": "@beckon/vision" }\n');
  write(
    "packages/training/package.json",
    '{ "name": "@beckon/training", "dependencies": { "@beckon/vision": "0.1.0" } }\n',
  );
  for (const [path, text] of Object.entries(sound)) write(path, text);
  for (const [path, { text }] of Object.entries(faults)) write(path, text);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

it("refuses what breaks the arrows between the packages and promises nobody waits for, and nothing else", () => {
  const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
  const { stdout, stderr, status } = spawnSync(process.execPath, [biome, "lint", "--reporter=json", "packages"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(1);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; severity: string; location: { path: string } }[];
  };
  const found = diagnostics.map(({ category, severity, location }) => `${severity} ${location.path} ${category}`);
  const planted = Object.entries(faults).map(([path, { rule }]) => `error ${path} ${rule}`);
  expect(found.sort()).toEqual(planted.sort());
});
