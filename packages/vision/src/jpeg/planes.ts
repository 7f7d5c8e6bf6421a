import type { PlainJpeg } from "./header.ts";
import { type BlockWindow, decodeScan, type Plane, type Reduction } from "./scan.ts";

/** A part of a picture in pixels. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The samples of a region, one plane for each component, to the bit as libjpeg gives them. Their memory is used again by
 * the next call.
 *
 * @param reduction of the brightness; colours that have fewer samples are reduced by as much less
 * @returns undefined when the data are not flawless
 */
export function decodePlanes(
  bytes: Uint8Array,
  jpeg: PlainJpeg,
  region: Region,
  reduction: Reduction = 1,
): Plane[] | undefined {
  const windows = jpeg.components.map((_, component) => windowOf(jpeg, region, component));
  const planes = windows.map((window, component) =>
    planeOf(window, component, reductionOf(jpeg, component, reduction)),
  );
  return decodeScan(bytes, jpeg, windows, planes) ? planes : undefined;
}

/** Colours of which only one axis is halved are reduced as if both were: a block has one reduction. */
function reductionOf({ across, down }: PlainJpeg, component: number, reduction: Reduction): Reduction {
  if (component === 0 || reduction === 1) return reduction;
  return Math.max(across, down) === 1 ? reduction : reduction === 4 ? 2 : 1;
}

function windowOf(jpeg: PlainJpeg, { left, top, width, height }: Region, component: number): BlockWindow {
  const across = component === 0 ? 1 : jpeg.across;
  const down = component === 0 ? 1 : jpeg.down;
  // A colour sample is smoothed with its neighbours, so one more on each side.
  const margin = component === 0 ? 0 : 1;
  const blocksAcross = Math.ceil(jpeg.width / across / 8);
  const blocksDown = Math.ceil(jpeg.height / down / 8);
  return {
    left: Math.max(0, (Math.floor(left / across) - margin) >> 3),
    top: Math.max(0, (Math.floor(top / down) - margin) >> 3),
    right: Math.min(blocksAcross, ((Math.floor((left + width - 1) / across) + margin) >> 3) + 1),
    bottom: Math.min(blocksDown, ((Math.floor((top + height - 1) / down) + margin) >> 3) + 1),
  };
}

const memory: Uint8ClampedArray[] = [];

function planeOf({ left, top, right, bottom }: BlockWindow, component: number, reduction: Reduction): Plane {
  const side = 8 / reduction;
  const stride = Math.ceil(((right - left) * side) / 4) * 4;
  const length = stride * (bottom - top) * side;
  let data = memory[component];
  if (data === undefined || data.length < length) {
    data = new Uint8ClampedArray(length);
    memory[component] = data;
  }
  return { data, stride, reduction, left: left * side, top: top * side };
}
