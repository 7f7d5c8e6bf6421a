/** A raw picture: RGB bytes, interleaved, row by row from the top; `data.length` is width * height * 3. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A region of interest `[x, y, width, height]` in fractions of the picture, 0..1, origin top left. */
export type Roi = readonly [x: number, y: number, width: number, height: number];
