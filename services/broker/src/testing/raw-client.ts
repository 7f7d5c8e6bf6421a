import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";

/** Control packet types of MQTT 3.1.1 (table 2.1). */
export const PACKET = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

export interface Packet {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly id: number;
}

export interface ConnectFields {
  readonly clientId?: string;
  readonly clean?: boolean;
  /** Seconds. */
  readonly keepalive?: number;
  readonly user?: string;
  readonly password?: string;
  readonly will?: { topic: string; payload: string; qos?: number; retain?: boolean };
  readonly protocol?: string;
  readonly level?: number;
}

export function packet(type: number, flags: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([(type << 4) | flags, ...remainingLength(body.length)]), body]);
}

export function remainingLength(length: number): number[] {
  const bytes: number[] = [];
  let rest = length;
  do {
    const low = rest % 0x80;
    rest = Math.floor(rest / 0x80);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

export function connectPacket(fields: ConnectFields = {}): Buffer {
  const { clientId = "", clean = true, keepalive = 0, user, password, will, protocol = "MQTT", level = 4 } = fields;
  const flags =
    (clean ? 2 : 0) |
    (will ? 4 | ((will.qos ?? 0) << 3) | (will.retain ? 32 : 0) : 0) |
    (password === undefined ? 0 : 64) |
    (user === undefined ? 0 : 128);
  const texts = [clientId, will?.topic, will?.payload, user, password];
  return packet(
    PACKET.connect,
    0,
    text(protocol),
    Buffer.from([level, flags]),
    uint16(keepalive),
    ...texts.filter((part) => part !== undefined).map(text),
  );
}

export function publishPacket(
  topic: string,
  payload: string | Uint8Array,
  { qos = 0, retain = false, id = 1 }: { qos?: number; retain?: boolean; id?: number } = {},
): Buffer {
  const flags = (qos << 1) | (retain ? 1 : 0);
  return packet(PACKET.publish, flags, text(topic), qos > 0 ? uint16(id) : Buffer.alloc(0), Buffer.from(payload));
}

/**
 * A client that sends what it is told, byte for byte, and answers nothing by itself: what it does not acknowledge stays
 * unacknowledged.
 */
export class RawClient {
  readonly stream: Duplex;
  readonly packets: Packet[] = [];
  closed = false;
  #rest: Buffer = Buffer.alloc(0);
  readonly #waiting = new Set<() => void>();

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", () => {});
    stream.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  static to(port: number, host = "127.0.0.1"): RawClient {
    return new RawClient(connectTcp({ port, host, noDelay: true }));
  }

  send(...packets: readonly Uint8Array[]): void {
    this.stream.write(Buffer.concat(packets));
  }

  /** @returns the return code of the CONNACK; undefined when it was closed without one */
  async connect(fields: ConnectFields = {}): Promise<number | undefined> {
    this.send(connectPacket(fields));
    return (await this.next(PACKET.connack))?.body[1];
  }

  /** @returns the granted QoS, or 0x80, of each filter */
  async subscribe(...filters: readonly (readonly [filter: string, qos: number])[]): Promise<number[]> {
    const topics = filters.map(([filter, qos]) => Buffer.concat([text(filter), Buffer.from([qos])]));
    this.send(packet(PACKET.subscribe, 2, uint16(1), ...topics));
    return [...((await this.next(PACKET.suback))?.body.subarray(2) ?? [])];
  }

  async unsubscribe(filter: string): Promise<void> {
    this.send(packet(PACKET.unsubscribe, 2, uint16(2), text(filter)));
    await this.next(PACKET.unsuback);
  }

  /** Waits until the broker has answered all that was sent before. */
  async settle(): Promise<void> {
    this.send(packet(PACKET.pingreq, 0));
    await this.next(PACKET.pingresp);
  }

  acknowledge(type: number, id: number): void {
    this.send(packet(type, type === PACKET.pubrel ? 2 : 0, uint16(id)));
  }

  disconnect(): Promise<void> {
    this.send(packet(PACKET.disconnect, 0));
    return this.ended();
  }

  /** Breaks the connection without a word. */
  abort(): void {
    this.stream.destroy();
  }

  /** The next packet of a type, taken out of `packets`; undefined when the connection ends before. */
  async next(type: number): Promise<Packet | undefined> {
    for (;;) {
      const index = this.packets.findIndex((found) => found.type === type);
      if (index >= 0) return this.packets.splice(index, 1)[0];
      if (this.closed) return undefined;
      await this.#change();
    }
  }

  async nextMessage(): Promise<ReceivedMessage> {
    const found = await this.next(PACKET.publish);
    if (!found) throw new Error("the connection ended before the message");
    return message(found);
  }

  /** The messages that are there, without waiting. */
  messages(): ReceivedMessage[] {
    return this.packets.filter(({ type }) => type === PACKET.publish).map(message);
  }

  async ended(): Promise<void> {
    while (!this.closed) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #receive(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let found = firstPacket(this.#rest); found; found = firstPacket(this.#rest)) {
      this.packets.push(found.packet);
      this.#rest = this.#rest.subarray(found.size);
    }
    this.#wake();
  }
}

function firstPacket(bytes: Buffer): { packet: Packet; size: number } | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 0x80 ** (at - 1);
    if (byte & 0x80) continue;
    const size = at + 1 + length;
    if (bytes.length < size) return undefined;
    const first = bytes[0] ?? 0;
    return { packet: { type: first >> 4, flags: first & 15, body: bytes.subarray(at + 1, size) }, size };
  }
  return undefined;
}

function message({ flags, body }: Packet): ReceivedMessage {
  const qos = (flags >> 1) & 3;
  const topicEnd = 2 + body.readUInt16BE(0);
  return {
    topic: body.toString("utf8", 2, topicEnd),
    payload: body.toString("utf8", qos > 0 ? topicEnd + 2 : topicEnd),
    qos,
    retain: (flags & 1) === 1,
    dup: (flags & 8) === 8,
    id: qos > 0 ? body.readUInt16BE(topicEnd) : 0,
  };
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint16(bytes.length), bytes]);
}
