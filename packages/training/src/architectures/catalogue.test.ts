import { describe, expect, it } from "vitest";
import { planLayers } from "../plan.ts";
import { architectures, findArchitecture } from "./catalogue.ts";

function planOf(name: string, classes: number, width?: number) {
  const architecture = findArchitecture(name);
  const { side } = architecture;
  const layers = architecture.layers(width === undefined ? { classes } : { classes, width });
  return planLayers(layers, [3, side, side]);
}

function totalOf(name: string, classes: number, width?: number): number {
  const plan = planOf(name, classes, width);
  return plan.weightCount + plan.statisticCount;
}

describe("the architectures have the parameters that their authors count", () => {
  it("hand-cnn: 3,392,834 with two classes, over a flat vector of 25,088", () => {
    expect(totalOf("hand-cnn", 2)).toBe(3_392_834);
    const flatten = planOf("hand-cnn", 2).layers.find((layer) => layer.type === "flatten");
    expect(flatten?.output).toEqual([25_088]);
  });
  it("alexnet: 28,103,776 with 24 classes, running statistics included", () => {
    expect(totalOf("alexnet", 24)).toBe(28_103_776);
  });
  it("signs-cnn: 1,286 with six classes", () => {
    expect(totalOf("signs-cnn", 6)).toBe(1_286);
  });
  it("resnet50: 23,600,006 with six classes, 53,120 of them not trainable", () => {
    expect(totalOf("resnet50", 6)).toBe(23_600_006);
    expect(planOf("resnet50", 6).statisticCount).toBe(53_120);
  });
  it("resnet18: torchvision's 11,689,512 with 1000 classes, where running statistics do not count", () => {
    expect(planOf("resnet18", 1000).weightCount).toBe(11_689_512);
  });
  it("vgg16: Keras's 14,714,688 below the head", () => {
    const head = 2048 * 512 + 512 + 512 * 29 + 29;
    expect(totalOf("vgg16", 29) - head).toBe(14_714_688);
  });
  it("own: below a million, with as many classes as the alphabet", () => {
    expect(totalOf("own", 25)).toBeLessThan(1_000_000);
  });
});

describe("the catalogue", () => {
  it("plans every architecture down to one score a class", () => {
    for (const { name } of architectures) expect(planOf(name, 7).output).toEqual([7]);
  });
  it("names each architecture once, and its file after it", () => {
    expect(new Set(architectures.map(({ name }) => name)).size).toBe(architectures.length);
  });
  it("suggests the nearest name for a misspelt one", () => {
    expect(() => findArchitecture("handcnn")).toThrow(/"handcnn"; did you mean hand-cnn\?/);
    expect(() => findArchitecture("ResNet-5")).toThrow(/did you mean resnet50\?/);
  });
  it("suggests nothing for a name that is like none", () => {
    expect(() => findArchitecture("transformer")).toThrow(/^there is no architecture "transformer"\. Known: own, /);
  });
});

describe("the width of hand-cnn", () => {
  it("sets the units of the dense layer", () => {
    expect(totalOf("hand-cnn", 2, 4096) - totalOf("hand-cnn", 2, 64)).toBe((4096 - 64) * (25_088 + 1 + 2));
  });
  it("refuses what its author does not offer, and says what is allowed", () => {
    expect(() => planOf("hand-cnn", 2, 32)).toThrow("width 32 is not possible; give a whole number from 64 to 4096");
    expect(() => planOf("hand-cnn", 2, 100.5)).toThrow("from 64 to 4096");
  });
});
