import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BLUE, plainJpeg, RED } from "@beckon/vision/testing";
import { afterAll, beforeAll, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../../bin/beckon.js", import.meta.url));
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-stop-"));
  for (const [label, colour] of Object.entries({ red: RED, blue: BLUE })) {
    await mkdir(join(root, "data", label), { recursive: true });
    for (let i = 0; i < 6; i++) await writeFile(join(root, "data", label, `${i}.jpg`), await plainJpeg(colour, 64 + i));
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Trains in a process of its own, and presses Ctrl-C at the first event of this type. */
async function interruptedAt(type: string, out: string) {
  const words = ["train", "--arch", "signs-cnn", "--data", join(root, "data"), "--out", out, "--epochs", "2"];
  const more = ["--steps", "100000", "--batch", "4", "--workers", "1", "--keep-duplicates", "--json"];
  const child = spawn(process.execPath, [launcher, ...words, ...more], { env: { ...process.env, TMPDIR: root } });
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const ended = once(child, "close");
  for await (const line of createInterface({ input: child.stdout }))
    if (JSON.parse(line).type === type && !child.killed) child.kill("SIGINT");
  return { code: (await ended)[0], err };
}

it.each(["decoding", "step"])(
  "stopped before its first epoch is done, at %s, says that nothing was kept",
  async (type) => {
    const out = join(root, `run-${type}`);
    expect(await interruptedAt(type, out)).toEqual({
      code: 130,
      err:
        "\nstopping; press Ctrl-C again to stop at once\n" +
        "beckon: interrupted before the first epoch was done: nothing was kept\n",
    });
    expect(await readdir(out)).toEqual([]);
  },
);
