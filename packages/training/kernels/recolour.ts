// Changes the colours of a picture. Numbers have 64 bits throughout.

import { pair } from "./pair";

/**
 * Multiplies RGB bytes by the light and by a matrix, and looks the result up in the curve of its channel, in place.
 *
 * @param pixels address of the picture
 * @param curves 256 bytes each for red, green and blue
 * @param across,down change of the light over the whole width and the whole height
 * @param m0,m1,m2,m3,m4,m5,m6,m7,m8 the matrix, row by row
 */
export function recolour(
  pixels: i32,
  width: i32,
  height: i32,
  curves: i32,
  across: f64,
  down: f64,
  m0: f64,
  m1: f64,
  m2: f64,
  m3: f64,
  m4: f64,
  m5: f64,
  m6: f64,
  m7: f64,
  m8: f64,
): void {
  const step = across / <f64>width;
  const half = f64x2.splat(0.5);
  const ofRed = pair(m0, m3);
  const ofGreen = pair(m1, m4);
  const ofBlue = pair(m2, m5);
  for (let y = 0; y < height; y++) {
    let light = 1 + down * (<f64>y / <f64>height - 0.5) - across / 2;
    for (let x = 0; x < width; x++, pixels += 3, light += step) {
      const r = f64x2.splat(<f64>load<u8>(pixels) * light);
      const g = f64x2.splat(<f64>load<u8>(pixels, 1) * light);
      const b = f64x2.splat(<f64>load<u8>(pixels, 2) * light);
      let redGreen = f64x2.add(f64x2.mul(ofRed, r), f64x2.mul(ofGreen, g));
      redGreen = f64x2.add(redGreen, f64x2.mul(ofBlue, b));
      let blue = f64x2.add(f64x2.mul(f64x2.splat(m6), r), f64x2.mul(f64x2.splat(m7), g));
      blue = f64x2.add(blue, f64x2.mul(f64x2.splat(m8), b));
      const firstTwo = toBytes(f64x2.add(redGreen, half));
      store<u8>(pixels, load<u8>(curves + i32x4.extract_lane(firstTwo, 0)));
      store<u8>(pixels, load<u8>(curves + i32x4.extract_lane(firstTwo, 1), 256), 1);
      store<u8>(pixels, load<u8>(curves + i32x4.extract_lane(toBytes(f64x2.add(blue, half)), 0), 512), 2);
    }
  }
}

/** The whole parts as numbers of 32 bits, held within 0 to 255. */
function toBytes(values: v128): v128 {
  const whole = i32x4.trunc_sat_f64x2_s_zero(values);
  return i32x4.min_s(i32x4.max_s(whole, i32x4.splat(0)), i32x4.splat(255));
}
