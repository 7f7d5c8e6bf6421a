import type { Component, PlainJpeg } from "./header.ts";
import type { Kernels } from "./kernels.ts";

/** A part of a picture in pixels. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How many samples become one, across and down, while they are decoded. */
export type Reduction = 1 | 2 | 4;

/** Samples of one component: those of whole blocks around a region, in the memory of the kernels. */
export interface Plane {
  readonly address: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
  readonly rows: number;
  readonly reduction: Reduction;
  /** The first column and row of the plane, in samples of the component after the reduction. */
  readonly left: number;
  readonly top: number;
}

/** A range of blocks: from the first to before the last, in blocks of the component. */
interface BlockWindow {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** More bytes than one unit of ten blocks can take: the kernel stops a reader that runs over the end after that. */
const SLACK = 4096;

/**
 * The samples of a region, one plane for each component, to the bit as libjpeg gives them. Units below it are not read.
 *
 * @param reduction of the brightness; colours that have fewer samples are reduced by as much less
 * @returns undefined when the data are not flawless
 */
export function decodePlanes(
  kernels: Kernels,
  bytes: Uint8Array,
  jpeg: PlainJpeg,
  region: Region,
  reduction: Reduction = 1,
): Plane[] | undefined {
  const windows = jpeg.components.map((_, component) => windowOf(jpeg, region, component));
  const planes = windows.map((window, component) => planeOf(kernels, window, reductionOf(jpeg, component, reduction)));
  const { wide } = jpeg.components[0] as Component;
  const unitsAcross = Math.ceil(jpeg.width / (8 * wide));
  const unitsDown = windows.map(({ bottom }, index) => Math.ceil(bottom / (jpeg.components[index] as Component).high));
  const done = kernels.run.decodeScan(
    kernels.place(bytes),
    bytes.length,
    jpeg.scan,
    placeComponents(kernels, jpeg, windows, planes),
    planes.length,
    unitsAcross,
    unitsAcross * Math.max(...unitsDown),
    jpeg.restart,
    kernels.reserve(bytes.length + SLACK),
  );
  return done === 1 ? planes : undefined;
}

/** As `kernels/scan.ts` reads them: `field` there. */
function placeComponents(
  kernels: Kernels,
  { components }: PlainJpeg,
  windows: readonly BlockWindow[],
  planes: readonly Plane[],
): number {
  const placed = new Map<Int32Array, number>();
  const placeOnce = (table: Int32Array): number => {
    const address = placed.get(table) ?? kernels.place(table);
    placed.set(table, address);
    return address;
  };
  const fields = components.flatMap(({ wide, high, dc, ac, quantiser }, index) => {
    const { left, top, right, bottom } = windows[index] as BlockWindow;
    const plane = planes[index] as Plane;
    return [
      ...[wide, high, placeOnce(dc), placeOnce(ac), placeOnce(quantiser)],
      ...[left, top, right, bottom],
      ...[plane.address, plane.stride, 8 / plane.reduction, plane.left, plane.top],
    ];
  });
  return kernels.place(Int32Array.from(fields));
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

function planeOf(kernels: Kernels, { left, top, right, bottom }: BlockWindow, reduction: Reduction): Plane {
  const side = 8 / reduction;
  const stride = (right - left) * side;
  const rows = (bottom - top) * side;
  return { address: kernels.reserve(stride * rows), stride, rows, reduction, left: left * side, top: top * side };
}
