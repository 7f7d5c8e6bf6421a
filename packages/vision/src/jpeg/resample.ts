import type { PlainJpeg } from "./header.ts";
import type { Kernels } from "./kernels.ts";
import type { Plane, Region } from "./planes.ts";
import { type AxisWeights, axisWeights, COLUMN_BITS, ROW_BITS } from "./resample-weights.ts";

/** What a region becomes: pixels of the result, and how many of the region's go into each, across and down. */
export interface Size {
  readonly width: number;
  readonly height: number;
  readonly factorX: number;
  readonly factorY: number;
}

/** Numbers that the kernel adds up at once. */
const COLUMNS_AT_ONCE = 8;
/** It writes the sums of up to so many columns more than there are. */
const LINE_SLACK = 15;

/** Resizes the planes of a region: brightness and colours before they become RGB. */
export function resampledRgb(
  kernels: Kernels,
  jpeg: PlainJpeg,
  region: Region,
  planes: readonly Plane[],
  size: Size,
): Uint8Array {
  const pixels = size.width * size.height;
  const [bright = 0, blue = 0, red = 0] = planes.map((plane, component) => {
    const { across, down } = weightsOf(jpeg, region, size, component, plane.reduction);
    return resample(kernels, plane, across, down);
  });
  const rgb = kernels.reserve(pixels * 3);
  kernels.run.toRgb(bright, blue, red, planes.length === 1 ? 0 : 1, pixels, rgb);
  return kernels.bytes(rgb, pixels * 3).slice();
}

/** @returns the address of the resized samples */
function resample(kernels: Kernels, plane: Plane, across: AxisWeights, down: AxisWeights): number {
  const left = across.first.reduce((least, first) => Math.min(least, first));
  const columns = across.first.reduce((most, first) => Math.max(most, first)) + across.taps - left;
  const [width, height] = [across.first.length, down.first.length];
  const into = kernels.reserve(width * height * 4);
  kernels.run.resample(
    plane.address + left - plane.left,
    plane.stride,
    columns,
    kernels.place(down.first.map((first) => first - plane.top)),
    kernels.place(down.weights),
    down.taps,
    height,
    kernels.place(across.first.map((first) => first - left)),
    kernels.place(across.weights),
    across.taps,
    width,
    kernels.reserve((columns + LINE_SLACK) * 2),
    into,
  );
  return into;
}

function weightsOf(jpeg: PlainJpeg, region: Region, size: Size, component: number, reduction: Plane["reduction"]) {
  const across = component === 0 ? 1 : jpeg.across;
  const down = component === 0 ? 1 : jpeg.down;
  return {
    across: keptWeights(
      {
        ...{ start: region.left, length: region.width, out: size.width, factor: size.factorX },
        ...{ perSample: across, samples: Math.ceil(jpeg.width / across), reduction },
      },
      COLUMN_BITS,
      COLUMNS_AT_ONCE,
    ),
    down: keptWeights(
      {
        ...{ start: region.top, length: region.height, out: size.height, factor: size.factorY },
        ...{ perSample: down, samples: Math.ceil(jpeg.height / down), reduction },
      },
      ROW_BITS,
      1,
    ),
  };
}

const kept = new Map<string, AxisWeights>();
/** A stream needs four; strangers who change the size of every frame may not fill the memory. */
const MOST_KEPT = 64;

function keptWeights(axis: Parameters<typeof axisWeights>[0], bits: number, multiple: number): AxisWeights {
  const key = `${Object.values(axis).join(" ")} ${bits}`;
  let found = kept.get(key);
  if (found === undefined) {
    if (kept.size >= MOST_KEPT) kept.clear();
    found = axisWeights(axis, bits, multiple);
    kept.set(key, found);
  }
  return found;
}
