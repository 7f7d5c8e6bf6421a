import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBundle, type ModelCard, saveBundle } from "@beckon/vision";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordEvaluation } from "./record-evaluation.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "beckon-record-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function evaluation(data: string, accuracy: number): ModelCard["evaluations"][number] {
  return { data, sharesSources: false, macro: { accuracy, low: 0, high: 1 }, sources: [] };
}

async function saved(): Promise<string> {
  const folder = join(root, "bundle");
  await saveBundle(folder, {
    card: {
      format: "beckon-model/1",
      name: "small",
      version: "1.0.0",
      architecture: "imported",
      input: {
        width: 8,
        height: 8,
        layout: "NCHW",
        colours: "RGB",
        mean: [0, 0, 0],
        std: [1, 1, 1],
        fit: "stretch",
        kernel: "linear",
      },
      thresholds: { default: 0.5, classes: { a: 0.7 } },
      evaluations: [evaluation("validation", 0.9), evaluation("unseen", 0.5)],
    },
    labels: ["a", "b"],
    onnx: Uint8Array.of(1, 2, 3),
    addFiles: async (fresh) => {
      mkdirSync(join(fresh, "notes"));
      writeFileSync(join(fresh, "notes", "one.txt"), "kept");
    },
  });
  return folder;
}

test("puts an evaluation behind the others, or in the place of one of its name, and keeps all else", async () => {
  const folder = await saved();
  const before = await loadBundle(folder);
  await recordEvaluation(before, evaluation("frames", 0.25));
  await recordEvaluation(await loadBundle(folder), evaluation("validation", 0.75));
  const { card, labels, onnx } = await loadBundle(folder);
  expect(card.evaluations.map(({ data, macro }) => [data, macro.accuracy])).toEqual([
    ["validation", 0.75],
    ["unseen", 0.5],
    ["frames", 0.25],
  ]);
  expect({ ...card, evaluations: [] }).toEqual({ ...before.card, evaluations: [] });
  expect([labels, [...onnx]]).toEqual([
    ["a", "b"],
    [1, 2, 3],
  ]);
  expect(readFileSync(join(folder, "notes", "one.txt"), "utf8")).toBe("kept");
  expect(readdirSync(root)).toEqual(["bundle"]);
});
