import type { PictureShape, Roi } from "@beckon/vision";
import { UsageError } from "./usage.ts";

/** How the flag stands in the help of every command that has it. */
export const ROI_FLAG = {
  type: "string",
  valueHint: "whole|default|x,y,w,h",
  description:
    "Part of the picture to look at: all of it, the centred square of 60 % of the height, or fractions 0..1 (default whole)",
} as const;

/**
 * Reads `whole`, `default` or four fractions such as `0.25,0.1,0.5,0.67`.
 *
 * @throws UsageError when it is none of them, or reaches outside the picture
 */
export function parseRoi(text: string | undefined): PictureShape["roi"] {
  if (text === undefined || text === "whole") return undefined;
  if (text === "default") return "default";
  const parts = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [x = Number.NaN, y = Number.NaN, width = Number.NaN, height = Number.NaN] = parts;
  const inside = x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 1.0001 && y + height <= 1.0001;
  if (parts.length === 4 && inside) return [x, y, width, height] satisfies Roi;
  throw new UsageError(
    `--roi "${text}": whole, default, or x,y,width,height in fractions of the picture is wanted, such as 0.25,0.1,0.5,0.67`,
  );
}
