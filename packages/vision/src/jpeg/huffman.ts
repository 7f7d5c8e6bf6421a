/** Bits that one look into a table takes: longer codes are rare and go the slow way. As in `kernels/scan.ts`. */
const LOOK = 10;
/** Marks symbols of size 0: end of block (run 0), sixteen zeros (run 15) or a difference of nothing. */
const NO_VALUE = 1 << 13;

const LIMIT = 1 << LOOK;
const OFFSET = LIMIT + 18;
const SYMBOLS = OFFSET + 18;
const MOST_SYMBOLS = 256;

/**
 * A Huffman table of a JPEG (ITU T.81, annex C and F.2.2.3) as the kernel reads it, for looking at `LOOK` bits at once:
 *
 * - 1024 entries, 0 for a code longer than `LOOK`. Otherwise, from the low end: 5 bits of how many bits to take, 4 bits of
 *   run, 4 bits of the size of the value still to be read, and in the upper 16 bits the value, which is there when code
 *   and value fit into `LOOK` bits together; the size is then 0. Bit 13 marks a symbol that carries no value.
 * - 18 limits: the largest code of each length plus one, left-aligned in 16 bits; 0 where there is none.
 * - 18 offsets: what makes a code of each length an index of the symbols.
 * - the symbols, a byte each.
 */
export type Huffman = Int32Array;

/** @returns undefined when the counts are not those of a prefix code of bytes */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): Huffman | undefined {
  if (symbols.length > MOST_SYMBOLS) return undefined;
  const table = new Int32Array(SYMBOLS + MOST_SYMBOLS / 4);
  new Uint8Array(table.buffer, SYMBOLS * 4).set(symbols);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] as number;
    table[OFFSET + length] = index - code;
    for (let n = 0; n < count; n++) {
      if (code >= 1 << length) return undefined;
      if (length <= LOOK) fill(table, code, length, symbols[index] as number);
      code += 1;
      index += 1;
    }
    table[LIMIT + length] = count === 0 ? 0 : code << (16 - length);
    code <<= 1;
  }
  return table;
}

function fill(table: Int32Array, code: number, length: number, symbol: number): void {
  const free = LOOK - length;
  const run = symbol >> 4;
  const size = symbol & 15;
  for (let rest = 0; rest < 1 << free; rest++) {
    const at = (code << free) | rest;
    if (size === 0) table[at] = NO_VALUE | (run << 5) | length;
    else if (size <= free) {
      const bits = rest >> (free - size);
      const value = bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
      table[at] = (value << 16) | (run << 5) | (length + size);
    } else table[at] = (size << 9) | (run << 5) | length;
  }
}
