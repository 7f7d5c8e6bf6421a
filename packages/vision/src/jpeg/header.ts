import { type Huffman, huffmanTable } from "./huffman.ts";

/** One colour component of a frame. */
export interface Component {
  /** Blocks in each unit (MCU), across and down. */
  readonly wide: number;
  readonly high: number;
  readonly quantiser: Int32Array;
  readonly dc: Huffman;
  readonly ac: Huffman;
}

/** The kind of JPEG that cameras send, ready to be decoded. Sizes are in pixels. */
export interface PlainJpeg {
  readonly width: number;
  readonly height: number;
  /** One for grey; or three: brightness, blue and red difference. */
  readonly components: readonly Component[];
  /** Brightness samples for each colour sample, across and down. */
  readonly across: 1 | 2;
  readonly down: 1 | 2;
  /** Units (MCUs) between restart markers, 0 for none. */
  readonly restart: number;
  /** Where the entropy-coded data begin. */
  readonly scan: number;
}

interface Frame {
  width: number;
  height: number;
  sampling: number[];
  tables: number[];
}

/**
 * Reads the header of a plain JPEG: baseline, 8 bits, one scan, grey or YCbCr in 4:4:4, 4:2:2 or 4:2:0, without anything
 * that changes what its numbers mean (EXIF, colour profiles, Adobe's marker).
 *
 * @returns undefined for every other file, also for a damaged one
 */
export function readPlainJpeg(bytes: Uint8Array): PlainJpeg | undefined {
  const quantisers: (Int32Array | undefined)[] = [];
  const huffman: (Huffman | undefined)[] = [];
  let frame: Frame | undefined;
  let restart = 0;
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] as number;
    const start = at + 4;
    const end = at + 2 + word(bytes, at + 2);
    if (end < start || end > bytes.length) return undefined;
    const body = bytes.subarray(start, end);
    if (marker === 0xda) return frame && assemble(frame, body, quantisers, huffman, restart, end);
    if (marker === 0xdb) {
      if (!readQuantisers(body, quantisers)) return undefined;
    } else if (marker === 0xc4) {
      if (!readHuffman(body, huffman)) return undefined;
    } else if (marker === 0xc0) {
      if (frame !== undefined) return undefined;
      frame = readFrame(body);
      if (frame === undefined) return undefined;
    } else if (marker === 0xdd) {
      if (body.length !== 2) return undefined;
      restart = word(body, 0);
    } else if (marker !== 0xe0 && marker !== 0xfe) return undefined;
    at = end;
  }
  return undefined;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 256 + (bytes[at + 1] as number);
}

function readQuantisers(body: Uint8Array, into: (Int32Array | undefined)[]): boolean {
  for (let at = 0; at < body.length; at += 65) {
    const id = body[at] as number;
    if (id > 3 || at + 65 > body.length) return false;
    into[id] = Int32Array.from(body.subarray(at + 1, at + 65));
  }
  return true;
}

function readHuffman(body: Uint8Array, into: (Huffman | undefined)[]): boolean {
  let at = 0;
  while (at < body.length) {
    const id = body[at] as number;
    const counts = body.subarray(at + 1, at + 17);
    if ((id & 0xef) > 3 || counts.length < 16) return false;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = body.slice(at + 17, at + 17 + total);
    const table = symbols.length === total ? huffmanTable(counts, symbols) : undefined;
    if (table === undefined) return false;
    into[id] = table;
    at += 17 + total;
  }
  return true;
}

function readFrame(body: Uint8Array): Frame | undefined {
  const count = body[5] ?? 0;
  if (body[0] !== 8 || (count !== 1 && count !== 3) || body.length !== 6 + 3 * count) return undefined;
  const frame: Frame = { height: word(body, 1), width: word(body, 3), sampling: [], tables: [] };
  for (let component = 0; component < count; component++) {
    const [id, sampling, table] = body.subarray(6 + 3 * component, 9 + 3 * component);
    if (id !== component + 1) return undefined;
    frame.sampling.push(sampling as number);
    frame.tables.push(table as number);
  }
  return frame;
}

/** Brings a frame and its only scan together. libjpeg enlarges the colours of pictures under 5 pixels another way. */
function assemble(
  { width, height, sampling, tables }: Frame,
  scan: Uint8Array,
  quantisers: readonly (Int32Array | undefined)[],
  huffman: readonly (Huffman | undefined)[],
  restart: number,
  end: number,
): PlainJpeg | undefined {
  const count = sampling.length;
  const ratio = ratioOf(sampling);
  if (ratio === undefined || width < 8 || height < 8) return undefined;
  if (scan.length !== 4 + 2 * count || scan[0] !== count) return undefined;
  if (scan[1 + 2 * count] !== 0 || scan[2 + 2 * count] !== 63 || scan[3 + 2 * count] !== 0) return undefined;
  const components: Component[] = [];
  for (let component = 0; component < count; component++) {
    const ids = scan[2 + 2 * component] as number;
    const quantiser = quantisers[tables[component] as number];
    const dc = huffman[ids >> 4];
    const ac = huffman[16 + (ids & 15)];
    if (scan[1 + 2 * component] !== component + 1 || !quantiser || !dc || !ac || ids >> 4 > 3) return undefined;
    // The blocks of a scan of one component come one by one, whatever its sampling says.
    const both = count === 1 ? 0x11 : (sampling[component] as number);
    components.push({ wide: both >> 4, high: both & 15, quantiser, dc, ac });
  }
  return { width, height, components, ...ratio, restart, scan: end };
}

/** Brightness to colour samples: 4:4:4, 4:2:2 or 4:2:0, in all ways to write these with one or two blocks a unit. */
function ratioOf(sampling: readonly number[]): Pick<PlainJpeg, "across" | "down"> | undefined {
  const [bright = 0, blue, red] = sampling;
  if (![0x11, 0x12, 0x21, 0x22].includes(bright)) return undefined;
  if (blue === undefined) return { across: 1, down: 1 };
  const across = (bright >> 4) / (blue >> 4);
  const down = (bright & 15) / (blue & 15);
  if (blue !== red || (across !== 1 && across !== 2) || (down !== 1 && down !== 2)) return undefined;
  // Both colours in as many blocks as 4:2:0 has of brightness: more than a unit may have (ITU-T T.81, B.2.3).
  if (blue === 0x22) return undefined;
  return down > across ? undefined : { across, down };
}
