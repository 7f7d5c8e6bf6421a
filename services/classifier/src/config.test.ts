import { describe, expect, it } from "vitest";
import { ClassifierConfig, threadRange } from "./config.ts";

describe("the classifier's configuration", () => {
  it("recognises the letters of every camera when nothing is said", () => {
    expect(ClassifierConfig.parse({})).toMatchObject({
      models: ["letters"],
      cameras: [],
      engine: "auto",
      maxAge: 1000,
      thresholds: {},
      rois: {},
    });
  });

  it.each([
    [1, 1],
    [2, 3],
    [3, 4],
    [16, 4],
  ])("begins with one thread, and on %i cores may have %i", (cores, most) => {
    expect(threadRange("auto", cores)).toEqual({ least: 1, most });
  });

  it("has as many threads as it is told", () => {
    expect(threadRange(6, 2)).toEqual({ least: 6, most: 6 });
  });

  it("refuses names that are paths or addresses", () => {
    for (const name of ["../secret", "/etc", "http://example.org/model", "a/b", ".", ""]) {
      expect(ClassifierConfig.safeParse({ models: [name] }).success, name).toBe(false);
      expect(ClassifierConfig.safeParse({ models: { [name]: {} } }).success, name).toBe(false);
      expect(ClassifierConfig.safeParse({ models: { letters: { folder: name } } }).success, name).toBe(false);
    }
  });

  it("refuses a region outside of the frame, and a threshold that is none", () => {
    expect(ClassifierConfig.safeParse({ rois: { desk: [0.5, 0, 0.6, 1] } }).success).toBe(false);
    expect(ClassifierConfig.safeParse({ thresholds: { letters: { default: 1.5 } } }).success).toBe(false);
  });
});
