// Changes the colours of a picture, in numbers of 32 bits.

import { colour, toBytes } from "./colour";

/**
 * Multiplies RGB bytes by the light and by a matrix, and looks the result up in the curve of its channel, in place.
 *
 * @param pixels address of the picture; the byte behind it is read too
 * @param curves 256 bytes each for red, green and blue
 * @param across,down change of the light over the whole width and the whole height
 * @param m0,m1,m2,m3,m4,m5,m6,m7,m8 the matrix, row by row
 */
export function recolour(
  pixels: i32,
  width: i32,
  height: i32,
  curves: i32,
  across: f32,
  down: f32,
  m0: f32,
  m1: f32,
  m2: f32,
  m3: f32,
  m4: f32,
  m5: f32,
  m6: f32,
  m7: f32,
  m8: f32,
): void {
  const step = across / <f32>width;
  const zero = f32x4.splat(0);
  const full = f32x4.splat(255);
  const ofRed = column(m0, m3, m6);
  const ofGreen = column(m1, m4, m7);
  const ofBlue = column(m2, m5, m8);
  for (let y = 0; y < height; y++) {
    let light: f32 = 1 + down * (<f32>y / <f32>height - 0.5) - across / 2;
    for (let x = 0; x < width; x++, pixels += 3, light += step) {
      const lit = f32x4.mul(colour(pixels), f32x4.splat(light));
      let changed = f32x4.mul(ofRed, v128.shuffle<f32>(lit, lit, 0, 0, 0, 0));
      changed = f32x4.add(changed, f32x4.mul(ofGreen, v128.shuffle<f32>(lit, lit, 1, 1, 1, 1)));
      changed = f32x4.add(changed, f32x4.mul(ofBlue, v128.shuffle<f32>(lit, lit, 2, 2, 2, 2)));
      const bytes = toBytes(f32x4.pmin(f32x4.pmax(zero, changed), full));
      store<u8>(pixels, load<u8>(curves + i8x16.extract_lane_u(bytes, 0)));
      store<u8>(pixels, load<u8>(curves + i8x16.extract_lane_u(bytes, 4), 256), 1);
      store<u8>(pixels, load<u8>(curves + i8x16.extract_lane_u(bytes, 8), 512), 2);
    }
  }
}

/** A column of the matrix. */
function column(red: f32, green: f32, blue: f32): v128 {
  return f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(red), 1, green), 2, blue);
}
