import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pathInside, readLimited } from "./file-access.ts";
import { fileReason } from "./system-reason.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-files-"));
});
afterAll(() => rm(root, { recursive: true }));

describe("readLimited", () => {
  it("gives all bytes of a file up to the limit, and refuses one more", async () => {
    const file = join(root, "file");
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
    await writeFile(file, bytes);
    expect(await readLimited(file, 200_000)).toEqual(bytes);
    await expect(readLimited(file, 199_999)).rejects.toThrow("larger than the limit of 0.199999 MB");
    await writeFile(file, "");
    expect(await readLimited(file, 0)).toHaveLength(0);
  });

  it.runIf(process.platform === "linux")("reads what has no size: to its end, or to the limit", async () => {
    expect(new TextDecoder().decode(await readLimited("/proc/self/status", 100_000))).toMatch(/^Name:/);
    await expect(readLimited("/dev/zero", 300_000)).rejects.toThrow("larger than the limit of 0.3 MB");
  });

  it("says of which file it speaks when it is a folder", async () => {
    const error = await readLimited(root, 10).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "EISDIR", path: root });
    expect(fileReason(error)).toBe("a folder, not a file");
  });
});

describe("pathInside", () => {
  it("gives a place in the folder, and none outside", () => {
    expect(pathInside("m", "a/../w.bin")).toBe(join("m", "w.bin"));
    for (const name of ["", "..", "../w", "a/../../w", "/etc/passwd", "..\\w"])
      expect(pathInside("m", name)).toBeUndefined();
  });
});
