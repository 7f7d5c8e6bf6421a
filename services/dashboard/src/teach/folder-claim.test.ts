import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FolderClaim } from "./folder-claim.ts";

const isKept = ["linux", "win32"].includes(process.platform);

describe.skipIf(!isKept)("a claim on a folder", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "beckon-claim-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is one's alone until it is given back, and may be taken twice by the same", async () => {
    const [mine, yours] = [new FolderClaim(folder), new FolderClaim(folder)];
    expect([await mine.take(), await yours.take(), await mine.take()]).toEqual([true, false, true]);
    expect([mine.isHeld, yours.isHeld]).toEqual([true, false]);
    mine.release();
    expect(await yours.take()).toBe(true);
    yours.release();
  });

  it("knows a folder by each of its paths, and none by another's", async () => {
    const link = `${folder}-link`;
    await symlink(folder, link);
    const [mine, linked, parent] = [folder, link, tmpdir()].map((path) => new FolderClaim(path));
    expect([await mine?.take(), await linked?.take(), await parent?.take()]).toEqual([true, false, true]);
    for (const claim of [mine, linked, parent]) claim?.release();
    await rm(link);
  });

  it("says that a folder is not there", async () => {
    await expect(new FolderClaim(join(folder, "none")).take()).rejects.toThrow("ENOENT");
  });
});
