/**
 * The few MQTT 3.1.1 packets that a meter needs, by hand: its own cost must stay far below what it measures, and it must
 * not share a client library with what it measures.
 */
import { connect, type Socket } from "node:net";

const CONNECT = 0x10;
const PUBLISH = 0x30;
const SUBSCRIBE = 0x82;
const CONNACK = 2;
const SUBACK = 9;

/** A packet as it arrived: its type (the high half of its first byte) and everything after its length. */
interface Packet {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

/** @returns a socket that has connected as `clientId`, keepalive off, TCP_NODELAY on */
export async function connectRaw(port: number, clientId: string, host = "127.0.0.1"): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true });
  const acknowledged = nextPacket(socket, CONNACK);
  const header = Buffer.from([0, 4, ...Buffer.from("MQTT"), 4, 2, 0, 0]);
  socket.write(packet(CONNECT, [header, text(clientId)]));
  const { body } = await acknowledged;
  if (body[1] !== 0) throw new Error(`the broker at port ${port} refuses ${clientId} with code ${body[1]}`);
  return socket;
}

export async function subscribeRaw(socket: Socket, topic: string): Promise<void> {
  const acknowledged = nextPacket(socket, SUBACK);
  socket.write(packet(SUBSCRIBE, [Buffer.from([0, 1]), text(topic), Buffer.from([0])]));
  const { body } = await acknowledged;
  if (body[2] !== 0) throw new Error(`the broker refuses a subscription to ${topic}`);
}

/** A PUBLISH of QoS 0. */
export function publishPacket(topic: string, payload: readonly Buffer[]): Buffer {
  return Buffer.concat(publishParts(topic, payload));
}

/** The same in pieces, none of them copied. */
export function publishParts(topic: string, payload: readonly Buffer[]): readonly Buffer[] {
  return packetParts(PUBLISH, [text(topic), ...payload]);
}

/** Writes pieces at once: the system gets them in one call. */
export function writeParts(socket: Socket, parts: readonly Buffer[]): void {
  socket.cork();
  for (const part of parts) socket.write(part);
  socket.uncork();
}

/** Calls back for every PUBLISH of QoS 0, synchronously as the bytes come in. */
export function onPublish(socket: Socket, listener: (topic: string, payload: Buffer) => void): void {
  onPackets(socket, ({ type, flags, body }) => {
    if (type !== PUBLISH >> 4) return;
    const length = body.readUInt16BE(0);
    const qos = (flags >> 1) & 3;
    listener(body.toString("utf8", 2, 2 + length), body.subarray(2 + length + (qos > 0 ? 2 : 0)));
  });
}

function nextPacket(socket: Socket, type: number): Promise<Packet> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the broker closed the connection")));
    const stop = onPackets(socket, (found) => {
      if (found.type !== type) return;
      stop();
      resolve(found);
    });
  });
}

function onPackets(socket: Socket, listener: (packet: Packet) => void): () => void {
  let waiting: Buffer = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    for (let found = firstPacket(waiting); found; found = firstPacket(waiting)) {
      waiting = waiting.subarray(found.end);
      listener(found);
    }
  };
  socket.on("data", read);
  return () => socket.off("data", read);
}

function firstPacket(bytes: Buffer): (Packet & { end: number }) | undefined {
  let length = 0;
  for (let index = 1; index <= 4; index++) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) {
      const end = index + 1 + length;
      const [first = 0] = bytes;
      return end > bytes.length
        ? undefined
        : { type: first >> 4, flags: first & 15, body: bytes.subarray(index + 1, end), end };
    }
  }
  throw new Error("a packet of more than 256 MB");
}

function packet(first: number, parts: readonly Buffer[]): Buffer {
  return Buffer.concat(packetParts(first, parts));
}

function packetParts(first: number, parts: readonly Buffer[]): readonly Buffer[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [first];
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    header.push(rest >= 128 ? (rest % 128) | 0x80 : rest);
    if (rest < 128) break;
  }
  return [Buffer.from(header), ...parts];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}
