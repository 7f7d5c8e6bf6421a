import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bundle, loadBundle } from "./bundle.ts";
import { type Classifier, judge, openClassifier } from "./classifier.ts";
import { encodeJpeg, encodePng, FILE_LIMITS, readPicture, WIRE_LIMITS } from "./picture.ts";
import { PictureError } from "./picture-header.ts";
import type { Pixels } from "./pixels.ts";
import { BLUE, GREY, RED, saveColourBundle } from "./testing/colour-bundle.ts";

/** Left half one colour, right half another. */
function halves(left: readonly number[], right: readonly number[]): Pixels {
  const data = new Uint8Array(64 * 48 * 3);
  for (let at = 0; at < 64 * 48; at++) data.set(at % 64 < 32 ? left : right, at * 3);
  return { width: 64, height: 48, data };
}

let root: string;
let bundle: Bundle;
let classifier: Classifier;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-classifier-"));
  bundle = await loadBundle(await saveColourBundle(root));
  classifier = await openClassifier(bundle, { engine: "onnx-cpu" });
});
afterAll(async () => {
  await classifier.close();
  await rm(root, { recursive: true, force: true });
});

describe("a classifier", () => {
  it("names what it sees, with the three best classes and the time it took", async () => {
    const seen = await classifier.classify(await encodeJpeg(halves(RED, RED)), { limits: WIRE_LIMITS });
    expect(seen.label).toBe("red");
    expect(seen.confidence).toBeGreaterThan(0.99);
    expect(seen.top.map(({ label }) => label)).toHaveLength(3);
    expect(seen.top[0]).toEqual({ label: "red", confidence: seen.confidence });
    expect(seen.ms.total).toBeCloseTo(seen.ms.decode + seen.ms.infer, 6);
  });

  it("looks only at the region it is given", async () => {
    const file = await encodeJpeg(halves(RED, BLUE));
    const left = await classifier.classify(file, { limits: WIRE_LIMITS, roi: [0, 0, 0.4, 1] });
    const right = await classifier.classify(file, { limits: WIRE_LIMITS, roi: [0.6, 0, 0.4, 1] });
    expect([left.label, right.label]).toEqual(["red", "blue"]);
  });

  it("says unknown below the threshold, with the confidence of the best class", async () => {
    const seen = await classifier.classify(await encodeJpeg(halves(GREY, GREY)), { limits: WIRE_LIMITS });
    expect(seen.label).toBe("unknown");
    expect(seen.confidence).toBeCloseTo(1 / 3, 1);
    expect(seen.top[0]?.confidence).toBe(seen.confidence);
  });

  it("gives the same probabilities to pictures one by one, in a batch, and from a file", async () => {
    const files = await Promise.all(
      Array.from({ length: 40 }, (_, i) => encodePng(halves([i * 6, 90, 200], [30, 255 - i * 5, i]))),
    );
    const pictures = await Promise.all(files.map((file) => readPicture(file, bundle.card.input, FILE_LIMITS)));
    const rows = await classifier.classifyBatch(pictures);
    expect(rows).toHaveLength(40 * 3);
    for (const [index, file] of files.entries()) {
      const row = rows.subarray(index * 3, index * 3 + 3);
      const seen = await classifier.classify(file, { limits: FILE_LIMITS });
      for (const { label, confidence } of seen.top) {
        expect(confidence).toBeCloseTo(row[bundle.labels.indexOf(label)] ?? Number.NaN, 6);
      }
    }
  });

  it("passes on why a picture is refused, and works on", async () => {
    const bad = classifier.classify(await encodePng(halves(RED, RED)), { limits: WIRE_LIMITS });
    await expect(bad).rejects.toBeInstanceOf(PictureError);
    const good = await classifier.classify(await encodeJpeg(halves(BLUE, BLUE)), { limits: WIRE_LIMITS });
    expect(good.label).toBe("blue");
  });

  it("finds an engine by itself, and tells what it considered", async () => {
    const automatic = await openClassifier(bundle);
    const names = automatic.tried.map(({ name }) => name);
    expect(names).toEqual(["onnx-cpu", "onnx-cuda", "onnx-webgpu", "tfjs"]);
    expect(automatic.tried.find(({ name }) => name === automatic.engineName)?.ms).toBeGreaterThan(0);
    expect(automatic.tried.at(-1)?.refused).toContain("has no tfjs/ folder");
    await automatic.close();
  });

  it("refuses a bundle whose labels are of the wrong number", async () => {
    const opening = openClassifier({ ...bundle, labels: ["red", "green"] });
    await expect(opening).rejects.toThrow("gives 3 classes, labels.txt names 2");
  });
});

describe("judging a row of probabilities", () => {
  const labels = ["A", "B", "constructor"];

  it("uses the threshold of the class where it has one", () => {
    const thresholds = { default: 0.5, classes: { A: 0.9 } };
    expect(judge(Float32Array.from([0.8, 0.1, 0.1]), labels, thresholds).label).toBe("unknown");
    expect(judge(Float32Array.from([0.1, 0.8, 0.1]), labels, thresholds).label).toBe("B");
  });

  it("is sure at exactly the threshold", () => {
    expect(judge(Float32Array.from([0.5, 0.25, 0.25]), labels, { default: 0.5, classes: {} }).label).toBe("A");
  });

  it("takes a class by any name", () => {
    expect(judge(Float32Array.from([0.1, 0.1, 0.8]), labels, { default: 0.5, classes: {} }).label).toBe("constructor");
  });

  it("refuses values that are no numbers", () => {
    expect(() => judge(Float32Array.from([Number.NaN, 0, 1]), labels, { default: 0.5, classes: {} })).toThrow(
      /no number/,
    );
  });
});
