import { describe, expect, it } from "vitest";
import { folderInForce, servingPatch } from "./models-in-force.ts";

describe("the folder in force", () => {
  it.each([
    [["letters"], undefined],
    [["letters", "taught"], "taught"],
    [{ letters: { threads: 1 }, taught: { folder: "taught-3", threads: 1 } }, "taught-3"],
    [{ taught: {} }, "taught"],
    ["letters", undefined],
    [null, undefined],
    [{ taught: 7 }, undefined],
  ])("of %j is %j", (models, folder) => {
    expect(folderInForce({ models }, "taught")).toBe(folder);
  });

  it("is none where a classifier says nothing, and none that a prototype has", () => {
    expect(folderInForce({}, "taught")).toBeUndefined();
    expect(folderInForce({ models: {} }, "constructor")).toBeUndefined();
  });
});

describe("what a classifier is told", () => {
  it.each([
    [["letters", "hand"], { letters: {}, hand: {}, taught: { folder: "taught-1" } }],
    [{ letters: { threads: 2 } }, { letters: { threads: 2 }, taught: { folder: "taught-1" } }],
    [{ taught: { folder: "taught-0", threads: 2 } }, { taught: { folder: "taught-1" } }],
    [undefined, { taught: { folder: "taught-1" } }],
  ])("keeps what it serves: %j", (models, wanted) => {
    expect(servingPatch(models === undefined ? {} : { models }, "taught", "taught-1")).toEqual({ models: wanted });
  });

  it.each([
    [["letters", "taught"], ["letters"]],
    [{ letters: {}, taught: {} }, { taught: null }],
    [{ taught: { folder: "taught-1" } }, null],
    [["taught"], null],
  ])("takes only the taught one away: %j", (models, wanted) => {
    expect(servingPatch({ models }, "taught", undefined)).toEqual({ models: wanted });
  });
});
