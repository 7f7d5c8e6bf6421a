import { ModelCard } from "@beckon/vision";
import { expect, test } from "vitest";
import { toCardEvaluation } from "./card-evaluation.ts";
import { type EvaluationInput, evaluatePredictions, type Prediction } from "./evaluation.ts";
import { formatEvaluation } from "./format-evaluation.ts";

const labels = ["A", "B", "C"];
const thresholds = { default: 0, classes: {} };

/** `count` pictures of class `truth` in `source`, all answered with `answer`. */
function pictures(source: string, truth: number, answer: number, count: number, confidence = 0.8): Prediction[] {
  const rest = (1 - confidence) / 2;
  const probabilities = Float32Array.from(labels, (_, k) => (k === answer ? confidence : rest));
  return Array.from({ length: count }, (_, i) => ({ path: `${source}/${i}.jpg`, source, truth, probabilities }));
}

function evaluate(predictions: readonly Prediction[], more: Partial<EvaluationInput> = {}) {
  return evaluatePredictions({ labels, predictions, thresholds, trainedSources: [], ...more });
}

const uneven = [
  ...pictures("ada", 0, 0, 90),
  ...pictures("ada", 1, 1, 90),
  ...pictures("bob", 0, 0, 10),
  ...pictures("bob", 1, 0, 30),
];

test("the macro mean weighs sources alike, the micro mean pictures", () => {
  const { macro, micro } = evaluate(uneven);
  expect(macro.accuracy).toBeCloseTo((1 + 0.25) / 2, 12);
  expect(micro).toEqual({ accuracy: 190 / 220, count: 220 });
  expect(macro.low).toBeLessThan(macro.accuracy);
  expect(macro.high).toBeGreaterThan(macro.accuracy);
});

test("sources come with Wilson's interval, the worst first", () => {
  const { sources } = evaluate(uneven);
  expect(sources.map(({ name, accuracy, count }) => [name, accuracy, count])).toEqual([
    ["bob", 0.25, 40],
    ["ada", 1, 180],
  ]);
  expect(sources[0]?.low).toBeCloseTo(0.1419, 3);
});

test("the worst confusion and the matrix tell the same", () => {
  const { matrix, confusions } = evaluate(uneven);
  expect(matrix).toEqual([
    [100, 0, 0],
    [30, 90, 0],
    [0, 0, 0],
  ]);
  expect(confusions).toEqual([{ truth: "B", predicted: "A", count: 30, share: 0.25 }]);
});

test("all right does not promise certainty", () => {
  const { macro } = evaluate([...pictures("ada", 0, 0, 10), ...pictures("bob", 1, 1, 10)]);
  expect(macro).toMatchObject({ accuracy: 1, high: 1, low: expect.closeTo(0.8389, 3) });
});

test("thresholds hold by answered class, and what is below them is unknown", () => {
  const predictions = [
    ...pictures("ada", 0, 0, 4, 0.95),
    ...pictures("ada", 1, 0, 1, 0.6),
    ...pictures("ada", 1, 1, 3, 0.6),
    ...pictures("ada", 2, 1, 2, 0.4),
  ];
  const { thresholds: at } = evaluate(predictions, { thresholds: { default: 0.7, classes: { B: 0.5 } } });
  expect(at).toMatchObject({ coverage: 0.7, accuracy: 1, unknown: 3 });
  expect(at.matrix).toEqual([
    [4, 0, 0, 0],
    [0, 3, 0, 1],
    [0, 0, 0, 2],
  ]);
});

test("thresholds that nothing reaches leave no accuracy", () => {
  const { thresholds: at } = evaluate(pictures("ada", 0, 0, 4), { thresholds: { default: 0.99, classes: {} } });
  expect(at).toMatchObject({ coverage: 0, accuracy: null, unknown: 4 });
});

test("a source that was trained on is named in a warning", () => {
  const { sharedSources, warnings } = evaluate(uneven, { trainedSources: ["bob", "eve"] });
  expect(sharedSources).toEqual(["bob"]);
  expect(warnings[0]).toBe(
    "The model was trained on 1 of the 2 sources of this test (bob): the numbers are better than a new person will see.",
  );
});

test("a test on nothing but what was trained on says so", () => {
  expect(evaluate(uneven, { trainedSources: ["bob", "ada"] }).warnings[0]).toMatch(
    "trained on all sources of this test (",
  );
  const plain = evaluate(pictures("", 0, 0, 30), { trainedSources: [""] });
  expect(plain.warnings[0]).toMatch("not sorted by source");
});

test("a model of unknown training is suspect", () => {
  const evaluation = evaluatePredictions({ labels, predictions: uneven, thresholds });
  expect(evaluation.trainedSourcesKnown).toBe(false);
  expect(evaluation.warnings[0]).toMatch("it may have seen these pictures");
});

test("one source, few pictures, untested and unknown classes are said", () => {
  const { warnings } = evaluate([...pictures("ada", 0, 0, 5), ...pictures("ada", 0, 1, 1)], {
    leftOut: { J: 7, Z: 0 },
  });
  expect(warnings).toEqual([
    "All pictures come from one source: the interval covers the luck of the pictures, not the next person.",
    "Few pictures in ada (6), and yet a source weighs as much as any other.",
    "Not tested, for want of pictures: B, C.",
    "Left out, for the model does not know the class: J (7).",
  ]);
});

test("enough of everything needs no warning", () => {
  const predictions = ["a", "b", "c", "d", "e"].flatMap((source) =>
    labels.flatMap((_, k) => pictures(source, k, k, 10)),
  );
  expect(evaluate(predictions).warnings).toEqual([]);
});

test("a label named like a property of objects has no threshold of its own", () => {
  const probabilities = Float32Array.of(0.4, 0.6);
  const { thresholds: at } = evaluatePredictions({
    labels: ["A", "constructor"],
    predictions: [{ path: "x.jpg", source: "", truth: 1, probabilities }],
    thresholds: { default: 0.5, classes: {} },
  });
  expect(at.coverage).toBe(1);
});

test("the evaluation is plain JSON and the same every time", () => {
  const evaluation = evaluate(uneven, { leftOut: { J: 2 } });
  expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
  expect(evaluate(uneven, { leftOut: { J: 2 } })).toEqual(evaluation);
});

test("predictions that do not fit are refused by name", () => {
  const bad = (change: Partial<Prediction>) => () => evaluate([{ ...pictures("ada", 0, 0, 1)[0]!, ...change }]);
  expect(() => evaluate([])).toThrow("nothing to evaluate");
  expect(bad({ truth: 3 })).toThrow("ada/0.jpg: its class is number 3");
  expect(bad({ probabilities: Float32Array.of(1, 0) })).toThrow(
    "ada/0.jpg: the model gave 2 probabilities for 3 labels",
  );
  expect(bad({ probabilities: Float32Array.of(Number.NaN, 0, 0) })).toThrow("does it end in a softmax?");
  expect(bad({ probabilities: Float32Array.of(7, -3, 0) })).toThrow("does it end in a softmax?");
});

test("the text for the terminal holds the numbers and the warnings", () => {
  const text = formatEvaluation(evaluate(uneven, { trainedSources: ["bob"] }));
  expect(text).toContain("Accuracy, mean over 2 sources: 62.5 %  (95 % interval ");
  expect(text).toMatch(/^bob +25\.0 % +14\.2 to 40\.2 % +40 {2}█{5}░{15}$/m);
  expect(text).toMatch(/^A +76\.9 % +100\.0 % +87\.0 % +100$/m);
  expect(text).toMatch(/^B +A +30 +25\.0 %$/m);
  expect(text).toMatch(/^C +– +– +– +0$/m);
  expect(text).toMatch(/^Warning: The model was trained on 1 of the 2 sources/m);
});

test("a name cannot drive the terminal", () => {
  const text = formatEvaluation(evaluate(pictures("\u001b[2Jada\r\u202e", 0, 0, 2)));
  expect(text).toContain("�[2Jada��");
  expect(text).not.toContain("\u001b");
});

test("the card takes what it has a place for", () => {
  const entry = toCardEvaluation(evaluate(uneven, { trainedSources: ["bob"] }), "letters/test", "two files leaked");
  expect(ModelCard.shape.evaluations.parse([entry])).toEqual([entry]);
  expect(entry).toMatchObject({ data: "letters/test", sharesSources: true, note: "two files leaked" });
  expect(toCardEvaluation(evaluate(uneven), "x")).not.toHaveProperty("note");
});
