/** Why bytes were refused before anything read them. */
export type ByteRefusal = "too-large" | "malformed" | "no-connect";

/** Control packet type of CONNECT, the high half of the first byte (MQTT 3.1.1, section 2.2.1). */
const CONNECT = 1;
/** Types 0 and 15 are reserved in MQTT 3.1.1; 15 is AUTH in MQTT 5, which nobody here asks for. */
const RESERVED = [0, 15];
/** The remaining length takes at most so many bytes (section 2.2.3). */
const MAX_LENGTH_BYTES = 4;

export interface ScannerLimits {
  /**
   * Most bytes after the fixed header of the first packet, which comes from a stranger and must be CONNECT; without it the
   * first is like the others.
   */
  readonly connectBytes?: number;
  /** Most bytes after the fixed header of every other packet; without it as many as MQTT can announce. */
  readonly packetBytes?: number;
}

/**
 * Reads nothing but the fixed headers of a stream of MQTT packets, keeps none of its bytes, and says when one announces
 * more than is allowed. It stands before the parser, for that one gathers whatever is announced: 230 MB of a stranger
 * who never logged in, as measured on two brokers.
 */
export class PacketScanner {
  readonly #packetBytes: number;
  /** Of the first packet, until its header has come. */
  #connectBytes: number | undefined;
  /** Bytes of the body that are still to come. */
  #body = 0;
  /** Of the remaining length; 0 while the first byte of a packet is awaited. */
  #lengthBytes = 0;
  #inHeader = false;
  #length = 0;
  #refusal: ByteRefusal | undefined;

  constructor({ connectBytes, packetBytes = Number.POSITIVE_INFINITY }: ScannerLimits = {}) {
    this.#connectBytes = connectBytes;
    this.#packetBytes = packetBytes;
  }

  /** Whether all packets that began have come to their end. */
  get betweenPackets(): boolean {
    return this.#body === 0 && !this.#inHeader;
  }

  /** @returns why the connection must end, and from then on always; undefined while all is well */
  scan(chunk: Uint8Array): ByteRefusal | undefined {
    let at = 0;
    while (at < chunk.length && this.#refusal === undefined) {
      if (this.#body > 0) {
        const skipped = Math.min(this.#body, chunk.length - at);
        this.#body -= skipped;
        at += skipped;
      } else {
        this.#refusal = this.#inHeader ? this.#lengthByte(chunk[at] ?? 0) : this.#typeByte(chunk[at] ?? 0);
        at += 1;
      }
    }
    return this.#refusal;
  }

  #typeByte(byte: number): ByteRefusal | undefined {
    const type = byte >> 4;
    if (this.#connectBytes !== undefined && type !== CONNECT) return "no-connect";
    if (RESERVED.includes(type)) return "malformed";
    this.#inHeader = true;
    this.#lengthBytes = 0;
    this.#length = 0;
    return undefined;
  }

  #lengthByte(byte: number): ByteRefusal | undefined {
    this.#length += (byte & 0x7f) * 0x80 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if (this.#length > (this.#connectBytes ?? this.#packetBytes)) return "too-large";
    if (byte & 0x80) return this.#lengthBytes === MAX_LENGTH_BYTES ? "malformed" : undefined;
    this.#inHeader = false;
    this.#connectBytes = undefined;
    this.#body = this.#length;
    return undefined;
  }
}
