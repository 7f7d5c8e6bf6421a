import { expect, test } from "vitest";
import { type LineChart, lineChartSvg, niceAxis } from "./line-chart.ts";

function chart(points: readonly (readonly [number, number])[]): LineChart {
  const series = [{ name: "training", points, colour: "right" as const }];
  return { id: "c", title: "C", description: "D", xLabel: "epoch", yLabel: "loss", series, formatY: String };
}

test.each([
  [
    [0, 1],
    [0, 0.25, 0.5, 0.75, 1],
  ],
  [
    [0, 3.07],
    [0, 1, 2, 3, 4],
  ],
  [
    [0.93, 1],
    [0.92, 0.94, 0.96, 0.98, 1],
  ],
  [[5], [4, 6]],
  [[], [0, 0.25, 0.5, 0.75, 1]],
])("an axis over %j has round ticks", (values, ticks) => {
  expect(niceAxis(values).ticks).toEqual(ticks);
});

test("every point lies within its axis", () => {
  const { low, high } = niceAxis([0.3, 0.7001]);
  expect(low).toBeLessThanOrEqual(0.3);
  expect(high).toBeGreaterThanOrEqual(0.7001);
});

test("a line goes through its points, the greater the higher", () => {
  const svg = lineChartSvg(
    chart([
      [1, 0],
      [2, 1],
      [3, 0.5],
    ]),
  );
  const line = /polyline points="([^"]+)"/.exec(svg)?.[1] ?? "";
  const places = line.split(" ").map((place) => place.split(",").map(Number));
  // The plot reaches from 58 to 426 and from 236 up to 34.
  expect(places).toEqual([
    [58, 236],
    [242, 34],
    [426, 135],
  ]);
});

test("points that ran away leave a gap and no NaN", () => {
  const svg = lineChartSvg(
    chart([
      [1, 2],
      [2, Number.NaN],
      [3, Number.POSITIVE_INFINITY],
      [4, 1],
    ]),
  );
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(/polyline points="([^"]+)"/.exec(svg)?.[1]?.split(" ")).toHaveLength(2);
});

test("a single point is a dot", () => {
  expect(lineChartSvg(chart([[1, 0.5]]))).toContain("<circle");
});
