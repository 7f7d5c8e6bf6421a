// What lies where in the memory of the module; everything from 8192 on belongs to the caller (`kernels.ts`).

/** The last first coefficient of each component. */
export const PREDICTED: i32 = 512;
/** 64 coefficients of 32 bits, dequantised, row by row; and those of a block that nobody wants. */
export const BLOCK: i32 = 1024;
export const UNWANTED: i32 = 1280;
/** As many numbers between the passes of a transform, and the same again. */
export const WORK: i32 = 1536;
export const TURNED: i32 = 1792;

/** Where the coefficients of a block, as they are stored, lie in it row by row. */
export const ZIGZAG: i32 = <i32>(
  memory.data<u8>([
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
  ])
);
