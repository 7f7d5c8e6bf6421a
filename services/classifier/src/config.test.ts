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

  it("may add a few threads to the one that it begins with, or has as many as it is told", () => {
    const { least, most } = threadRange("auto");
    expect(least).toBe(1);
    expect([2, 3, 4]).toContain(most);
    expect(threadRange(6)).toEqual({ least: 6, most: 6 });
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
