/** The RGB bytes at an address as numbers of 32 bits, and one more, which is the byte behind them. */
export function colour(address: i32): v128 {
  const words = i16x8.extend_low_i8x16_u(v128.load32_zero(address));
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words));
}

/** Added to a number from 0 on, it leaves the nearest whole one in the lowest bits: 2 to the power of 23. */
export const SHIFTED: f32 = 8388608;

/** The numbers of a colour, none below 0 or above 255, rounded: bytes 0, 4 and 8 count. */
export function toBytes(colour: v128): v128 {
  return f32x4.add(colour, f32x4.splat(SHIFTED));
}
