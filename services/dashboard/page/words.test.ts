import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as words from "./words.ts";

const page = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(page, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$|\.d\.ts$/.test(entry.name))
  .map((entry) => relative(page, join(entry.parentPath, entry.name)))
  .filter((path) => path !== "words.ts" && !path.includes("testing/"));
const codeOf = (path: string): string =>
  readFileSync(join(page, path), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");

/** Attributes that people read or hear. */
const READ =
  /\s(?:aria-label|aria-description|aria-roledescription|aria-valuetext|alt|title|placeholder|label)="([^"]*)"/g;
/** What stands between two tags, without what is computed. */
const BETWEEN_TAGS = />([^<>{}=;]*)<\//g;
const BEFORE_COMPUTED = /(?:<\w[^<>]*|\})>([^<>{}=;()]*)\{/g;
/** Two words that begin like a sentence, in quotes of any kind. */
const SENTENCE = /(["'`])([A-Z][a-z]+ [a-z][^"'`]*)\1/g;

function englishIn(path: string): string[] {
  const code = codeOf(path);
  const patterns = path.endsWith(".tsx") ? [READ, BETWEEN_TAGS, BEFORE_COMPUTED] : [];
  const shown = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, text]) => text ?? ""));
  const sentences = [...code.matchAll(SENTENCE)].map(([, , text]) => text ?? "");
  return [...shown, ...sentences].map((text) => text.trim()).filter((text) => /\p{L}{2}/u.test(text));
}

/** `system.states.online` of each word, a table of words being one. */
function pathsOf(node: object, path: readonly string[] = []): string[][] {
  return Object.entries(node).flatMap(([key, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !("meaning" in value)
      ? pathsOf(value, [...path, key])
      : [[...path, key]],
  );
}

describe("the words of the page", () => {
  it.each(files)("are in words.ts alone, and not in %s", (path) => {
    expect(englishIn(path)).toEqual([]);
  });

  it("are all used: no text is translated that nobody reads", () => {
    const code = files.map(codeOf).join("\n");
    // A table that is read by a computed name, as `words.views[name]`, uses all of its words.
    const isUsed = (name: string): boolean => new RegExp(`[.{,]\\s*${name}\\b`).test(code);
    const isTable = (path: readonly string[]): boolean =>
      path.some((name, index) => index < path.length - 1 && new RegExp(`\\b${name}\\)?\\[`).test(code));
    const unused = pathsOf(words).filter((path) => !isUsed(path.at(-1) ?? "") && !isTable(path));
    expect(unused.map((path) => path.join("."))).toEqual([]);
  });

  it("are none that is empty", () => {
    const texts = pathsOf(words).map((path) =>
      path.reduce<unknown>((node, key) => Reflect.get(Object(node), key), words),
    );
    expect(texts.filter((text) => typeof text === "string" && text.trim() === "")).toEqual([]);
  });

  it("would be found outside", () => {
    const found = [READ, BETWEEN_TAGS, SENTENCE].map(
      (pattern) =>
        [...'<button aria-label="Close it">Go away</button>; say("Nothing was found")'.matchAll(pattern)].length,
    );
    expect(found).toEqual([1, 1, 2]);
  });
});
