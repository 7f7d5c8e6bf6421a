/** As much of DER (X.690) as a certificate needs. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export interface Element {
  readonly tag: number;
  readonly value: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(TAG.sequence, ...parts);
}

/** Of an element that has a place instead of a type; constructed when it has elements in it. */
export function placed(place: number, ...parts: readonly Uint8Array[]): Buffer {
  return element(0xa0 | place, ...parts);
}

export function placedBytes(place: number, bytes: Uint8Array): Buffer {
  return element(0x80 | place, bytes);
}

/** @param dotted such as `2.5.29.30` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(TAG.oid, Buffer.from([40 * first + second, ...rest.flatMap(base128)]));
}

function base128(number: number): number[] {
  const digits = [number & 0x7f];
  for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** To the second; RFC 5280, 4.1.2.5 has two forms of it. */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().replace(/\..*$|[-:T]/g, "")}Z`;
  return new Date(ms).getUTCFullYear() < 2050
    ? element(TAG.utcTime, Buffer.from(text.slice(2)))
    : element(TAG.generalizedTime, Buffer.from(text));
}

/** @returns the elements that stand one after another; those after a malformed one are left out */
export function elements(der: Uint8Array): Element[] {
  const bytes = Buffer.from(der);
  const found: Element[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const first = bytes[at + 1] ?? 0;
    const more = first < 0x80 ? 0 : first & 0x7f;
    const from = at + 2 + more;
    if (more > 2 || from > bytes.length) return found;
    const end = from + (more === 0 ? first : bytes.readUIntBE(at + 2, more));
    if (end > bytes.length) return found;
    found.push({ tag: bytes[at] ?? 0, value: bytes.subarray(from, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}
