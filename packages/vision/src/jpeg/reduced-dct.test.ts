import { describe, expect, it } from "vitest";
import { inverseDct, inverseDctFlat } from "./inverse-dct.ts";
import { inverseDctHalf, inverseDctQuarter } from "./reduced-dct.ts";

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

function samples(transform: typeof inverseDct, block: Int32Array, side: number): Uint8ClampedArray {
  const out = new Uint8ClampedArray(side * side);
  transform(Int32Array.from(block), out, 0, side);
  return out;
}

/** The means of squares of the full transform. */
function means(block: Int32Array, side: number): number[] {
  const full = samples(inverseDct, block, 8);
  const each = 8 / side;
  return Array.from({ length: side * side }, (_, at) => {
    const top = Math.floor(at / side) * each;
    const left = (at % side) * each;
    let sum = 0;
    for (let y = top; y < top + each; y++) for (let x = left; x < left + each; x++) sum += full[y * 8 + x] as number;
    return sum / each ** 2;
  });
}

describe.each([
  ["half", inverseDctHalf, 4],
  ["quarter", inverseDctQuarter, 2],
] as const)("the inverse cosine transform of %s the size", (_, transform, side) => {
  it("gives the means of what the full one gives", () => {
    const errors = blocks().flatMap((block) => {
      const expected = means(block, side);
      return [...samples(transform, block, side)].map((value, at) => value - (expected[at] as number));
    });
    // Rounded once here, and 64 times there.
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1);
    expect(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length)).toBeLessThan(0.1);
  });

  it("gives the same for a flat block as the short way", () => {
    for (let dc = -1024; dc < 1024; dc += 37) {
      const block = new Int32Array(64);
      block[0] = dc;
      const short = new Uint8ClampedArray(side * side);
      inverseDctFlat(dc, short, 0, side, side);
      expect(samples(transform, block, side)).toEqual(short);
    }
  });
});
