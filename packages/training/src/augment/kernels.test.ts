import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { describe, expect, test } from "vitest";
import { applyWarp } from "./warp.ts";

describe("the kernels", () => {
  test("are what their sources compile to", async () => {
    const compiled = new Map<string, Uint8Array>();
    const folder = fileURLToPath(new URL("../../", import.meta.url));
    const { error } = await asc.main(["--config", "asconfig.json", "--baseDir", folder], {
      writeFile: (name: string, contents: Uint8Array | string) => {
        if (typeof contents !== "string") compiled.set(name, contents);
      },
    });
    expect(error).toBeNull();
    const committed = await readFile(new URL("./kernels.wasm", import.meta.url));
    const [bytes] = compiled.values();
    expect(Buffer.compare(Buffer.from(bytes ?? []), committed), "run: npm run kernels").toBe(0);
  });

  test("do not see what a larger picture left behind a smaller one", () => {
    const still = { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0, g: 0, h: 0, beyond: "clamp" } as const;
    for (const [width, height] of [
      [96, 96],
      [7, 5],
      [40, 3],
      [1, 1],
    ] as const) {
      const picture = new Uint8Array(width * height * 3).fill(255);
      const into = new Uint8Array(picture.length);
      applyWarp(picture, width, height, into, still);
      expect(into).toEqual(picture);
    }
  });
});
