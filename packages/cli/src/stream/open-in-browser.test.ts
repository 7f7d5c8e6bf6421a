import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openInBrowser } from "./open-in-browser.ts";

/** A program that writes what it was given into a file. */
const noting = (file: string) =>
  [
    process.execPath,
    "-e",
    `require("fs").writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.argv.slice(1)))`,
  ] as const;

describe("opening the page in a browser", () => {
  it("gives the address to the program as one argument, which no shell reads", async () => {
    const folder = await mkdtemp(join(tmpdir(), "beckon-open-"));
    try {
      const file = join(folder, "given.json");
      expect(await openInBrowser("http://127.0.0.1:8080/?a=$(id)&b=`id`;", noting(file))).toBeUndefined();
      expect(JSON.parse(await readFile(file, "utf8"))).toEqual(["http://127.0.0.1:8080/?a=$(id)&b=`id`;"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("says in one line that there is no browser, or that it failed", async () => {
    expect(await openInBrowser("http://127.0.0.1:8080", ["no-such-browser"])).toBe(
      "no browser was opened (there is no no-such-browser): open http://127.0.0.1:8080/ yourself",
    );
    expect(await openInBrowser("http://127.0.0.1:8080", [process.execPath, "-e", "process.exit(3)"])).toMatch(
      /^no browser was opened \(.*node ended with 3\): open http/,
    );
  });

  it("opens nothing but pages", () => {
    expect(() => openInBrowser("file:///etc/passwd", ["true"])).toThrow("no address of a page");
  });
});
