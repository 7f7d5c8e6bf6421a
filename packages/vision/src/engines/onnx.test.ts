import { afterEach, describe, expect, it } from "vitest";
import { BundleError } from "../bundle-error.ts";
import type { ModelCard } from "../card.ts";
import { encodeModel, type OnnxType } from "../onnx-file.ts";
import { type Engine, EngineUnavailable } from "./engine.ts";
import { type EngineModel, onnxEngine } from "./onnx.ts";

const SIDE = 8;
const LENGTH = 3 * SIDE * SIDE;

interface Sketch {
  readonly batch?: number | string;
  readonly classes?: number;
  readonly last?: string;
  readonly type?: OnnxType;
  readonly layout?: "NCHW" | "NHWC";
}

/** Mean of each channel, a dense layer that looks at channel k for class k, softmax. */
function colourNet({
  batch = "batch",
  classes = 3,
  last = "Softmax",
  type = "float",
  layout = "NCHW",
}: Sketch = {}): Uint8Array {
  const weights = new Float32Array(3 * classes);
  for (let channel = 0; channel < 3; channel++) weights[channel * classes + channel] = 4;
  const nchw = layout === "NCHW";
  return encodeModel({
    opset: 13,
    name: "colours",
    nodes: [
      ...(nchw
        ? []
        : [{ opType: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: { ints: [0, 3, 1, 2] } } }]),
      { opType: "GlobalAveragePool", inputs: [nchw ? "x" : "t"], outputs: ["means"] },
      { opType: "Flatten", inputs: ["means"], outputs: ["flat"] },
      { opType: "Gemm", inputs: ["flat", "w"], outputs: ["logits"] },
      { opType: last, inputs: ["logits"], outputs: ["y"] },
    ],
    initializers: [{ name: "w", type: "float", dims: [3, classes], data: weights }],
    inputs: [{ name: "x", type, dims: nchw ? [batch, 3, SIDE, SIDE] : [batch, SIDE, SIDE, 3] }],
    outputs: [{ name: "y", type: "float", dims: [batch, classes] }],
  });
}

function model(onnx: Uint8Array, layout: "NCHW" | "NHWC" = "NCHW", side = SIDE): EngineModel {
  const card: ModelCard = {
    format: "beckon-model/1",
    name: "colours",
    version: "1",
    architecture: "test",
    input: {
      width: side,
      height: side,
      layout,
      colours: "RGB",
      mean: [0, 0, 0],
      std: [1, 1, 1],
      fit: "stretch",
      kernel: "linear",
    },
    thresholds: { default: 0.5, classes: {} },
    sha256: { onnx: "0".repeat(64) },
    evaluations: [],
    sources: [],
  };
  return { card, labels: ["red", "green", "blue"], onnx, folder: "colours" };
}

const open: Engine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close();
});

async function cpu(sketch: EngineModel): Promise<Engine> {
  const engine = await onnxEngine(sketch, { provider: "cpu" });
  open.push(engine);
  return engine;
}

async function refusal(sketch: EngineModel): Promise<string> {
  const error = await cpu(sketch).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(BundleError);
  expect((error as BundleError).message).not.toContain("\n");
  return (error as BundleError).message;
}

/** Plain colours as NCHW tensors: class k has channel k at 1. */
function plain(...classes: number[]): Float32Array {
  const batch = new Float32Array(classes.length * LENGTH);
  classes.forEach((channel, index) => {
    const start = index * LENGTH + channel * SIDE * SIDE;
    batch.fill(1, start, start + SIDE * SIDE);
  });
  return batch;
}

const HIGH = Math.exp(4) / (Math.exp(4) + 2);

function winners(probabilities: Float32Array): number[] {
  return Array.from({ length: probabilities.length / 3 }, (_, row) => {
    const values = [...probabilities.subarray(row * 3, row * 3 + 3)];
    return values.indexOf(Math.max(...values));
  });
}

describe("the onnx engine", () => {
  it("gives the probabilities that the net defines", async () => {
    const engine = await cpu(model(colourNet()));
    expect(engine.name).toBe("onnx-cpu");
    const row = await engine.run(plain(1), 1);
    expect(row[1]).toBeCloseTo(HIGH, 6);
    expect(row[0]).toBeCloseTo((1 - HIGH) / 2, 6);
  });

  it("runs several pictures at once, each on its own row", async () => {
    const engine = await cpu(model(colourNet()));
    expect(winners(await engine.run(plain(2, 0, 1, 1, 0), 5))).toEqual([2, 0, 1, 1, 0]);
  });

  for (const batch of [1, 2, 4]) {
    it(`runs any number of pictures through a model whose batch is fixed at ${batch}`, async () => {
      const free = await cpu(model(colourNet()));
      const fixed = await cpu(model(colourNet({ batch })));
      const pictures = plain(2, 0, 1, 1, 0).map((value, index) => value + (index % 7) / 100);
      expect(await fixed.run(pictures, 5)).toEqual(await free.run(pictures, 5));
    });
  }

  it("takes channels last", async () => {
    const engine = await cpu(model(colourNet({ layout: "NHWC" }), "NHWC"));
    const green = new Float32Array(LENGTH).map((_, index) => (index % 3 === 1 ? 1 : 0));
    expect(winners(await engine.run(green, 1))).toEqual([1]);
  });

  it("answers runs that overlap, lets them end on closing, and then takes no more", async () => {
    const engine = await onnxEngine(model(colourNet()), { provider: "cpu" });
    const runs = [0, 1, 2].map((colour) => engine.run(plain(colour), 1));
    const closed = engine.close();
    expect((await Promise.all(runs)).flatMap(winners)).toEqual([0, 1, 2]);
    await closed;
    await engine.close();
    await expect(engine.run(plain(0), 1)).rejects.toThrow("the engine is closed");
  });

  it("refuses a batch of another length", async () => {
    const engine = await cpu(model(colourNet()));
    await expect(engine.run(plain(0, 1), 3)).rejects.toThrow(RangeError);
  });
});

describe("a model that does not fit", () => {
  it("has an operator that is not known", async () => {
    expect(await refusal(model(colourNet({ last: "HocusPocus" })))).toBe(
      "colours/model.onnx: unknown operator HocusPocus of operator set 13; export the model again with standard operators only",
    );
  });

  it("is no ONNX file", async () => {
    for (const bytes of [new Uint8Array(), Buffer.from("hello world"), colourNet().subarray(0, 100)]) {
      expect(await refusal(model(bytes))).toMatch(/^colours\/model\.onnx: not a valid ONNX model: \w/);
    }
  });

  it("has another number of classes than the labels", async () => {
    expect(await refusal(model(colourNet({ classes: 5 })))).toBe(
      "colours/model.onnx: gives 5 classes, labels.txt names 3",
    );
  });

  it("takes another size or order than the card says", async () => {
    expect(await refusal(model(colourNet(), "NCHW", 16))).toBe(
      "colours/model.onnx: takes [batch, 3, 8, 8], model.json says [batch, 3, 16, 16] (NCHW)",
    );
    expect(await refusal(model(colourNet(), "NHWC"))).toContain("model.json says [batch, 8, 8, 3] (NHWC)");
  });

  it("takes another type", async () => {
    const bytes = encodeModel({
      opset: 13,
      name: "ints",
      nodes: [{ opType: "Cast", inputs: ["x"], outputs: ["y"], attributes: { to: { int: 1 } } }],
      initializers: [],
      inputs: [{ name: "x", type: "uint8", dims: ["batch", 3, SIDE, SIDE] }],
      outputs: [{ name: "y", type: "float", dims: ["batch", 3, SIDE, SIDE] }],
    });
    expect(await refusal(model(bytes))).toBe("colours/model.onnx: takes uint8 and gives float32, both must be float32");
  });

  it("gives logits instead of probabilities", async () => {
    expect(await refusal(model(colourNet({ last: "Identity" })))).toBe(
      "colours/model.onnx: gives no probabilities (they add up to 0.00); if it gives logits, import it again with --logits",
    );
  });

  it("gives no numbers", async () => {
    expect(await refusal(model(colourNet({ last: "Log" })))).toMatch(/gives values that are no numbers/);
  });

  it("is blamed before the missing graphics card", async () => {
    const opening = onnxEngine(model(colourNet({ last: "HocusPocus" })), { provider: "cuda" });
    await expect(opening).rejects.toThrow(/unknown operator HocusPocus/);
  });
});

describe("a provider that is not there", () => {
  it("is said to be unavailable, with the command that adds it, or it computes the same", async () => {
    const engine = await onnxEngine(model(colourNet()), { provider: "cuda" }).catch((error: unknown) => error);
    if (engine instanceof Error) {
      expect(engine).toBeInstanceOf(EngineUnavailable);
      expect(engine.message).toMatch(/^engine onnx-cuda: .*ONNXRUNTIME_NODE_INSTALL=cuda12 node \S+install$/);
    } else {
      open.push(engine as Engine);
      expect(winners(await (engine as Engine).run(plain(2), 1))).toEqual([2]);
    }
  });
});
