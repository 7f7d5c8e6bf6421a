import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { saveColourBundle } from "@beckon/vision/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { findModels, SHIPPED_MODELS } from "./model-folders.ts";
import { temporaryFolder } from "./testing/running-classifier.ts";

describe("finding models", () => {
  it("takes a bundle of the user's before one of the same name that ships", async () => {
    const modelsFolder = await temporaryFolder(onTestFinished);
    expect(findModels({ models: ["letters"], modelsFolder })[0]?.folder).toBe(join(SHIPPED_MODELS, "letters"));
    await rename(await saveColourBundle(modelsFolder), join(modelsFolder, "letters"));
    expect(findModels({ models: ["letters"], modelsFolder })[0]?.folder).toBe(join(modelsFolder, "letters"));
  });

  it("serves a bundle under another name where it is told to", () => {
    expect(findModels({ models: { signs: { folder: "letters", threads: 2 } } })).toEqual([
      { name: "signs", folder: join(SHIPPED_MODELS, "letters"), threads: 2 },
    ]);
  });

  it("names the folders that were searched and what is in them", async () => {
    const modelsFolder = await temporaryFolder(onTestFinished);
    await saveColourBundle(modelsFolder);
    await mkdir(join(modelsFolder, "notes"));
    expect(() => findModels({ models: ["colour"], modelsFolder })).toThrow(
      `no bundle "colour" in ${modelsFolder} or ${SHIPPED_MODELS}: there are colours, fingers, hand, letters; did you mean colours?`,
    );
  });

  it("says when the folder is none", async () => {
    const modelsFolder = join(await temporaryFolder(onTestFinished), "absent");
    expect(() => findModels({ models: ["colours"], modelsFolder })).toThrow(
      `classifier.modelsFolder: ${modelsFolder}: `,
    );
  });

  it("wants at least one", () => {
    expect(() => findModels({ models: {} })).toThrow("classifier.models: names no model");
  });
});
