import type { Duplex } from "node:stream";
import { MqttStream, type MqttStreamOptions, now } from "@beckon/runtime";

/** Handed to the transport at once: so often it is seen that a slow reader still reads. */
const SLICE_BYTES = 65_536;
/**
 * So often aedes gets a packet itself, ms. It counts them as signs of life, of which it wants one each 1.5 s or more: a
 * client that sends at least one a second, as it said that it would, is never cut off for the others.
 */
const SIGN_OF_LIFE_MS = 200;

type Done = (error?: Error | null) => void;

/**
 * A connection as the broker sees it. It never asks the broker to wait: aedes lets a full socket hold up the publisher, and
 * with it every other subscriber, for up to a minute. How much waits, and for how long nothing moved, is for the broker to
 * read here and to act on.
 */
export class GuardedConnection extends MqttStream {
  #waitingSince: number | undefined;
  /** Bytes written in this turn of the event loop: the transport had no time yet to report them. */
  #fresh = 0;
  readonly #turned = (): void => {
    this.#fresh = 0;
  };

  constructor(transport: Duplex, options: Pick<MqttStreamOptions, "scanner" | "refused" | "published">) {
    super(transport, { ...options, version: 4, parsedEvery: SIGN_OF_LIFE_MS });
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

  #send(bytes: Buffer, done: Done): void {
    this.#waitingSince = now();
    this.transport.write(bytes.subarray(0, SLICE_BYTES), (error) => {
      if (!error && bytes.length > SLICE_BYTES) {
        this.#send(bytes.subarray(SLICE_BYTES), done);
        return;
      }
      this.#waitingSince = undefined;
      done(error);
    });
  }
}
