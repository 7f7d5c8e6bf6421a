/** The remaining length takes at most so many bytes (MQTT 3.1.1, 2.2.3). */
const MAX_LENGTH_BYTES = 4;

/** A packet of MQTT, whole. */
export interface WholePacket {
  /** Control packet type, 1 to 14 in MQTT 3.1.1 (2.2.1). */
  readonly type: number;
  /** The low half of the first byte. */
  readonly flags: number;
  readonly bytes: Buffer;
  /** Where what follows the fixed header begins. */
  readonly bodyAt: number;
}

export interface SplitterOptions {
  /** Most bytes after the fixed header, of a packet of this type. */
  readonly limit: (type: number) => number;
  /**
   * Told of a packet that announces more, before any of it is kept.
   *
   * @returns whether to skip it and to go on; otherwise nothing more is read
   */
  readonly oversized: (type: number) => boolean;
  /** Told of a length that is none; nothing more is read. */
  readonly malformed: () => void;
  readonly packet: (packet: WholePacket) => void;
}

/**
 * Cuts a stream of bytes into packets of MQTT by their fixed headers, and knows nothing of what is in them. Of a packet
 * that announces too much it keeps nothing, and one that came in a single chunk is not copied. Another is copied as it
 * comes: two megabytes in chunks of one byte are 250 MB when the chunks are kept.
 */
export class PacketSplitter {
  readonly #options: SplitterOptions;
  readonly #header: number[] = [];
  /** The packet that is to be whole, of which a part has come in an earlier chunk. */
  #gathered: Buffer | undefined;
  /** Bytes of the body that are to come; undefined while the header is read. */
  #left: number | undefined;
  #length = 0;
  #skips = false;
  #ended = false;

  constructor(options: SplitterOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    let begin = 0;
    let at = 0;
    while (at < chunk.length && !this.#ended) {
      if (this.#left === undefined) {
        this.#headerByte(chunk[at] ?? 0);
        at += 1;
      }
      if (this.#left === undefined) continue;
      const body = chunk.subarray(at, at + this.#left);
      at += body.length;
      this.#left -= body.length;
      if (at - begin === this.#size) this.#complete(chunk.subarray(begin, at));
      else {
        this.#gather(body, this.#left);
        if (this.#left === 0) this.#complete(this.#gathered);
      }
      begin = at;
    }
  }

  /** Nothing more is read. */
  end(): void {
    this.#ended = true;
    this.#gathered = undefined;
  }

  get #size(): number {
    return this.#header.length + this.#length;
  }

  #gather(body: Buffer, left: number): void {
    if (this.#skips) return;
    if (!this.#gathered) {
      this.#gathered = Buffer.allocUnsafe(this.#size);
      this.#gathered.set(this.#header);
    }
    this.#gathered.set(body, this.#size - left - body.length);
  }

  #headerByte(byte: number): void {
    this.#header.push(byte);
    const lengthBytes = this.#header.length - 1;
    if (lengthBytes === 0) {
      this.#length = 0;
      return;
    }
    this.#length += (byte & 0x7f) * 0x80 ** (lengthBytes - 1);
    if (byte & 0x80) {
      if (lengthBytes < MAX_LENGTH_BYTES) return;
      this.#ended = true;
      this.#options.malformed();
      return;
    }
    const type = (this.#header[0] ?? 0) >> 4;
    if (this.#length > this.#options.limit(type)) {
      this.#skips = this.#options.oversized(type);
      this.#ended ||= !this.#skips;
      if (this.#ended) return;
    }
    this.#left = this.#length;
  }

  /** @param bytes undefined of a packet that was skipped */
  #complete(bytes: Buffer | undefined): void {
    const first = this.#header[0] ?? 0;
    const bodyAt = this.#header.length;
    const skipped = this.#skips;
    this.#header.length = 0;
    this.#left = undefined;
    this.#gathered = undefined;
    this.#skips = false;
    if (bytes && !skipped) this.#options.packet({ type: first >> 4, flags: first & 15, bytes, bodyAt });
  }
}
