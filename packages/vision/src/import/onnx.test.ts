import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBundle } from "../bundle.ts";
import { BundleError } from "../bundle-error.ts";
import { onnxEngine } from "../engines/onnx.ts";
import { decodeModel, encodeModel, type OnnxModel, type OnnxNode, type OnnxTensor } from "../onnx-file.ts";
import { importOnnx } from "./onnx.ts";
import { softmax } from "./probe.ts";

const LABELS = ["a", "b", "c"];
const KERNEL = [0.5, -1, 2, 1, 0.25, -0.5, -2, 1.5, 0.75];
const BIAS = [0.1, 0.2, -0.3];

const float = (name: string, dims: number[], values: readonly number[]): OnnxTensor => ({
  name,
  dims,
  type: "float",
  data: Float32Array.from(values),
});

interface Changes {
  readonly dims?: readonly (number | string)[];
  readonly layout?: "NCHW" | "NHWC";
  readonly before?: readonly OnnxNode[];
  readonly after?: readonly OnnxNode[];
  readonly input?: string;
  readonly output?: string;
  readonly model?: Partial<OnnxModel>;
}

/** Mean of each colour, then a dense layer: logits. */
function build({ dims, layout = "NCHW", before = [], after = [], input = "x", output = "logits", model }: Changes) {
  const shape = dims ?? (layout === "NCHW" ? ["N", 3, 8, 10] : ["N", 8, 10, 3]);
  return encodeModel({
    name: "foreign",
    opset: 13,
    producer: "pytorch",
    inputs: [{ name: "x", type: "float", dims: shape }],
    outputs: [{ name: output, type: "float", dims: [shape[0] ?? "N", 3] }],
    initializers: [float("w", [3, 3], KERNEL), float("b", [3], BIAS), float("scale", [1], [1 / 255])],
    nodes: [
      ...before,
      {
        opType: "ReduceMean",
        inputs: [input],
        outputs: ["means"],
        attributes: { axes: { ints: layout === "NCHW" ? [2, 3] : [1, 2] }, keepdims: { int: 0 } },
      },
      { opType: "Gemm", inputs: ["means", "w", "b"], outputs: ["logits"] },
      ...after,
    ],
    ...model,
  });
}

/** Values whose mean of the three colours is 0.2, 0.5 and 0.9, and the probabilities the net gives for them. */
const MEANS = [0.2, 0.5, 0.9];
const nchw = Float32Array.from({ length: 240 }, (_, i) => MEANS[Math.floor(i / 80)]!);
const nhwc = Float32Array.from({ length: 240 }, (_, i) => MEANS[i % 3]!);
const logits = BIAS.map((bias, unit) => MEANS.reduce((sum, mean, c) => sum + mean * KERNEL[c * 3 + unit]!, bias));
const probabilities = softmax(Float32Array.from(logits));

describe("importOnnx", () => {
  let folder = "";
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "beckon-import-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function imported(bytes: Uint8Array, own: Partial<Parameters<typeof importOnnx>[0]> = {}) {
    const place = join(folder, String(count++));
    await mkdir(place);
    const model = join(place, "foreign.onnx");
    await writeFile(model, bytes);
    const out = join(place, "bundle");
    const { notes } = await importOnnx({ model, labels: LABELS, name: "foreign", out, ...own });
    return { notes, bundle: await loadBundle(out) };
  }

  async function run(bundle: Awaited<ReturnType<typeof loadBundle>>, values: Float32Array): Promise<Float32Array> {
    const engine = await onnxEngine(bundle, { provider: "cpu" });
    const row = await engine.run(values, 1);
    await engine.close();
    return row;
  }

  const expectRow = (found: Float32Array, expected: Float32Array) => {
    expect(found).toHaveLength(expected.length);
    expected.forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 5);
    });
  };

  it("puts a softmax behind logits, and says what it read and what it guessed", async () => {
    const { notes, bundle } = await imported(build({}));
    expectRow(await run(bundle, nchw), probabilities);
    expect(notes).toEqual([
      "input: 10x8, NCHW, from the graph",
      "colours: guessed RGB: what nearly all models take; --colours changes it",
      "scale: guessed imagenet: usual for PyTorch's models; --scale changes it",
      "fit: guessed stretch: what most trainings do to pictures that are not square; --fit changes it",
      "output: guessed logits: its outputs do not add up to 1, a softmax is added; --probabilities changes it",
    ]);
    expect(bundle.card).toMatchObject({ architecture: "imported", name: "foreign" });
    expect(bundle.card.input.mean).toEqual([0.485, 0.456, 0.406]);
    expect(bundle.labels).toEqual(LABELS);
  });

  it("leaves probabilities as they are", async () => {
    const after = [{ opType: "Softmax", inputs: ["logits"], outputs: ["p"], attributes: { axis: { int: 1 } } }];
    const bytes = build({ after, output: "p" });
    const { bundle, notes } = await imported(bytes);
    expect(notes.join("\n")).toContain("output: guessed probabilities");
    expect(Buffer.compare(bundle.onnx, bytes)).toBe(0);
    expectRow(await run(bundle, nchw), probabilities);
  });

  it("reads channels last, and guesses 0..1 for it", async () => {
    const { bundle, notes } = await imported(build({ layout: "NHWC" }));
    expect(bundle.card.input).toMatchObject({ layout: "NHWC", width: 10, height: 8, mean: [0, 0, 0], std: [1, 1, 1] });
    expect(notes).toContain("scale: guessed 0..1: usual for Keras's models; --scale changes it");
    expectRow(await run(bundle, nhwc), probabilities);
  });

  it("sees that a graph divides by 255 itself", async () => {
    const before = [
      { opType: "Identity", inputs: ["x"], outputs: ["same"] },
      { opType: "Mul", inputs: ["same", "scale"], outputs: ["scaled"] },
    ];
    const { bundle } = await imported(build({ before, input: "scaled" }));
    expect(bundle.card.input.std).toEqual([1 / 255, 1 / 255, 1 / 255]);
    expectRow(
      await run(
        bundle,
        nchw.map((value) => value * 255),
      ),
      probabilities,
    );
  });

  it("takes the user's word for everything that can be guessed", async () => {
    const { bundle, notes } = await imported(build({ dims: ["N", 3, "h", "w"] }), {
      size: [12, 16],
      colours: "BGR",
      scale: "imagenet",
      fit: "cover",
      output: "logits",
    });
    expect(bundle.card.input).toMatchObject({ width: 12, height: 16, colours: "BGR", fit: "cover" });
    expect(bundle.card.input.mean).toEqual([0.406, 0.456, 0.485]);
    expect(notes.join()).not.toContain("guessed");
    const own = { mean: [1, 2, 3], std: [4, 5, 6] } as const;
    const scale = { mean: [...own.mean], std: [...own.std] } as {
      mean: [number, number, number];
      std: [number, number, number];
    };
    expect((await imported(build({}), { scale })).bundle.card.input).toMatchObject(own);
  });

  it("flattens an output of [batch, classes, 1, 1], and leaves out others", async () => {
    const after = [
      { opType: "Unsqueeze", inputs: ["logits", "axes"], outputs: ["tall"] },
      { opType: "Relu", inputs: ["means"], outputs: ["features"] },
    ];
    const axes: OnnxTensor = { name: "axes", dims: [2], type: "int64", data: BigInt64Array.from([2n, 3n]) };
    const { bundle, notes } = await imported(
      build({
        after,
        model: {
          initializers: [float("w", [3, 3], KERNEL), float("b", [3], BIAS), axes],
          outputs: [
            { name: "tall", type: "float", dims: ["N", 3, 1, 1] },
            { name: "features", type: "float", dims: ["N", "C", 1] },
          ],
        },
      }),
    );
    expect(notes).toContain("outputs: takes tall, leaves out features");
    expectRow(await run(bundle, nchw), probabilities);
  });

  it("keeps a fixed batch and says so", async () => {
    const { bundle, notes } = await imported(build({ dims: [2, 3, 8, 10] }));
    expect(notes).toContain("batch: fixed at 2 by the graph; several pictures take several runs");
    expectRow(await run(bundle, nchw), probabilities);
  });

  it("brings in weights from a file beside the model, but from nowhere else", async () => {
    const place = join(folder, "external");
    await mkdir(place);
    const bytes = Buffer.from(build({}));
    const weights = Buffer.alloc(40);
    KERNEL.forEach((value, i) => {
      weights.writeFloatLE(value, 4 + i * 4);
    });
    await writeFile(join(place, "w.data"), weights);
    const external = (location: string) => {
      const { onnx } = onnxProto;
      const proto = onnx.ModelProto.decode(bytes);
      const [tensor] = proto.graph?.initializer ?? [];
      Object.assign(tensor ?? {}, {
        rawData: new Uint8Array(),
        dataLocation: 1,
        externalData: Object.entries({ location, offset: "4", length: "36" }).map(([key, value]) => ({ key, value })),
      });
      return onnx.ModelProto.encode(proto).finish();
    };
    const model = join(place, "foreign.onnx");
    const options = { model, labels: LABELS, name: "foreign", out: join(place, "bundle") };
    await writeFile(model, external("w.data"));
    await importOnnx(options);
    await rm(join(place, "w.data"));
    expectRow(await run(await loadBundle(options.out), nchw), probabilities);
    await expect(importOnnx(options)).rejects.toThrow("w.data: no such file");
    await writeFile(model, external("../../etc/passwd"));
    await expect(importOnnx(options)).rejects.toThrow("lie outside of its folder");
  });

  it("refuses what is no classifier of pictures with these labels, in one line", async () => {
    const two = {
      inputs: [
        { name: "x", type: "float" as const, dims: ["N", 3, 8, 10] },
        { name: "y", type: "float" as const, dims: [1] },
      ],
    };
    const strange = [{ opType: "Strange", inputs: ["logits"], outputs: ["p"] }];
    const sigmoid = [{ opType: "Sigmoid", inputs: ["logits"], outputs: ["p"] }];
    for (const [bytes, own, message] of [
      [build({}), { labels: ["a", "b"] }, /gives 3 classes, the labels name 2/],
      [build({}), { labels: join(folder, "absent.txt") }, /absent\.txt: no such file/],
      [build({}), { name: "Not A Name" }, /model\.json: name: found "Not A Name"/],
      [build({}), { size: [9, 9] as const }, /takes 10x8 pixels, not 9x9/],
      [build({}), { layout: "NHWC" as const }, /as NHWC it takes 10 colours/],
      [build({}), { output: "probabilities" as const }, /do not add up to 1/],
      [build({ dims: ["N", 3, "h", "w"] }), {}, /give the one it was trained on with --size/],
      [build({ dims: ["N", "c", "h", "w"], model: { producer: "x" } }), {}, /give --layout/],
      [build({ dims: ["N", 1, 8, 10], model: { nodes: [] } }), {}, /not an ONNX file/],
      [build({ model: two }), {}, /takes x, y; an image classifier takes one picture/],
      [build({ dims: ["N", 3, 8] }), {}, BundleError],
      [build({ dims: ["N", 3, 60_000, 60_000] }), {}, /takes 60000x60000 pixels; 8 to 1024 a side can be used/],
      [build({ dims: ["N", 3, 4, 4] }), {}, /takes 4x4 pixels; 8 to 1024/],
      [build({ dims: [1e9, 3, 8, 10] }), {}, /takes 1000000000 pictures at a time; export it with an open batch/],
      [build({}), { labels: ["a", "b", "\u001b[31mc"] }, /line 3 holds control characters/],
      [build({ after: strange, output: "p" }), {}, /unknown operator .*Strange/],
      [build({ after: sigmoid, output: "p" }), {}, /yes or no to each class .* --logits/],
      [Buffer.from("<html>"), {}, /foreign\.onnx: not an ONNX file/],
    ] as const) {
      const error = await imported(bytes, own).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(BundleError);
      expect(String(error)).not.toContain("\n");
      await expect(Promise.reject(error)).rejects.toThrow(message);
    }
  });

  it("guesses no scale from a whole picture that the graph takes away first", async () => {
    const mean = float("mean", [1, 3, 224, 224], new Array(3 * 224 * 224).fill(100));
    const graph = decodeModel(
      build({
        dims: ["N", 3, 224, 224],
        before: [{ opType: "Sub", inputs: ["x", "mean"], outputs: ["z"] }],
        input: "z",
      }),
    );
    const bytes = encodeModel({ ...graph, initializers: [...graph.initializers, mean] });
    const { notes } = await imported(bytes);
    expect(notes.join()).toContain("scale: guessed imagenet: usual for PyTorch's models");
  });

  it("refuses weights outside that lie at no place of their file", async () => {
    const place = join(folder, "no-place");
    await mkdir(place);
    const model = join(place, "m.onnx");
    await writeFile(join(place, "w.data"), new Uint8Array(36));
    for (const [offset, length] of [
      ["-4", "36"],
      ["here", "36"],
      ["0", "some"],
      ["8", "-4"],
    ]) {
      const proto = onnxProto.onnx.ModelProto.decode(build({}));
      const tensor = proto.graph?.initializer?.[0];
      Object.assign(tensor ?? {}, { rawData: new Uint8Array(), dataLocation: 1 });
      Object.assign(tensor ?? {}, {
        externalData: Object.entries({ location: "w.data", offset, length }).map(([key, value]) => ({ key, value })),
      });
      await writeFile(model, onnxProto.onnx.ModelProto.encode(proto).finish());
      const importing = importOnnx({ model, labels: LABELS, name: "x", out: join(place, "out") });
      await expect(importing).rejects.toThrow(/m\.onnx: names no place in "w\.data" for its weights/);
    }
  });

  it("refuses a graph that mixes the pictures of a batch", async () => {
    const after = [
      { opType: "ReduceMean", inputs: ["logits"], outputs: ["mean"], attributes: { axes: { ints: [0] } } },
      { opType: "Sub", inputs: ["logits", "mean"], outputs: ["p"] },
    ];
    await expect(imported(build({ after, output: "p" }))).rejects.toThrow("export it with a fixed batch of 1");
  });

  it("does not replace a folder that is no bundle", async () => {
    const out = join(folder, "precious");
    await mkdir(out);
    await writeFile(join(out, "thesis.txt"), "");
    await expect(imported(build({}), { out })).rejects.toThrow("holds other files and would be replaced");
    expect(await readdir(out)).toEqual(["thesis.txt"]);
  });
});
