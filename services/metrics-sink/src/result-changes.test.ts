import type { Result } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import type { Point } from "./point.ts";
import { ResultChanges } from "./result-changes.ts";

const AT = 1_763_632_801_234;

function result(at: number, label: string, version = "1.0.0", camera = "desk"): Parameters<ResultChanges["points"]>[0] {
  const value: Result = {
    ...{ camera, model: "letters", version, seq: at, boot: "mg2k1x0z-a9f3", at: AT + at, label },
    ...{ confidence: 0.97, top: [], engine: "onnx-cpu", ms: { total: 3 } },
  };
  return { value, names: { camera, model: "letters" }, arrivedAt: AT + at };
}

const swaps = (points: Point[]) => points.filter(({ measurement }) => measurement === "model_swap");

describe("the changes between results", () => {
  it("are counted for each camera and model, the first being none", () => {
    const changes = new ResultChanges();
    const seen = ["A", "A", "B", "A"].map((label, at) => changes.points(result(at, label))[0]?.fields["changed"]);
    expect(seen).toEqual([0, 0, 1, 1]);
    expect(changes.points(result(9, "C", "1.0.0", "door"))[0]?.fields["changed"]).toBe(0);
  });

  it("tell of another version of a model, once", () => {
    const changes = new ResultChanges();
    expect(swaps(changes.points(result(0, "A")))).toEqual([]);
    expect(swaps(changes.points(result(1, "A", "1.1.0")))).toEqual([
      {
        measurement: "model_swap",
        tags: { camera: "desk", model: "letters" },
        fields: { from: "1.0.0", to: "1.1.0", engine: "onnx-cpu" },
        time: (AT + 1) * 1000 + 1,
      },
    ]);
    expect(swaps(changes.points(result(2, "A", "1.1.0")))).toEqual([]);
  });

  it("tell nothing while two versions take turns, and tell of a return after a minute", () => {
    const changes = new ResultChanges();
    const versions = ["1.0.0", "1.1.0", "1.0.0", "1.1.0", "1.0.0"];
    expect(versions.map((version, at) => swaps(changes.points(result(at, "A", version))).length)).toEqual([
      0, 1, 0, 0, 0,
    ]);
    expect(swaps(changes.points(result(70_000, "A", "1.0.0"))), "the same after a silence").toEqual([]);
    expect(swaps(changes.points(result(70_001, "A", "1.1.0")))).toHaveLength(1);
  });

  it("remember so many cameras and no more", () => {
    const changes = new ResultChanges();
    changes.points(result(0, "A", "1.0.0", "first"));
    for (let camera = 0; camera < 300; camera += 1) changes.points(result(camera, "A", "1.0.0", `camera-${camera}`));
    expect(changes.points(result(400, "B", "2.0.0", "first"))).toMatchObject([{ fields: { changed: 0 } }]);
  });
});
