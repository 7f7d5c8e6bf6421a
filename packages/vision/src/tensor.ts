import type { InputSpec } from "./card.ts";
import type { Pixels } from "./pixels.ts";

/** Values in the input tensor of one picture. */
export function tensorLength(spec: InputSpec): number {
  return spec.width * spec.height * 3;
}

/**
 * Writes one picture as the input tensor of a model: `(byte / 255 - mean) / std`, in the order of
 * `spec.layout` and `spec.colours`. Fills exactly `tensorLength(spec)` values from `offset` on.
 *
 * @param pixels of the size that `spec` asks for
 * @throws RangeError when the picture has another size, or the tensor does not fit into `into`
 */
export function writeTensor(pixels: Pixels, spec: InputSpec, into: Float32Array, offset = 0): void {
  const area = spec.width * spec.height;
  const { data } = pixels;
  if (pixels.width !== spec.width || pixels.height !== spec.height || data.length !== area * 3) {
    throw new RangeError(`the model takes ${spec.width}x${spec.height} pixels, not ${pixels.width}x${pixels.height}`);
  }
  if (offset < 0 || offset + area * 3 > into.length) throw new RangeError("the tensor does not fit into the array");
  const tables = tablesOf(spec);
  const [first, second] = spec.layout === "NCHW" ? [area, 2 * area] : [1, 2];
  const step = spec.layout === "NCHW" ? 1 : 3;
  const last = spec.colours === "RGB" ? 2 : 0;
  writeChannels(data, tables, last, into, [offset, offset + first, offset + second], step);
}

/** All channels at once: each byte is looked at once, and a loop of its own is what V8 compiles best. */
function writeChannels(
  data: Uint8Array,
  [a, b, c]: Tables,
  last: 0 | 2,
  into: Float32Array,
  [toA, toB, toC]: readonly [number, number, number],
  step: 1 | 3,
): void {
  for (let from = 0, at = 0; from < data.length; from += 3, at += step) {
    into[toA + at] = a[data[from + 2 - last] as number] as number;
    into[toB + at] = b[data[from + 1] as number] as number;
    into[toC + at] = c[data[from + last] as number] as number;
  }
}

type Tables = readonly [Float32Array, Float32Array, Float32Array];

// There are only 256 bytes: looking the value up is faster than computing it for each pixel.
const cache = new WeakMap<InputSpec, Tables>();

function tablesOf(spec: InputSpec): Tables {
  let tables = cache.get(spec);
  if (tables === undefined) {
    tables = [tableOf(spec, 0), tableOf(spec, 1), tableOf(spec, 2)];
    cache.set(spec, tables);
  }
  return tables;
}

function tableOf(spec: InputSpec, channel: 0 | 1 | 2): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - spec.mean[channel]) / spec.std[channel]);
}
