import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { drawScene } from "@beckon/synthetic";
import { encodeJpeg } from "@beckon/vision";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../packages/cli/bin/beckon.js", import.meta.url));

/** Runs the command in a Node that compiles nothing, as hardened systems want it. */
function beckon(...words: readonly string[]) {
  return spawnSync(process.execPath, ["--jitless", launcher, ...words], { encoding: "utf8" });
}

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-jitless-"));
  for (const sign of ["A", "B"] as const) {
    await mkdir(join(root, "data", sign), { recursive: true });
    for (let index = 0; index < 8; index++) {
      const picture = await encodeJpeg(drawScene({ sign, width: 160, height: 160, time: 900 * index }), 90);
      await writeFile(join(root, "data", sign, `${index}.jpg`), picture);
    }
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe("without WebAssembly", () => {
  it("pictures are classified all the same", () => {
    const { status, stdout } = beckon("classify", join(root, "data/B/0.jpg"), "--model", "hand");
    expect(stdout).toMatch(/0\.jpg {2}hand {2}/);
    expect(status).toBe(0);
  });

  it("a training that would augment says in one line that it cannot", () => {
    const words = [
      "train",
      "--data",
      join(root, "data"),
      "--out",
      join(root, "run"),
      "--epochs",
      "1",
      "--keep-duplicates",
    ];
    const { status, stderr } = beckon(...words);
    expect(stderr).toMatch(/^beckon: there is no WebAssembly here, .*train with --augmentation none$/m);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(status).toBe(1);
  });
});
