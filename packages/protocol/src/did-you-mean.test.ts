import { describe, expect, it } from "vitest";
import { didYouMean } from "./did-you-mean.ts";

describe("didYouMean", () => {
  it.each([
    ["tran", "; did you mean train?"],
    ["max-age", "; did you mean maxAge?"],
    ["MAXAGE", "; did you mean maxAge?"],
    ["elephant", ""],
  ])("answers %s with %j", (word, hint) => {
    expect(didYouMean(word, ["train", "maxAge", "fps"])).toBe(hint);
  });

  it("says nothing where there is nothing to mean", () => {
    expect(didYouMean("train", [])).toBe("");
  });
});
