import { describe, expect, it } from "vitest";
import { type Kernels, openKernels } from "./kernels.ts";

function opened(): Kernels {
  const kernels = openKernels();
  if (kernels === undefined) throw new Error("no kernels here");
  kernels.clear();
  return kernels;
}

/** Coefficients as they come from pictures: fewer and smaller ones the finer they are. Samples stay inside 0 to 255. */
function blocks(): Int32Array[] {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32 - 0.5;
  };
  return Array.from({ length: 200 }, (_, index) =>
    Int32Array.from({ length: 64 }, (__, at) =>
      random() + 0.5 < index / 200 || at === 0 ? Math.round((random() * 500) / (1 + (at & 7) + (at >> 3)) ** 1.5) : 0,
    ),
  );
}

type Transform = "inverseDct" | "inverseDctHalf" | "inverseDctQuarter";

function samples(transform: Transform, block: Int32Array, side: number): number[] {
  const kernels = opened();
  const to = kernels.reserve(64);
  kernels.run[transform](kernels.place(block), to, side);
  return [...kernels.bytes(to, side * side)];
}

/** The definition (ITU-T T.81, A.3.3), rounded and cut off. */
function defined(block: Int32Array): number[] {
  const wave = (at: number, frequency: number): number =>
    (frequency === 0 ? Math.SQRT1_2 : 1) * Math.cos(((2 * at + 1) * frequency * Math.PI) / 16);
  return Array.from({ length: 64 }, (_, at) => {
    const sum = block.reduce(
      (total, coefficient, index) => total + coefficient * wave(at & 7, index & 7) * wave(at >> 3, index >> 3),
      0,
    );
    return Math.min(255, Math.max(0, Math.round(sum / 4 + 128)));
  });
}

/** The means of squares of the full transform. */
function means(block: Int32Array, side: number): number[] {
  const full = samples("inverseDct", block, 8);
  const each = 8 / side;
  return Array.from({ length: side * side }, (_, at) => {
    const top = Math.floor(at / side) * each;
    const left = (at % side) * each;
    let sum = 0;
    for (let y = top; y < top + each; y++) for (let x = left; x < left + each; x++) sum += full[y * 8 + x] as number;
    return sum / each ** 2;
  });
}

describe("the kernels", () => {
  it("give out memory that does not overlap, as much as is asked for, and the same again after a picture", () => {
    const kernels = opened();
    const first = kernels.place(Uint8Array.of(1, 2, 3));
    const large = kernels.reserve(3_000_000);
    kernels.bytes(large, 3_000_000).fill(9);
    const last = kernels.place(Int16Array.of(-1));
    expect([...kernels.bytes(first, 3)]).toEqual([1, 2, 3]);
    expect(last).toBeGreaterThanOrEqual(large + 3_000_000);
    expect([...kernels.bytes(last, 2)]).toEqual([255, 255]);
    kernels.clear();
    expect(kernels.reserve(1)).toBe(first);
  });
});

describe("the inverse cosine transform", () => {
  it("gives what its definition does, but for rounding", () => {
    const errors = blocks().flatMap((block) => {
      const expected = defined(block);
      return samples("inverseDct", block, 8).map((value, at) => Math.abs(value - (expected[at] as number)));
    });
    expect(Math.max(...errors)).toBeLessThanOrEqual(1);
    expect(errors.filter((error) => error > 0).length / errors.length).toBeLessThan(0.03);
  });
});

describe.each([
  ["half", "inverseDctHalf", 4],
  ["quarter", "inverseDctQuarter", 2],
] as const)("the inverse cosine transform of %s the size", (_, transform, side) => {
  it("gives the means of what the full one gives", () => {
    const errors = blocks().flatMap((block) => {
      const expected = means(block, side);
      return samples(transform, block, side).map((value, at) => value - (expected[at] as number));
    });
    // Rounded once here, and 64 times there.
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1);
    expect(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length)).toBeLessThan(0.1);
  });

  it("gives a flat block where there is but one coefficient", () => {
    for (let dc = -1024; dc < 1024; dc += 37) {
      const block = new Int32Array(64);
      block[0] = dc;
      const flat = Math.min(255, Math.max(0, (((dc << 2) + 16) >> 5) + 128));
      expect(samples(transform, block, side)).toEqual(new Array(side * side).fill(flat));
    }
  });
});
