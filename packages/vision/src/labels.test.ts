import { describe, expect, it } from "vitest";
import { checkLabels } from "./labels.ts";

describe("class names", () => {
  it("may be any words of any language, also those that a page or a path would read otherwise", () => {
    expect(() => checkLabels("labels.txt", ["A", "Schöne Hand", "手", "<b>", "..", "constructor"])).not.toThrow();
  });

  it.each([
    [["A", " "], "line 2 names no class"],
    [["A", "B\u001b[31m"], "line 2 holds control characters, unlike plain UTF-8 text"],
    [["A\nB", "C"], "line 1 holds control characters, unlike plain UTF-8 text"],
    [["A\u2028B", "C"], "line 1 holds control characters, unlike plain UTF-8 text"],
    [["A", " B"], "line 2 has space around it"],
    [["A", "B".repeat(300)], "line 2 has 300 characters, 255 at most"],
    [["A", "B", "A"], 'line 3 repeats "A" of line 1'],
  ])("are refused by their line: %j", (labels, message) => {
    expect(() => checkLabels("labels.txt", labels)).toThrow(`labels.txt: ${message}`);
  });

  it("are compared with one another without trying every pair", () => {
    const many = Array.from({ length: 300_000 }, (_, i) => String(i));
    expect(() => checkLabels("labels.txt", many)).not.toThrow();
  });
});
