import type { PlainJpeg } from "./header.ts";
import { type BlockWindow, decodeScan, type Plane } from "./scan.ts";

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
 * @returns undefined when the data are not flawless
 */
export function decodePlanes(bytes: Uint8Array, jpeg: PlainJpeg, region: Region): Plane[] | undefined {
  const windows = jpeg.components.map((_, component) => windowOf(jpeg, region, component));
  const planes = windows.map(planeOf);
  return decodeScan(bytes, jpeg, windows, planes) ? planes : undefined;
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

function planeOf({ left, top, right, bottom }: BlockWindow, component: number): Plane {
  const stride = (right - left) * 8;
  const length = stride * (bottom - top) * 8;
  let data = memory[component];
  if (data === undefined || data.length < length) {
    data = new Uint8ClampedArray(length);
    memory[component] = data;
  }
  return { data, stride, left: left * 8, top: top * 8 };
}
