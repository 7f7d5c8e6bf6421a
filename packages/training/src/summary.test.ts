import { describe, expect, it } from "vitest";
import { findArchitecture } from "./architectures/catalogue.ts";
import { planLayers } from "./plan.ts";
import { formatSummary, summarise, totalsOf } from "./summary.ts";

function summaryOf(name: string, classes: number) {
  const { layers, side } = findArchitecture(name);
  return summarise(planLayers(layers({ classes }), [3, side, side]));
}

describe("the summary of an architecture", () => {
  it("counts the multiply-adds of convolutions and dense layers, worked out by hand", () => {
    const byName = new Map(summaryOf("signs-cnn", 6).map((row) => [row.name, row.multiplyAdds]));
    expect(byName.get("conv-1")).toBe(64 * 64 * 8 * 3 * 4 * 4);
    expect(byName.get("conv-2")).toBe(8 * 8 * 16 * 8 * 2 * 2);
    expect(byName.get("dense-1")).toBe(64 * 6);
    expect(byName.get("max-pool-1")).toBe(0);
  });

  it("counts one input channel for each filter of a depthwise convolution", () => {
    const rows = summarise(planLayers([{ type: "conv", filters: "depthwise", kernel: 3, stride: 2 }], [16, 8, 8]));
    expect(rows[0]?.multiplyAdds).toBe(4 * 4 * 16 * 9);
  });

  it("splits the parameters of resnet50 into trainable and not trainable", () => {
    const totals = totalsOf(summaryOf("resnet50", 6));
    expect(totals).toMatchObject({ total: 23_600_006, trainable: 23_546_886, notTrainable: 53_120 });
    expect(totals.onnxMegabytes).toBeCloseTo(94.4, 1);
  });

  it("keeps own below 60 million multiply-adds and a million parameters", () => {
    const totals = totalsOf(summaryOf("own", 25));
    expect(totals.multiplyAdds).toBeLessThan(60e6);
    expect(totals.total).toBeLessThan(1e6);
  });

  it("agrees with the literature on resnet18: 1.8 G multiply-adds at 224 pixels", () => {
    const { layers } = findArchitecture("resnet18");
    const totals = totalsOf(summarise(planLayers(layers({ classes: 1000 }), [3, 224, 224])));
    expect(totals.multiplyAdds / 1e9).toBeCloseTo(1.81, 2);
  });
});

describe("the printed summary", () => {
  const text = formatSummary(summaryOf("resnet50", 6));
  const lines = text.split("\n");

  it("names layer, shape, parameters and multiply-adds in columns that line up", () => {
    expect(lines[0]).toMatch(/^layer +output +parameters +multiply-adds$/);
    expect(lines.find((line) => line.startsWith("conv-1 "))).toMatch(/^conv-1 +64 x 32 x 32 +9,472 +9,633,792$/);
    const table = lines.slice(0, -5);
    expect(new Set(table.map((line) => line.length))).toEqual(new Set([lines[0]?.length]));
  });

  it("indents the body of a residual and marks its shortcut", () => {
    expect(lines).toContainEqual(expect.stringMatching(/^residual-1 /));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}conv-2 /));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}conv-5 \(shortcut\) /));
  });

  it("ends with the totals", () => {
    expect(lines.slice(-5)).toEqual([
      "parameters     23,600,006",
      "trainable      23,546,886",
      "not trainable  53,120",
      expect.stringMatching(/^multiply-adds {2}[\d,]+$/),
      "ONNX file      about 94.4 MB",
    ]);
  });
});
