/**
 * Cuts a stream of JPEGs, one after the other and with anything between them, into whole pictures.
 *
 * It walks the segments by their lengths (ITU-T T.81, B.1), so that neither a thumbnail inside of an EXIF segment nor
 * bytes that look like markers end a picture. Memory is bounded by the largest frame.
 */
export class MjpegSplitter {
  readonly #maxBytes: number;
  #held: Uint8Array = new Uint8Array(65_536);
  #length = 0;
  /** Up to here the bytes of the picture are understood. */
  #at = 0;
  #state: State = "between";
  /** False while a picture that is too large is walked to its end, without being kept. */
  #keep = true;
  #hasScan = false;
  #tooLarge = 0;

  /** @param maxBytes a larger picture is left out and counted */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Pictures that were left out for their size. */
  get tooLarge(): number {
    return this.#tooLarge;
  }

  /** @returns the pictures that this piece completes, in order, each with memory of its own */
  push(piece: Uint8Array): Uint8Array[] {
    this.#append(piece);
    const frames: Uint8Array[] = [];
    while (this.#advance(frames));
    if (this.#state !== "between" && (!this.#keep || this.#length > this.#maxBytes)) {
      this.#keep = false;
      this.#forget(Math.min(this.#at, this.#length));
    }
    return frames;
  }

  #append(piece: Uint8Array): void {
    if (this.#length + piece.length > this.#held.length) {
      const larger = new Uint8Array(Math.max(2 * this.#held.length, this.#length + piece.length));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(piece, this.#length);
    this.#length += piece.length;
  }

  /** @returns false when it needs more bytes */
  #advance(frames: Uint8Array[]): boolean {
    switch (this.#state) {
      case "between":
        return this.#findStart();
      case "segments":
        return this.#walkSegment(frames);
      case "scan":
        return this.#walkScan();
    }
  }

  /** Three bytes, SOI and the FF of the first segment: two alone are too common in noise. */
  #findStart(): boolean {
    const bytes = this.#held;
    for (let at = indexOf(bytes, 0xff, 0, this.#length); at >= 0; at = indexOf(bytes, 0xff, at + 1, this.#length)) {
      const cut = at + 3 > this.#length;
      if (cut ? this.#length - at < 2 || bytes[at + 1] === SOI : bytes[at + 1] === SOI && bytes[at + 2] === 0xff) {
        this.#forget(at);
        if (cut) return false;
        this.#state = "segments";
        this.#at = 2;
        return true;
      }
    }
    this.#forget(this.#length);
    return false;
  }

  #walkSegment(frames: Uint8Array[]): boolean {
    if (this.#at + 2 > this.#length) return false;
    const marker = this.#held[this.#at + 1] ?? 0;
    if (this.#held[this.#at] !== 0xff) return this.#giveUp();
    if (marker === 0xff) return this.#skip(1);
    if (marker === SOI) return this.#startAgain();
    if (marker === EOI && this.#hasScan) return this.#finish(frames);
    if (marker === EOI || marker === 0x00) return this.#giveUp();
    if (isBare(marker)) return this.#skip(2);
    if (this.#at + 4 > this.#length) return false;
    const length = (this.#held[this.#at + 2] ?? 0) * 256 + (this.#held[this.#at + 3] ?? 0);
    if (length < 2) return this.#giveUp();
    // The body may still be on its way: the next look is at the byte behind it.
    if (marker === SOS) {
      this.#state = "scan";
      this.#hasScan = true;
    }
    return this.#skip(2 + length);
  }

  /** Entropy-coded bytes: FF 00 is a stuffed FF, restart markers belong to the scan, anything else ends it. */
  #walkScan(): boolean {
    while (this.#at < this.#length) {
      const found = indexOf(this.#held, 0xff, this.#at, this.#length);
      this.#at = found < 0 ? this.#length : found;
      if (this.#at + 2 > this.#length) return false;
      const marker = this.#held[this.#at + 1] ?? 0;
      if (marker !== 0x00 && marker !== 0xff && !isBare(marker)) {
        this.#state = "segments";
        return true;
      }
      this.#at += marker === 0xff ? 1 : 2;
    }
    return false;
  }

  #finish(frames: Uint8Array[]): boolean {
    const end = this.#at + 2;
    if (this.#keep && end <= this.#maxBytes) frames.push(this.#held.slice(0, end));
    else this.#tooLarge += 1;
    this.#forget(end);
    this.#reset();
    return true;
  }

  /** A picture was cut off by the next one. */
  #startAgain(): boolean {
    this.#forget(this.#at);
    this.#reset();
    return true;
  }

  /** It was no picture; the next may begin anywhere behind its first bytes. */
  #giveUp(): boolean {
    this.#forget(this.#keep ? 2 : this.#at);
    this.#reset();
    return true;
  }

  #reset(): void {
    this.#state = "between";
    this.#keep = true;
    this.#hasScan = false;
    this.#at = 0;
  }

  #skip(bytes: number): boolean {
    this.#at += bytes;
    return true;
  }

  #forget(bytes: number): void {
    this.#held.copyWithin(0, bytes, this.#length);
    this.#length -= bytes;
    this.#at = Math.max(0, this.#at - bytes);
  }
}

type State = "between" | "segments" | "scan";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;

/** TEM and the restart markers have no length. */
function isBare(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

function indexOf(bytes: Uint8Array, byte: number, from: number, end: number): number {
  const found = bytes.subarray(from, end).indexOf(byte);
  return found < 0 ? -1 : from + found;
}
