import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { saveColourBundle } from "@beckon/vision/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
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

  it("finds what the user taught with no word of configuration, and misses no folder that is not there yet", async () => {
    const data = await temporaryFolder(onTestFinished);
    vi.stubEnv("XDG_DATA_HOME", data);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const usual = join(data, "beckon", "models");
    expect(findModels({ models: ["letters"] })[0]?.folder).toBe(join(SHIPPED_MODELS, "letters"));
    expect(() => findModels({ models: ["colours"] })).toThrow(
      `no bundle "colours" in ${usual} or ${SHIPPED_MODELS}: there are fingers, hand, letters`,
    );
    await saveColourBundle(usual);
    expect(findModels({ models: ["colours"] })[0]?.folder).toBe(join(usual, "colours"));
  });

  it("knows what ~ means", async () => {
    const home = await temporaryFolder(onTestFinished);
    vi.stubEnv("HOME", home);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    await saveColourBundle(join(home, "signs"));
    expect(findModels({ models: ["colours"], modelsFolder: "~/signs" })[0]?.folder).toBe(
      join(home, "signs", "colours"),
    );
  });

  it("says when the folder is none", async () => {
    const modelsFolder = join(await temporaryFolder(onTestFinished), "notes.txt");
    await writeFile(modelsFolder, "no folder");
    expect(() => findModels({ models: ["colours"], modelsFolder })).toThrow(
      `classifier.modelsFolder: ${modelsFolder}: `,
    );
  });

  it("wants at least one", () => {
    expect(() => findModels({ models: {} })).toThrow("classifier.models: names no model");
  });
});
