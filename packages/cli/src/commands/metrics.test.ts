import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { captured } from "../testing/captured.ts";

describe("beckon metrics import", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "beckon-import-"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it("sends an empty spool at once", async () => {
    const words = ["metrics", "import", "--spool", folder, "--url", "http://127.0.0.1:1"];
    const { out, code } = await captured(...words);
    expect(code).toBe(0);
    expect(out).toBe("0 points written to http://127.0.0.1:1, database beckon\n");
  });

  it.each([
    ["without a database", ["--spool", "FOLDER"], "set metrics-sink.url"],
    ["with a folder that is not there", ["--spool", "FOLDER/gone", "--url", "http://127.0.0.1:1"], "no such spool"],
    ["with an address that is none", ["--url", "influx"], "must be an address such as"],
  ])("ends with 1 %s, and says what to do", async (_, words, reason) => {
    const typed = words.map((word) => word.replace("FOLDER", folder));
    const { err, code } = await captured("metrics", "import", ...typed);
    expect(code).toBe(1);
    expect(err).toContain(reason);
    expect(err.trim().split("\n")).toHaveLength(1);
  });
});
