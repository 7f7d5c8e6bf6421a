import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as core from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BundleError } from "../bundle-error.ts";
import type { InputSpec } from "../card.ts";
import { writeTfjsFiles } from "../tfjs-files.ts";
import { openEngine } from "./auto.ts";
import { EngineUnavailable } from "./engine.ts";
import { type TfjsBundle, tfjsEngine } from "./tfjs.ts";
import { restoreOldUtil, startTfjs } from "./tfjs-backend.ts";

const input: InputSpec = {
  width: 9,
  height: 8,
  layout: "NCHW",
  colours: "RGB",
  mean: [0, 0, 0],
  std: [1, 1, 1],
  fit: "cover",
  kernel: "linear",
};

function bundleIn(folder: string, changes: Partial<InputSpec> = {}, labels = ["a", "b", "c"]): TfjsBundle {
  return {
    folder,
    labels,
    card: {
      format: "beckon-model/1",
      name: "small",
      version: "1",
      architecture: "test",
      input: { ...input, ...changes },
      thresholds: { default: 0, classes: {} },
      sha256: { onnx: "0".repeat(64) },
      evaluations: [],
      sources: [],
    },
  };
}

/** Mean of each colour plane, a dense layer, softmax: easy to compute in plain loops. */
const KERNEL = [0.5, -1, 2, 1, 0.25, -0.5, -2, 1.5, 0.75];
const BIAS = [0.1, 0.2, -0.3];

async function saveSmallModel(
  folder: string,
  activation: "softmax" | "linear" = "softmax",
  bias: readonly number[] = BIAS,
): Promise<void> {
  const model = layers.sequential({
    layers: [
      layers.layers.globalAveragePooling2d({ inputShape: [8, 9, 3], dataFormat: "channelsLast" }),
      layers.layers.dense({ units: 3, activation }),
    ],
  });
  model.setWeights([core.tensor2d(KERNEL, [3, 3]), core.tensor1d([...bias])]);
  await model.save({
    save: async (artifacts) => {
      await writeTfjsFiles(join(folder, "tfjs"), artifacts);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    },
  });
}

function direct(nchw: Float32Array): number[] {
  const means = [0, 1, 2].map((c) => nchw.slice(c * 72, c * 72 + 72).reduce((a, b) => a + b, 0) / 72);
  const logits = BIAS.map((bias, unit) => means.reduce((sum, mean, c) => sum + mean * KERNEL[c * 3 + unit]!, bias));
  const powers = logits.map(Math.exp);
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

const picture = Float32Array.from({ length: 216 }, (_, i) => ((i * 37) % 100) / 100 + (i < 72 ? 1 : 0));

describe("tfjsEngine", () => {
  let folder = "";
  let bundle: TfjsBundle;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "beckon-tfjs-"));
    await saveSmallModel(folder);
    bundle = bundleIn(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("gives the probabilities that plain loops give, for NCHW and NHWC", async () => {
    const nhwc = Float32Array.from({ length: 216 }, (_, i) => picture[(i % 3) * 72 + Math.floor(i / 3)]!);
    for (const [spec, batch] of [
      [bundle, picture],
      [bundleIn(folder, { layout: "NHWC" }), nhwc],
    ] as const) {
      const engine = await tfjsEngine(spec, "tfjs-wasm");
      const found = await engine.run(batch, 1);
      expect(found).toHaveLength(3);
      direct(picture).forEach((value, i) => {
        expect(found[i]).toBeCloseTo(value, 5);
      });
      await engine.close();
    }
  });

  it("runs on wasm also while another backend is the current one", async () => {
    const engine = await tfjsEngine(bundle, "tfjs-wasm");
    expect(engine.name).toBe("tfjs-wasm");
    await core.setBackend("cpu");
    await engine.run(picture, 1);
    expect(core.getBackend()).toBe("wasm");
    await engine.close();
  });

  it("keeps no tensor over many runs, and none after it is closed", async () => {
    const before = core.memory().numTensors;
    const engine = await tfjsEngine(bundle, "tfjs-wasm");
    const loaded = core.memory().numTensors;
    for (let i = 0; i < 50; i++) await engine.run(picture, 1);
    expect(core.memory().numTensors).toBe(loaded);
    await engine.close();
    await engine.close();
    expect(core.memory().numTensors).toBe(before);
    await expect(engine.run(picture, 1)).rejects.toThrow("closed");
  });

  it("leaves crashes of the process to the process", async () => {
    await startTfjs("tfjs-wasm");
    const sources = ["uncaughtException", "unhandledRejection"].flatMap((event) =>
      process.listeners(event as "uncaughtException").map(String),
    );
    expect(sources.filter((source) => /ExitStatus|abort/.test(source))).toEqual([]);
  });

  it("refuses a batch of another size", async () => {
    const engine = await tfjsEngine(bundle, "tfjs-wasm");
    await expect(engine.run(picture, 2)).rejects.toThrow("2 pictures of 9x8 need 432 values, got 216");
    await expect(engine.run(new Float32Array(0), 0)).rejects.toThrow(RangeError);
    await engine.close();
  });

  it("says which part of the bundle does not fit", async () => {
    await expect(tfjsEngine(bundleIn(folder, {}, ["a", "b"]), "tfjs-wasm")).rejects.toThrow(
      "gives [3], labels.txt has 2 classes",
    );
    await expect(tfjsEngine(bundleIn(folder, { width: 16 }), "tfjs-wasm")).rejects.toThrow(
      "takes [8,9,3], model.json of the bundle says [8,16,3]",
    );
    await expect(tfjsEngine(bundleIn(join(folder, "none")), "tfjs-wasm")).rejects.toThrow("no such file");
  });

  it("refuses files that are not those the bundle was written with", async () => {
    const { card } = bundle;
    const changed = { ...bundle, card: { ...card, sha256: { ...card.sha256, tfjs: "1".repeat(64) } } };
    await expect(tfjsEngine(changed, "tfjs-wasm")).rejects.toThrow(
      /tfjs: sha256 is .* says 111111111111\.\.\.; a file was/,
    );
  });

  it("refuses a folder of tfjs files that is damaged or reaches outside", async () => {
    const broken = await mkdtemp(join(tmpdir(), "beckon-tfjs-broken-"));
    const file = join(broken, "tfjs", "model.json");
    await saveSmallModel(broken);
    await writeFile(join(broken, "tfjs", "weights.bin"), new Uint8Array(7));
    await expect(tfjsEngine(bundleIn(broken), "tfjs-wasm")).rejects.toThrow(
      "need 48 bytes, weights.bin hold 7; copy them again",
    );
    for (const path of ["../weights.bin", "/etc/hostname", "a/../../b"]) {
      const weightsManifest = [{ paths: [path], weights: [] }];
      await writeFile(file, JSON.stringify({ modelTopology: {}, weightsManifest }));
      await expect(tfjsEngine(bundleIn(broken), "tfjs-wasm")).rejects.toThrow("outside of the folder");
    }
    await writeFile(file, JSON.stringify({ format: "graph-model", modelTopology: {}, weightsManifest: [] }));
    await expect(tfjsEngine(bundleIn(broken), "tfjs-wasm")).rejects.toThrow("a graph-model, only a layers-model");
    const config = { name: "x", layers: [{ class_name: "Strange", config: {} }] };
    const modelTopology = { class_name: "Sequential", config };
    await writeFile(file, JSON.stringify({ modelTopology, weightsManifest: [] }));
    await expect(tfjsEngine(bundleIn(broken), "tfjs-wasm")).rejects.toThrow(/model\.json: cannot be loaded: .*Strange/);
    await writeFile(file, "{");
    await expect(tfjsEngine(bundleIn(broken), "tfjs-wasm")).rejects.toThrow(BundleError);
    await rm(broken, { recursive: true });
  });

  it("refuses a model that gives no probabilities, or values that are no numbers", async () => {
    for (const [bias, message] of [
      [[1, 2, 3], /tfjs: gives no probabilities \(they add up to 6\.00\)/],
      [[Number.NaN, 0, 0], /tfjs: gives values that are no numbers/],
    ] as const) {
      const linear = await mkdtemp(join(tmpdir(), "beckon-tfjs-linear-"));
      await saveSmallModel(linear, "linear", bias);
      await expect(tfjsEngine(bundleIn(linear), "tfjs-wasm")).rejects.toThrow(message);
      await rm(linear, { recursive: true });
    }
  });

  it("reads no file twice and joins none before their lengths are right", async () => {
    const folder = await mkdtemp(join(tmpdir(), "beckon-tfjs-again-"));
    await mkdir(join(folder, "tfjs"));
    await writeFile(join(folder, "tfjs", "w.bin"), new Uint8Array(1_000_000));
    const weights = [{ name: "w", shape: [9], dtype: "float32" }];
    const weightsManifest = [{ paths: new Array(100_000).fill("w.bin"), weights }];
    await writeFile(join(folder, "tfjs", "model.json"), JSON.stringify({ modelTopology: {}, weightsManifest }));
    await expect(tfjsEngine(bundleIn(folder), "tfjs-wasm")).rejects.toThrow(
      "need 36 bytes, w.bin and 99999 more hold 100000000000; copy them again",
    );
    await rm(folder, { recursive: true });
  });

  it("names the command that installs an absent package", async () => {
    await expect(tfjsEngine(bundle, "tfjs-node")).rejects.toThrow(
      `npm install --no-save @tensorflow/tfjs-node@${core.version_core}`,
    );
    await expect(tfjsEngine(bundle, "tfjs-node-gpu")).rejects.toThrow(EngineUnavailable);
    const whole = { ...bundle, onnx: new Uint8Array() };
    await expect(openEngine(whole, "tfjs-node")).rejects.toThrow(
      "not installed; run: npm install --no-save @tensorflow/tfjs-node@",
    );
    const { engine } = await openEngine(whole, "tfjs-wasm");
    expect(engine.name).toBe("tfjs-wasm");
    await engine.close();
  });
});

describe("startTfjs", () => {
  const missing = () =>
    Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));

  it("asks for the GPU package, then the CPU package, then takes wasm", async () => {
    const asked: string[] = [];
    const tfjs = await startTfjs("auto", {
      importPackage: (name) => {
        asked.push(name);
        return missing();
      },
    });
    expect(asked).toEqual(["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"]);
    expect(tfjs.name).toBe("tfjs-wasm");
  });

  it("does not pass over a package that is installed and broken", async () => {
    const importPackage = (name: string) =>
      name.endsWith("gpu") ? missing() : Promise.reject(new Error("tfjs_binding.node can not be found\nmore"));
    await expect(startTfjs("auto", { importPackage })).rejects.toThrow(
      /^engine tfjs-node: installed but does not start: tfjs_binding.node can not be found; run/,
    );
  });

  it("does not take the plain JavaScript backend for the one that was asked for", async () => {
    await core.setBackend("cpu");
    await expect(startTfjs("tfjs-node", { importPackage: async () => ({}) })).rejects.toThrow(EngineUnavailable);
  });
});

describe("restoreOldUtil", () => {
  it("adds what Node 23 removed, and leaves what is there", () => {
    const bare: { isArray?: (value: unknown) => boolean; isNullOrUndefined?: (value: unknown) => boolean } = {};
    restoreOldUtil(bare);
    expect([undefined, null, 0, ""].map((value) => bare.isNullOrUndefined?.(value))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(bare.isArray?.([])).toBe(true);
    const own = { isArray: () => true };
    const { isArray } = own;
    restoreOldUtil(own);
    expect(own.isArray).toBe(isArray);
  });
});
