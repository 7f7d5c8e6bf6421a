import { encodeJpeg } from "@beckon/vision";

/** A JPEG of one colour. */
export function colourJpeg(width: number, height: number, [red, green, blue]: readonly [number, number, number]) {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => [red, green, blue][i % 3] ?? 0);
  return encodeJpeg({ width, height, data });
}

/** A JPEG that noise makes large: some 2 bytes for each pixel. */
export function noiseJpeg(width: number, height: number, quality = 100) {
  let state = 1;
  const data = Uint8Array.from({ length: 3 * width * height }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  });
  return encodeJpeg({ width, height, data }, quality);
}
