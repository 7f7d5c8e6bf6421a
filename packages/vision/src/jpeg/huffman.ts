/** Bits that one look into a table of `Huffman` takes: longer codes are rare and go the slow way. */
export const LOOK = 10;

/**
 * A Huffman table of a JPEG (ITU T.81, annex C and F.2.2.3), for reading `LOOK` bits at once.
 *
 * An entry of `look` is 0 for a code longer than `LOOK`. Otherwise, from its low end: 5 bits of how many bits to take,
 * 4 bits of run, 4 bits of the size of the value still to be read, and in the upper 16 bits the value, which is there
 * when code and value fit into `LOOK` bits together; the size is then 0. Bit 13 marks a symbol that carries no value.
 */
export interface Huffman {
  readonly look: Int32Array;
  /** The largest code of each length plus one, left-aligned in 16 bits; 0 where there is none. */
  readonly limit: Int32Array;
  /** What makes a code of each length an index of `symbols`. */
  readonly offset: Int32Array;
  readonly symbols: Uint8Array;
}

/** Marks symbols of size 0: end of block (run 0), sixteen zeros (run 15) or a difference of nothing. */
export const NO_VALUE = 1 << 13;

/** @returns undefined when the counts are not those of a prefix code */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): Huffman | undefined {
  const look = new Int32Array(1 << LOOK);
  const limit = new Int32Array(18);
  const offset = new Int32Array(18);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] as number;
    offset[length] = index - code;
    for (let n = 0; n < count; n++) {
      if (code >= 1 << length) return undefined;
      if (length <= LOOK) fill(look, code, length, symbols[index] as number);
      code += 1;
      index += 1;
    }
    limit[length] = count === 0 ? 0 : code << (16 - length);
    code <<= 1;
  }
  return { look, limit, offset, symbols };
}

function fill(look: Int32Array, code: number, length: number, symbol: number): void {
  const free = LOOK - length;
  const run = symbol >> 4;
  const size = symbol & 15;
  for (let rest = 0; rest < 1 << free; rest++) {
    const at = (code << free) | rest;
    if (size === 0) look[at] = NO_VALUE | (run << 5) | length;
    else if (size <= free) {
      const bits = rest >> (free - size);
      const value = bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
      look[at] = (value << 16) | (run << 5) | (length + size);
    } else look[at] = (size << 9) | (run << 5) | length;
  }
}
