import { Duplex } from "node:stream";
import { now } from "@beckon/runtime";
import { type LonePublish, readLonePublish } from "./lone-publish.ts";
import { type ByteRefusal, PacketScanner, type ScannerLimits } from "./packet-scanner.ts";

/** Handed to the transport at once: so often it is seen that a slow reader still reads. */
const SLICE_BYTES = 65_536;
/**
 * So often aedes gets a packet itself, ms. It counts them as signs of life, of which it wants one each 1.5 s or more: a
 * client that sends at least one a second, as it said that it would, is never cut off for the others.
 */
const SIGN_OF_LIFE_MS = 200;

type Done = (error?: Error | null) => void;

/**
 * A connection as the broker sees it, whatever carries it: TCP, TLS, WebSocket, or a pipe within the process.
 *
 * Inwards it cuts off whoever announces more bytes than allowed, and hands a message that came alone past the stream.
 * Outwards it never asks the broker to wait: aedes lets a full socket hold up the publisher, and with it every other
 * subscriber, for up to a minute. How much waits, and for how long nothing moved, is for the broker to read here and to
 * act on.
 */
export class GuardedConnection extends Duplex {
  readonly #transport: Duplex;
  readonly #scanner: PacketScanner;
  readonly #refused: (reason: ByteRefusal) => void;
  readonly #published: (message: LonePublish) => boolean;
  #parsedAt = 0;
  #waitingSince: number | undefined;
  /** Bytes written in this turn of the event loop: the transport had no time yet to report them. */
  #fresh = 0;
  readonly #turned = (): void => {
    this.#fresh = 0;
  };

  /**
   * @param refused is told why the connection is cut off, just before it is
   * @param published takes a message that came alone, past stream and parser; false where they must do it
   */
  constructor(
    transport: Duplex,
    limits: ScannerLimits,
    refused: (reason: ByteRefusal) => void,
    published: (message: LonePublish) => boolean,
  ) {
    super({ readableHighWaterMark: SLICE_BYTES });
    this.#transport = transport;
    this.#scanner = new PacketScanner(limits);
    this.#refused = refused;
    this.#published = published;
    transport.on("data", (chunk: Buffer) => this.#receive(chunk));
    transport.on("end", () => this.push(null));
    transport.on("error", (error) => this.destroy(error));
    transport.on("close", () => this.destroy());
    if (transport.destroyed) this.destroy();
  }

  /** Bytes the transport has not taken: 0 unless the other side reads more slowly than it is written to. */
  get stuckBytes(): number {
    return this.#waitingSince === undefined ? 0 : Math.max(0, this.writableLength - this.#fresh);
  }

  /** Ms since anything moved; 0 while nothing waits. */
  get stuckFor(): number {
    return this.#waitingSince === undefined ? 0 : now() - this.#waitingSince;
  }

  /** Never asks to wait: see above. */
  override write(chunk: unknown, encoding?: BufferEncoding | Done, callback?: Done): boolean {
    const before = this.writableLength;
    if (typeof encoding === "function") super.write(chunk, encoding);
    else if (encoding === undefined) super.write(chunk, callback);
    else super.write(chunk, encoding, callback);
    if (this.#fresh === 0) setImmediate(this.#turned);
    this.#fresh += Math.max(0, this.writableLength - before);
    return true;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#transport.end(() => done());
  }

  override _read(): void {
    this.#transport.resume();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#transport.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    if (this.destroyed) return;
    // All before it has been read, so it overtakes nothing of its QoS.
    const isNext = this.#scanner.betweenPackets && this.readableLength === 0;
    const refusal = this.#scanner.scan(chunk);
    if (refusal !== undefined) {
      this.#refused(refusal);
      this.destroy();
    } else if (!(isNext && this.#take(chunk))) {
      this.#parsedAt = now();
      if (!this.push(chunk)) this.#transport.pause();
    }
  }

  /** @returns whether it was a message that needs no parser */
  #take(chunk: Buffer): boolean {
    if (now() - this.#parsedAt > SIGN_OF_LIFE_MS) return false;
    const message = readLonePublish(chunk);
    return message !== undefined && this.#published(message);
  }

  #send(bytes: Buffer, done: Done): void {
    this.#waitingSince = now();
    this.#transport.write(bytes.subarray(0, SLICE_BYTES), (error) => {
      if (!error && bytes.length > SLICE_BYTES) {
        this.#send(bytes.subarray(SLICE_BYTES), done);
        return;
      }
      this.#waitingSince = undefined;
      done(error);
    });
  }
}
