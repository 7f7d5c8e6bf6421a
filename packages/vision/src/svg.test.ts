import sharp from "sharp";
import { expect, test } from "vitest";
import { renderSvg } from "./svg.ts";

const square = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10" viewBox="0 0 20 10"><rect width="20" height="10" fill="#ff0000"/></svg>`;

test("an SVG becomes a PNG of its size times the scale", async () => {
  const { width, height, format } = await sharp(await renderSvg(square, 3)).metadata();
  expect([width, height, format]).toEqual([60, 30, "png"]);
});

test("its colours survive", async () => {
  const { data, info } = await sharp(await renderSvg(square, 1))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.channels, ...data.subarray(0, 3)]).toEqual([3, 255, 0, 0]);
});

test("what is no SVG is refused", async () => {
  await expect(renderSvg("not a picture")).rejects.toThrow();
});
