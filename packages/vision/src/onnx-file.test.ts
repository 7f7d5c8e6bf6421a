import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { decodeModel, editModel, encodeModel, OnnxFileError, type OnnxModel, type OnnxTensor } from "./onnx-file.ts";

const floats = (name: string, dims: number[], value: (i: number) => number): OnnxTensor => {
  const count = dims.reduce((a, b) => a * b, 1);
  return { name, dims, type: "float", data: Float32Array.from({ length: count }, (_, i) => value(i)) };
};
const ints = (name: string, ...values: number[]): OnnxTensor => ({
  name,
  dims: [values.length],
  type: "int64",
  data: BigInt64Array.from(values, BigInt),
});

/** Conv with uneven pads, Resize, ReduceSum with axes as an input, Gemm, Softmax. */
const model: OnnxModel = {
  opset: 17,
  name: "test",
  inputs: [{ name: "x", type: "float", dims: ["N", 1, 4, 4] }],
  outputs: [{ name: "y", type: "float", dims: ["N", 2] }],
  initializers: [
    floats("w", [3, 1, 3, 3], (i) => (i % 5) / 10),
    floats("dense", [3, 2], (i) => i / 7),
    floats("bias", [2], (i) => i),
    floats("scales", [4], (i) => (i < 2 ? 1 : 2)),
    ints("axes", 2, 3),
  ],
  nodes: [
    {
      opType: "Conv",
      inputs: ["x", "w"],
      outputs: ["conv"],
      attributes: { pads: { ints: [0, 0, 1, 1] }, strides: { ints: [2, 2] } },
    },
    {
      opType: "Resize",
      inputs: ["conv", "", "scales"],
      outputs: ["large"],
      attributes: {
        mode: { string: "nearest" },
        nearest_mode: { string: "floor" },
        coordinate_transformation_mode: { string: "asymmetric" },
      },
    },
    { opType: "ReduceSum", inputs: ["large", "axes"], outputs: ["sum"], attributes: { keepdims: { int: 0 } } },
    { opType: "Gemm", inputs: ["sum", "dense", "bias"], outputs: ["logits"], attributes: { alpha: { float: 0.5 } } },
    { opType: "Softmax", inputs: ["logits"], outputs: ["y"], attributes: { axis: { int: -1 } } },
  ],
};

async function run(bytes: Uint8Array, x: Float32Array): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(bytes);
  const outputs = await session.run({ x: new Tensor("float32", x, [1, 1, 4, 4]) });
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]));
}

const picture = Float32Array.from({ length: 16 }, (_, i) => i / 16);

/** The same net in plain loops. */
function direct(x: Float32Array): number[] {
  const sums = [0, 1, 2].map((out) => {
    let sum = 0;
    for (const [oy, ox] of [0, 1, 2, 3].map((i) => [i >> 1, i & 1] as const))
      for (let k = 0; k < 9; k++) {
        const [y, xx] = [oy * 2 + Math.floor(k / 3), ox * 2 + (k % 3)];
        if (y < 4 && xx < 4) sum += (x[y * 4 + xx] ?? 0) * (((out * 9 + k) % 5) / 10);
      }
    return sum * 4;
  });
  const logits = [0, 1].map(
    (unit) => 0.5 * sums.reduce((sum, value, i) => sum + (value * (i * 2 + unit)) / 7, 0) + unit,
  );
  const powers = logits.map(Math.exp);
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

describe("onnx files", () => {
  it("writes a graph that onnxruntime computes as plain loops do", async () => {
    const { y } = await run(encodeModel(model), picture);
    const expected = direct(picture);
    expect(y).toHaveLength(2);
    expected.forEach((value, i) => {
      expect(y?.[i]).toBeCloseTo(value, 5);
    });
  });

  it("reads back what it wrote", () => {
    const read = decodeModel(encodeModel(model));
    expect(read.opset).toBe(17);
    expect(read.inputs).toEqual(model.inputs);
    expect(read.outputs).toEqual(model.outputs);
    expect(read.initializers).toEqual(model.initializers);
    expect(read.nodes).toEqual(
      model.nodes.map((node) => ({ name: "", domain: "", ...node, attributes: node.attributes ?? {} })),
    );
  });

  it("keeps every kind of attribute, and 'to the end' of old Slice operators", () => {
    const attributes = {
      int: { int: -3 },
      ints: { ints: [1, -2, 2 ** 40] },
      float: { float: 0.25 },
      floats: { floats: [0.5, -1.5] },
      string: { string: "größe" },
      strings: { strings: ["a", "b"] },
      tensor: { tensor: ints("t", 5, -6) },
      end: { ints: [2 ** 63] },
    };
    const node = { opType: "X", inputs: [], outputs: [], attributes };
    const once = encodeModel({ ...model, nodes: [node] });
    expect(decodeModel(once).nodes[0]?.attributes).toEqual(attributes);
    expect(decodeModel(encodeModel(decodeModel(once))).nodes[0]?.attributes).toEqual(attributes);
  });

  it("writes 100 MB of weights unchanged", () => {
    const data = new Float32Array(25_000_000);
    data[12_345_678] = 0.1;
    data[24_999_999] = -7;
    const big: OnnxTensor = { name: "big", dims: [25_000, 1000], type: "float", data };
    const read = decodeModel(encodeModel({ ...model, initializers: [...model.initializers, big] })).initializers.at(-1);
    expect(read?.dims).toEqual([25_000, 1000]);
    expect(Buffer.compare(new Uint8Array(read!.data.buffer), new Uint8Array(data.buffer))).toBe(0);
  });

  it("writes a view into a larger array of weights, not the whole array", () => {
    const all = Float32Array.from([9, 1, 2, 9]);
    const view: OnnxTensor = { name: "v", dims: [2], type: "float", data: all.subarray(1, 3) };
    expect(decodeModel(encodeModel({ ...model, initializers: [view] })).initializers[0]?.data).toEqual(
      Float32Array.from([1, 2]),
    );
  });

  it("appends to a file of other origin and keeps the rest", async () => {
    const edited = editModel(encodeModel(model), {
      append: [{ opType: "Neg", inputs: ["y"], outputs: ["negative"] }],
      outputs: [{ name: "negative", type: "float", dims: ["N", 2] }],
    });
    const { y } = await run(encodeModel(model), picture);
    const { negative, ...others } = await run(edited, picture);
    expect(others).toEqual({});
    expect([...(negative ?? [])]).toEqual([...(y ?? [])].map((value) => -value));
  });

  it("refuses data that does not fit its dims, and bytes that are no model", () => {
    const wrong: OnnxTensor = { name: "wrong", dims: [3], type: "float", data: new Float32Array(2) };
    expect(() => encodeModel({ ...model, initializers: [wrong] })).toThrow("tensor wrong has 2 values, [3] needs 3");
    expect(() => decodeModel(new Uint8Array())).toThrow(OnnxFileError);
    expect(() => decodeModel(Buffer.from("a text that is no model at all"))).toThrow(OnnxFileError);
    expect(() => decodeModel(encodeModel(model).subarray(0, 100))).toThrow(OnnxFileError);
  });
});
