import { Duplex } from "node:stream";
import { now } from "../clock.ts";
import type { ByteRefusal, PacketScanner } from "./packet-scanner.ts";
import { type MqttVersion, type ReadPublish, readPublish } from "./publish-packet.ts";

/** As much as a transport reads at once: a frame in one piece. */
const READ_BYTES = 65_536;

export interface MqttStreamOptions {
  /** As the other side writes. */
  readonly version: MqttVersion;
  /** Of what the other side sends. */
  readonly scanner: PacketScanner;
  /** Is told why the connection is cut off, just before it is. */
  readonly refused: (reason: ByteRefusal) => void;
  /** Takes a message that came whole, past this stream and who parses it; false where they must do it. */
  readonly published: (message: ReadPublish) => boolean;
  /** So often, ms, a message goes through the stream all the same; never unless given. */
  readonly parsedEvery?: number;
}

/**
 * A connection as an MQTT library sees it, whatever carries it: TCP, TLS, WebSocket, or a pipe within the process. It cuts
 * off who sends what the scanner refuses, and hands messages that came whole past the library.
 */
export class MqttStream extends Duplex {
  protected readonly transport: Duplex;
  readonly #options: MqttStreamOptions;
  #parsedAt = 0;
  /** Something was handed to the parser in this turn, and it may take several ticks for the packets of one chunk. */
  #parsing = false;
  readonly #parsed = (): void => {
    this.#parsing = false;
  };

  constructor(transport: Duplex, options: MqttStreamOptions) {
    super({ readableHighWaterMark: READ_BYTES });
    this.transport = transport;
    this.#options = options;
    transport.on("data", (chunk: Buffer) => this.#receive(chunk));
    transport.on("end", () => this.push(null));
    transport.on("error", (error) => this.destroy(error));
    transport.on("close", () => this.destroy());
    if (transport.destroyed) this.destroy();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.transport.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "binary", done);
  }

  override _final(done: () => void): void {
    this.transport.end(() => done());
  }

  override _read(): void {
    this.transport.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.transport.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    if (this.destroyed) return;
    const { scanner, refused } = this.#options;
    // All before it has been read, so it overtakes nothing of its QoS.
    const isNext = scanner.betweenPackets && this.readableLength === 0 && !this.#parsing;
    const refusal = scanner.scan(chunk);
    if (refusal !== undefined) {
      refused(refusal);
      this.destroy();
      return;
    }
    const rest = isNext ? this.#take(chunk) : chunk;
    if (rest.length === 0 || this.destroyed) return;
    this.#parsedAt = now();
    if (!this.#parsing) setImmediate(this.#parsed);
    this.#parsing = true;
    if (!this.push(rest)) this.transport.pause();
  }

  /** @param packets from the first byte of one on @returns what a parser must see */
  #take(packets: Buffer): Buffer {
    const { version, published, parsedEvery } = this.#options;
    if (parsedEvery !== undefined && now() - this.#parsedAt > parsedEvery) return packets;
    let rest = packets;
    while (rest.length > 0 && !this.destroyed) {
      const message = readPublish(rest, version);
      if (!message || !published(message)) break;
      rest = rest.subarray(message.bytes);
    }
    return rest;
  }
}
