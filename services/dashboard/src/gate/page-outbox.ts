import type { WebSocket } from "ws";
import type { GateLoss } from "./gate-loss.ts";

/** So often the page is asked how far it has read. */
const ASK_EVERY_BYTES = 65_536;
/** A place for the newest message of so many topics, and so many bytes in all. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 4_200_000;

export interface OutboxLimits {
  /** Bytes that a page may leave unread before messages of QoS 0 wait, and only the newest of each topic. */
  readonly slowBytes: number;
  /** Bytes that it may leave unread at all. */
  readonly stuckBytes: number;
}

/**
 * What is on its way to a page. What the browser has not read is measured by pings, which it answers in their turn: the
 * system's buffers alone hold some megabytes, seconds of pictures on a slow network, which `bufferedAmount` never shows.
 */
export class PageOutbox {
  readonly #socket: Pick<WebSocket, "send" | "ping" | "bufferedAmount">;
  readonly #limits: OutboxLimits;
  readonly #lost: (loss: GateLoss) => void;
  readonly #waiting = new Map<string, Buffer>();
  #waitingBytes = 0;
  #sent = 0;
  #asked = 0;
  #read = 0;

  /** @param lost is told of each message that is dropped, and of a page that must be disconnected */
  constructor(
    socket: Pick<WebSocket, "send" | "ping" | "bufferedAmount">,
    limits: OutboxLimits,
    lost: (loss: GateLoss) => void,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#lost = lost;
  }

  /** Bytes that were sent and not read, as far as is known; a page that lies about it is held to what waits here. */
  get unread(): number {
    return Math.max(this.#sent - this.#read, this.#socket.bufferedAmount);
  }

  /** Sends what must arrive. */
  send(packet: Uint8Array): void {
    this.#socket.send(packet);
    this.#sent += packet.length;
    if (this.#sent - this.#asked >= ASK_EVERY_BYTES) this.#ask();
    if (this.unread > this.#limits.stuckBytes) this.#lost("stuck-page");
  }

  /** Sends a PUBLISH of QoS 0, or keeps it as the newest of its topic until the page has read enough. */
  offer(packet: Buffer, bodyAt: number): void {
    if (this.unread <= this.#limits.slowBytes && this.#waiting.size === 0) {
      this.send(packet);
      return;
    }
    const topic = topicBytes(packet, bodyAt);
    const before = this.#waiting.get(topic);
    if (before) this.#lost("slow-page");
    const bytes = this.#waitingBytes - (before?.length ?? 0) + packet.length;
    if (bytes > MAX_WAITING_BYTES || (!before && this.#waiting.size >= MAX_WAITING)) {
      if (before) this.#forget(topic, before);
      this.#lost("slow-page");
      return;
    }
    this.#waiting.set(topic, packet);
    this.#waitingBytes = bytes;
  }

  /** @param data of the page's pong: what its ping said */
  pong(data: Buffer): void {
    if (data.length !== 8) return;
    const read = Number(data.readBigUInt64BE());
    // A page may send pongs that nobody asked for.
    if (read <= this.#read || read > this.#asked) return;
    this.#read = read;
    for (const [topic, packet] of this.#waiting) {
      if (this.unread > this.#limits.slowBytes) break;
      this.#forget(topic, packet);
      this.send(packet);
    }
  }

  #forget(topic: string, packet: Buffer): void {
    this.#waiting.delete(topic);
    this.#waitingBytes -= packet.length;
  }

  #ask(): void {
    const data = Buffer.alloc(8);
    data.writeBigUInt64BE(BigInt(this.#sent));
    this.#asked = this.#sent;
    this.#socket.ping(data);
  }
}

/** The bytes of a PUBLISH's topic, one character each: enough to tell topics apart. */
function topicBytes(packet: Buffer, bodyAt: number): string {
  const length = packet.length >= bodyAt + 2 ? packet.readUInt16BE(bodyAt) : 0;
  return packet.toString("latin1", bodyAt + 2, bodyAt + 2 + length);
}
