import { renderSvg } from "@beckon/vision";
import { describe, expect, test } from "vitest";
import { evaluatePredictions, type Prediction } from "../evaluation/evaluation.ts";
import type { Epoch } from "../history.ts";
import { confusionSvg } from "./confusion-chart.ts";
import { accuracyCurvesSvg, bestEpoch, lossCurvesSvg } from "./curves.ts";
import { type ReportInput, renderReport } from "./report.ts";

const hostile = `<img src=x onerror=alert(1)>"'&`;
const PNG = [0x89, 0x50, 0x4e, 0x47];

function evaluationOf(
  labels: readonly string[],
  trainedSources: readonly string[] | undefined,
  sources = ["ada", "bob"],
) {
  const predictions: Prediction[] = sources.flatMap((source) =>
    Array.from({ length: 40 }, (_, i) => {
      const truth = i % labels.length;
      const answer = i % 5 === 0 ? (truth + 1) % labels.length : truth;
      const probabilities = new Float32Array(labels.length).fill(0.2 / (labels.length - 1 || 1));
      probabilities[answer] = 0.8;
      return { path: `${source}/${i}.jpg`, source, truth, probabilities };
    }),
  );
  const thresholds = { default: 0, classes: {} };
  return evaluatePredictions({ labels, predictions, thresholds, ...(trainedSources && { trainedSources }) });
}

const history: Epoch[] = [0.4, 0.7, 0.6].map((validationAccuracy, i) => ({
  epoch: i + 1,
  trainAccuracy: 0.3 + 0.2 * i,
  trainLoss: 2 - 0.5 * i,
  validationAccuracy,
  validationLoss: 1.5,
  learningRate: 1e-3,
  seconds: 60,
}));

const bySource = { description: "By source", random: false };

describe("the verdict", () => {
  const verdictOf = (input: Partial<ReportInput>) =>
    /<div class="verdict.*?<\/div>/s.exec(renderReport({ title: "t", ...input }))?.[0] ?? "";

  test("on unseen sources it is the macro accuracy with its interval", () => {
    const verdict = verdictOf({ evaluation: evaluationOf(["A", "B"], ["eve"]), split: bySource });
    expect(verdict).toMatch(/80\.0 %.*95 % interval 7\d\.\d to 8\d\.\d %.*never seen: 80 pictures from 2 sources/s);
    expect(verdict).not.toContain("doubt");
  });

  test("where the epoch was chosen by these pictures it says so", () => {
    const input = { evaluation: evaluationOf(["A", "B"], ["eve"]), split: bySource };
    expect(verdictOf({ ...input, chosenByThese: true })).toContain("chosen by these very pictures");
    expect(verdictOf(input)).not.toContain("chosen");
  });

  test("on a random split it is called optimistic", () => {
    const evaluation = evaluationOf(["A", "B"], []);
    const verdict = verdictOf({ evaluation, split: { description: "Random", random: true } });
    expect(verdict).toMatch(/doubt.*the split is random.*optimistic/s);
    expect(verdict).not.toContain("never seen");
  });

  test("on sources that were trained on it is called optimistic", () => {
    const verdict = verdictOf({ evaluation: evaluationOf(["A", "B"], ["bob"]), split: bySource });
    expect(verdict).toMatch(/doubt.*1 of which the model was trained on.*optimistic/s);
  });

  test("without knowledge of the training it claims nothing", () => {
    expect(verdictOf({ evaluation: evaluationOf(["A", "B"], undefined) })).toMatch(/doubt.*nobody knows/s);
  });

  test("without a test it is the validation, and says that it chose by it", () => {
    expect(verdictOf({ history })).toMatch(/doubt.*70\.0 %.*epoch 2.*chosen by this number/s);
    expect(verdictOf({})).toContain("Not tested on any picture yet.");
  });
});

test("no name becomes markup", () => {
  const page = renderReport({
    title: hostile,
    evaluation: evaluationOf([hostile, "B"], [hostile], [hostile, "bob"]),
    history,
    facts: [[hostile, hostile]],
    split: { description: hostile, random: false },
    command: hostile,
    problems: [hostile],
    architecture: hostile,
  });
  expect(page).not.toContain("<img");
  expect(page.split("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;").length).toBeGreaterThan(12);
});

test("the page needs no network and no script", () => {
  const page = renderReport({
    title: "t",
    evaluation: evaluationOf(["A", "B", "C"], []),
    history,
    command: "beckon train",
  });
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|src=|href=/);
  expect(page.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:/);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("every id of the page is there once, and every label points at one", () => {
  const page = renderReport({ title: "t", evaluation: evaluationOf(["A", "B"], []), history });
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids.length).toBeGreaterThan(0);
  expect(new Set(ids).size).toBe(ids.length);
  const labelled = [...page.matchAll(/aria-labelledby="([^"]+)"/g)].flatMap(([, names]) => names?.split(" ") ?? []);
  expect(labelled.filter((id) => !ids.includes(id))).toEqual([]);
});

test("what there is no data for is left out", () => {
  const page = renderReport({ title: "t" });
  expect(page).not.toMatch(/<h2|<svg/);
});

test("a source named in the data has its row", () => {
  const page = renderReport({ title: "t", evaluation: evaluationOf(["A", "B"], [], ["ada", ""]) });
  expect(page).toMatch(/<td>ada<\/td>.*80\.0 %/s);
  expect(page).toContain("<td>(no source)</td>");
});

test("hundreds of classes get no picture of dust", () => {
  const labels = Array.from({ length: 201 }, (_, i) => `class ${i}`);
  expect(renderReport({ title: "t", evaluation: evaluationOf(labels, []) })).toMatch(/201 classes are too many/);
});

describe("the pictures", () => {
  test("are documents of their own that render as PNG", async () => {
    const matrix = [
      [3, 1],
      [0, 4],
    ];
    for (const svg of [confusionSvg([hostile, "\u0000B"], matrix), accuracyCurvesSvg(history), lossCurvesSvg(history)])
      expect([...(await renderSvg(svg, 1)).subarray(0, 4)]).toEqual(PNG);
  });

  test("the matrix shows and says each pair that occurs", () => {
    const svg = confusionSvg(
      ["A", "B"],
      [
        [3, 1],
        [0, 4],
      ],
    );
    expect(svg).toContain("<title>A: 1 of 4 answered B (25.0 %)</title>");
    expect(svg.match(/<g>/g)).toHaveLength(3);
  });

  test("curves without validation have one line", () => {
    const unjudged = history.map((epoch) => ({ ...epoch, validationAccuracy: null, validationLoss: null }));
    expect(accuracyCurvesSvg(unjudged).match(/<polyline/g)).toHaveLength(1);
    expect(bestEpoch(unjudged)).toBeUndefined();
    expect(bestEpoch(history)?.epoch).toBe(2);
  });
});
