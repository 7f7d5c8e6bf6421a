import type { Roi } from "@beckon/protocol";

/** Smallest side of a region, as a fraction of the frame's: a hand in a smaller one has no fingers any more. */
export const MIN_SIDE = 0.1;

/** Which edges follow the pointer, by their letters; none of them means that the whole region does. */
export type Handle = "" | "n" | "s" | "e" | "w" | "ne" | "nw" | "se" | "sw";

/** The centred square of 60 % of the height, as the classifier takes it where nobody chose. */
export function defaultRoi(width: number, height: number): Roi {
  const side = Math.min(0.6 * height, width);
  return rounded((1 - side / width) / 2, (1 - side / height) / 2, (1 + side / width) / 2, (1 + side / height) / 2);
}

/**
 * Moves a region, or the edges that a handle holds, as far as the frame and `MIN_SIDE` allow.
 *
 * @param dx to the right, as a fraction of the frame's width
 * @param dy down, as a fraction of its height
 */
export function draggedRoi(roi: Roi, handle: Handle, dx: number, dy: number): Roi {
  const [x, y, width, height] = roi;
  const [left, right] = draggedSpan(x, x + width, handle === "" ? "both" : edge(handle, "w", "e"), dx);
  const [top, bottom] = draggedSpan(y, y + height, handle === "" ? "both" : edge(handle, "n", "s"), dy);
  return rounded(left, top, right, bottom);
}

/** The same region as it lies on the picture turned left to right. */
export function mirroredRoi([x, y, width, height]: Roi): Roi {
  return rounded(1 - x - width, y, 1 - x, y + height);
}

/**
 * What a pointer takes hold of.
 *
 * @param x from the region's left edge, in pixels; negative outside of it
 * @param y from its top edge
 * @param reach how near an edge counts, in pixels; less in a region that would have no inside left
 */
export function handleAt(x: number, y: number, size: { width: number; height: number }, reach: number): Handle {
  const along = (at: number, length: number, low: "n" | "w", high: "s" | "e") => {
    const near = Math.min(reach, length / 4);
    if (at < near) return low;
    return at > length - near ? high : "";
  };
  return `${along(y, size.height, "n", "s") as "n" | "s" | ""}${along(x, size.width, "w", "e") as "w" | "e" | ""}`;
}

function edge(handle: Handle, low: string, high: string): "low" | "high" | "none" {
  if (handle.includes(low)) return "low";
  return handle.includes(high) ? "high" : "none";
}

function draggedSpan(from: number, to: number, held: "low" | "high" | "both" | "none", by: number): [number, number] {
  // A region from elsewhere may be smaller or stand out by a rounding.
  const length = clamp(to - from, MIN_SIDE, 1);
  const start = clamp(from, 0, 1 - length);
  const end = start + length;
  if (held === "low") return [clamp(start + by, 0, end - MIN_SIDE), end];
  if (held === "high") return [start, clamp(end + by, start + MIN_SIDE, 1)];
  const moved = held === "both" ? clamp(start + by, 0, 1 - length) : start;
  return [moved, moved + length];
}

/** Four decimals are a tenth of a pixel, and short on the wire. */
function rounded(left: number, top: number, right: number, bottom: number): Roi {
  const short = (value: number): number => Math.round(value * 1e4) / 1e4;
  return [short(left), short(top), short(right - left), short(bottom - top)];
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), Math.max(least, most));
}
